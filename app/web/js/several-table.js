// The answers to many inputs: a table in pages, by certainty on demand, as bars, and as a CSV.

import { doubtOf, naming, wordsOf } from "./answers.js";
import { asCsv, save } from "./csv.js";
import { bars, button, count, counted, figure, h, on, percent, put } from "./dom.js";
import { options } from "./fields.js";
import { shortOf } from "./several-rows.js";
import { inputOf, isNumeric } from "./shown.js";
import { folded } from "./words.js";

/** @import { Fields, TaskDetail } from "../../client/densely.js" */
/** @import { Limits } from "./answers.js" */
/** @import { Row, Sheet } from "./several-rows.js" */

const PAGE = 25; // rows
const UNLIKE = /^[^:]*: is unlike /; // a warning that says what a doubt does
const LONG = 140; // characters of a text
const MOST_BARS = 6;
const FIRST = "given";

/** @type {[string, string][]} */
const ORDERS = [
	[FIRST, "as given"],
	["low", "least sure first"],
	["high", "surest first"],
];
/** @type {[string, string][]} */
const NUMBER_ORDERS = [
	[FIRST, "as given"],
	["low", "lowest first"],
	["high", "highest first"],
];

/** A row's doubts, warnings or refusal. @param {Row} row @param {Limits} limits @param {TaskDetail} task */
function notesOf({ problem, answer }, limits, { kind }) {
	if (!answer) return { problem, doubt: "", warnings: /** @type {string[]} */ ([]) };
	const own = answer.warnings.filter(({ field }) => field !== "model");
	const warnings = own.map(({ field, message }) => `${shortOf(kind, field)}: ${message}`);
	return { problem, doubt: doubtOf(answer, limits), warnings };
}

/** @param {ReturnType<typeof notesOf>} notes */
const written = ({ problem, doubt, warnings }) => [
	problem && h("p.problem", problem),
	doubt && h("p", doubt),
	warnings.filter((one) => !doubt || !UNLIKE.test(one)).map((one) => h("p.warning", one)), // once is enough
];

export class Answers {
	node = h("section.card", { label: "Answers", hidden: true });
	#page = 0;
	#table = h("div.stack");
	#summary = h("div.stack");
	/** @type {Sheet | null} */
	#sheet = null;

	/**
	 * @param {TaskDetail} task
	 * @param {() => Limits} limits
	 * @param {(input: Fields) => void} use looks at one input by itself
	 */
	constructor(task, limits, use) {
		this.task = task;
		this.limits = limits;
		this.use = use;
		this.order = h("select", options(isNumeric(task) ? NUMBER_ORDERS : ORDERS));
		this.filter = h("input", { type: "checkbox" });
		this.save = button("Save as CSV", () => this.#save());
		on(this.order, "change", () => this.#first());
		on(this.filter, "change", () => this.#first());
		put(
			this.node,
			h(
				"div.row.filters",
				h("h2", "Answers"),
				h("label.check.push", "Order ", this.order),
				h("label.check", this.filter, "Only with doubts, warnings or errors"),
				this.save,
			),
			this.#summary,
			this.#table,
		);
	}

	/** @param {Sheet | null} sheet its rows, as they are now */
	show(sheet) {
		if (sheet !== this.#sheet) this.#page = 0;
		this.#sheet = sheet;
		this.node.hidden = !sheet?.rows.length;
		if (sheet) this.#draw(sheet);
	}

	#first() {
		this.#page = 0;
		if (this.#sheet) this.#draw(this.#sheet);
	}

	/** @param {Sheet} sheet */
	#draw(sheet) {
		const rows = this.#chosen(sheet.rows);
		const pages = Math.max(1, Math.ceil(rows.length / PAGE));
		this.#page = Math.min(this.#page, pages - 1);
		const shown = rows.slice(this.#page * PAGE, (this.#page + 1) * PAGE);
		this.save.disabled = !sheet.rows.some(({ problem, answer }) => problem || answer);
		put(this.#summary, this.#summaryOf(sheet.rows));
		const refocus = this.#focus();
		put(
			this.#table,
			rows.length ? this.#tableOf(shown) : h("p.soft", "No row has any."),
			pages > 1 && this.#pager(pages, rows.length),
		);
		refocus();
	}

	/** Gives what puts the focus back on the button that has it now, where there is such a one again. */
	#focus() {
		const focused = document.activeElement;
		if (!focused || !this.#table.contains(focused)) return () => {};
		const nameOf = (/** @type {Element} */ one) => one.ariaLabel ?? one.textContent;
		const name = nameOf(focused);
		return () => [...this.#table.querySelectorAll("button")].find((one) => nameOf(one) === name)?.focus();
	}

	/** The rows that are wanted, in their order. @param {Row[]} rows */
	#chosen(rows) {
		const limits = this.limits();
		const isNoted = (/** @type {Row} */ row) => {
			const { problem, doubt, warnings } = notesOf(row, limits, this.task);
			return Boolean(problem || doubt || warnings.length);
		};
		const found = this.filter.checked ? rows.filter(isNoted) : rows;
		if (this.order.value === FIRST) return found;
		const sign = this.order.value === "low" ? 1 : -1;
		const rank = (/** @type {Row} */ { answer }) => answer?.value ?? answer?.probability;
		return found.toSorted((one, other) => {
			const [left, right] = [rank(one), rank(other)];
			if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
			return sign * (left - right);
		});
	}

	/** @param {Row[]} rows */
	#tableOf(rows) {
		const isNumber = isNumeric(this.task);
		const heads = ["Row", "Input", "Answer", isNumber ? null : "Sure", "Notes"].filter(Boolean);
		return h(
			"div.scroll.cards",
			h(
				"table.rows.several",
				h("caption.hidden", "Answers, row by row"),
				h(
					"thead",
					h(
						"tr",
						heads.map((head) => h("th", { scope: "col" }, head)),
					),
				),
				h(
					"tbody",
					rows.map((row) => this.#row(row, isNumber)),
				),
			),
		);
	}

	/** @param {Row} row @param {boolean} isNumber */
	#row(row, isNumber) {
		const { answer, input, line } = row;
		const notes = notesOf(row, this.limits(), this.task);
		const attributes = { label: `Row ${line}: look at it`, class: "number" };
		const said = notes.doubt ? h("b.soft", "not sure") : answer && h("b", wordsOf(this.task, answer));
		const share = answer?.probability;
		return h(
			"tr",
			h("th.num", { scope: "row" }, input ? button(String(line), () => this.use(input), attributes) : String(line)),
			h("td.input", this.#inputOf(row)),
			h("td", { "data-head": "Answer" }, said || (notes.problem && "–")),
			!isNumber && h("td.num", { "data-head": "Sure" }, share !== undefined && percent(share)),
			h("td.small", written(notes)),
		);
	}

	/** @param {Row} row */
	#inputOf({ cells, input }) {
		if (input && this.task.kind === "text") {
			return Object.values(input).map((text) => h("div", folded(String(text), LONG)));
		}
		return input && isWhole(this.task, input) ? inputOf(this.task, input) : folded(cells.join(" | "), LONG);
	}

	/** How many of each answer, or what the numbers are like. @param {Row[]} rows */
	#summaryOf(rows) {
		const limits = this.limits();
		const answered = rows.filter(({ answer }) => answer);
		if (answered.length < 2) return null;
		const values = answered.map(({ answer }) => answer?.value ?? NaN).filter(Number.isFinite);
		if (isNumeric(this.task)) return values.length > 0 && spread(values);
		/** @type {Map<string, number>} */
		const times = new Map();
		for (const { answer } of answered) {
			const word = answer && doubtOf(answer, limits) ? "not sure" : wordsOf(this.task, /** @type {any} */ (answer));
			times.set(word, (times.get(word) ?? 0) + 1);
		}
		const found = [...times].sort(([, one], [, other]) => other - one);
		const shown = found
			.slice(0, MOST_BARS)
			.map(
				([word, number]) => /** @type {[string, number]} */ ([`${word} (${count(number)})`, number / answered.length]),
			);
		const rest = found.length - MOST_BARS;
		return [bars(shown, "Share of each answer"), rest > 0 && h("p.soft.small", `and ${counted(rest, "other answer")}`)];
	}

	/** @param {number} pages @param {number} rows */
	#pager(pages, rows) {
		const turn = (/** @type {number} */ step) => () => {
			this.#page += step;
			if (this.#sheet) this.#draw(this.#sheet);
		};
		const from = this.#page * PAGE + 1;
		return h(
			"div.row.num",
			button("Back", turn(-1), { disabled: this.#page === 0 }),
			h("span.soft", `${count(from)} to ${count(Math.min(rows, from + PAGE - 1))} of ${count(rows)}`),
			button("On", turn(1), { disabled: this.#page >= pages - 1 }),
		);
	}

	#save() {
		if (this.#sheet) save(`${this.task.name}-answers.csv`, asCsv(tableOf(this.task, this.#sheet, this.limits())));
	}
}

/** Whether an input can be drawn as a row of a dataset is. @param {TaskDetail} task @param {Fields} input */
const isWhole = ({ kind }, { point, features }) =>
	kind === "plane" ? Array.isArray(point) && point.every(Number.isFinite) : Boolean(features);

/** @param {number[]} values */
function spread(values) {
	const sum = values.reduce((total, value) => total + value, 0);
	const [least, greatest] = values.reduce(
		([low, high], value) => [Math.min(low, value), Math.max(high, value)],
		[Infinity, -Infinity],
	);
	const told = { mean: sum / values.length, least, greatest };
	return h(
		"p.num",
		Object.entries(told).map(([name, value]) => h("span.pair", h("span.soft", `${name} `), figure("value", value))),
	);
}

const SAID = ["predicted", "probability", "abstained", "known_words", "novelty", "warnings", "error", "model_version"];

/** What is saved: the file's columns and what was answered. @param {TaskDetail} task @param {Sheet} sheet @param {Limits} limits */
function tableOf(task, { heads, rows }, limits) {
	const named = naming(task);
	const free = (/** @type {string} */ name) => (heads.includes(name) ? `${name}_2` : name);
	const lines = rows.map((row) => {
		const { problem, answer } = row;
		const cells = heads.map((_, place) => row.cells[place] ?? "");
		if (!answer) return [...cells, ...SAID.map((name) => (name === "error" ? problem : null))];
		const { label, labels, value, probability, abstained, known_words: known, novelty, model } = answer;
		const said = value ?? (label === undefined && labels ? labels.map(named).join(";") : label);
		const { warnings } = notesOf(row, limits, task);
		return [...cells, said, probability, abstained, known, novelty, warnings.join("; "), problem, model.version];
	});
	return [[...heads, ...SAID.map(free)], ...lines];
}
