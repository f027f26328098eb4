// The rows of a dataset, page by page: of a split or a label, with what a model makes of them, its mistakes first.

import { densely, told } from "./api.js";
import { alertLine, button, count, counted, figure, h, on, percent, put, say } from "./dom.js";
import { options } from "./fields.js";
import { answerText, inputOf, isNumeric, namesOf } from "./shown.js";

/** @import { DatasetRow, Model, Task } from "../../client/densely.js" */
/** @typedef {{ name: string, version: number | undefined, labels: (string | number)[] }} Source which dataset */

const PAGE = 20;
const MOST_LABELS = 500; // to choose from

/**
 * A table of rows. @param {Task} task @param {DatasetRow[]} rows @param {string} caption
 */
export function rowTable(task, rows, caption) {
	const isJudged = rows.some((row) => row.prediction);
	const heads = ["Row", "Split", "Input", "Answer", ...(isJudged ? ["The model says"] : [])];
	const head = (/** @type {string} */ text) => h("th", { scope: "col" }, text);
	return h(
		"div.scroll.cards",
		h(
			"table.rows",
			h("caption.hidden", caption),
			h("thead", h("tr", heads.map(head))),
			h(
				"tbody",
				rows.map((row) => rowOf(task, row, isJudged)),
			),
		),
	);
}

/** @param {Task} task @param {DatasetRow} row @param {boolean} isJudged */
function rowOf(task, row, isJudged) {
	return h(
		"tr",
		{ class: row.wrong ? "wrong" : null, "data-row": row.row },
		h("th.num", { scope: "row", "data-head": "Row" }, count(row.row)),
		h("td.soft", { "data-head": "Split" }, row.split),
		h("td.input", inputOf(task, row.input)),
		h("td", { "data-head": "Answer" }, answerText(task, row.answer)),
		isJudged && h("td", { "data-head": "The model says" }, verdictOf(task, row)),
	);
}

/** What the model says, and by how much it is wrong. @param {Task} task @param {DatasetRow} row */
function verdictOf(task, { prediction, answer, wrong }) {
	if (!prediction) return "–";
	const { label, labels, value, probability } = prediction;
	const isSeveral = Array.isArray(answer) || task.answer.kind === "several_of";
	if (value !== undefined) {
		const off = value - answer;
		return [figure("value", value), h("span.soft.small.num", ` ${off < 0 ? "−" : "+"}${figure("", Math.abs(off))}`)];
	}
	return [
		wrong && h("span.cross", { role: "img", label: "wrong: " }, "✗ "),
		answerText(task, isSeveral ? labels : label),
		probability !== undefined && h("span.soft.small.num", ` ${percent(probability)}`),
	];
}

/** The browser of a dataset's rows. */
export class Rows {
	#rows = h("div.stack");
	#problem = alertLine();
	#more = button("Show more", () => this.#ask(true), { hidden: true });
	#told = h("p.soft.small", { role: "status" });
	/** @type {DatasetRow[]} */
	#found = [];
	/** @type {string | null} */
	#next = null;
	#asked = 0;

	/** @param {Task} task @param {Source} source @param {Model[]} models @param {AbortSignal} signal */
	constructor(task, source, models, signal) {
		this.task = task;
		this.source = source;
		this.signal = signal;
		this.split = this.#select("Split", [
			["", "All rows"],
			["train", "To train"],
			["test", "To test"],
		]);
		const named = namesOf(task);
		const labels = source.labels.slice(0, MOST_LABELS);
		this.label = this.#select("Label", [
			["", "Any label"],
			...labels.map((one) => /** @type {[string, string]} */ ([String(one), named(one)])),
		]);
		this.label.hidden = !labels.length;
		const known = models.map((one) => /** @type {[string, string]} */ ([one.id, `version ${one.version}`]));
		this.model = this.#select("Model", [["", "No predictions"], ["active", "The active model’s"], ...known]);
		if (!models.length) this.model.hidden = true;
		this.wrong = h("input", { type: "checkbox", onchange: () => this.#ask() });
		this.only = h("label.check", this.wrong, "only the wrong ones");
		this.node = h(
			"section.card",
			h("div.row", h("h2", "Rows"), h("span.push.row.filters", this.split, this.label, this.model, this.only)),
			this.#problem,
			this.#told,
			this.#rows,
			h("div.row", this.#more),
		);
	}

	/** Shows the first ones. */
	start() {
		const isKnown = this.task.active_model && this.task.kind !== "plane";
		if (isKnown) this.split.value = "test";
		if (this.task.active_model && !this.model.hidden) this.model.value = "active";
		return this.#ask();
	}

	/** @param {string} label @param {[value: string, text: string][]} pairs */
	#select(label, pairs) {
		const select = h("select", { label }, options(pairs));
		on(select, "change", () => this.#ask());
		return select;
	}

	/** What is asked for, as the fields stand. */
	get #query() {
		const { split, label, model, wrong, only, source } = this;
		only.hidden = !model.value || isNumeric(this.task);
		return {
			split: split.value,
			label: label.value,
			model: model.value,
			wrong: !only.hidden && wrong.checked ? true : null,
			version: source.version,
			limit: PAGE,
		};
	}

	/** Asks for the first page, or for the next one too. @param {boolean} [isMore] */
	async #ask(isMore = false) {
		this.#asked += 1;
		const mine = this.#asked;
		const { source, signal } = this;
		this.#told.textContent = this.model.value && "The model is asked about these rows …";
		const query = { ...this.#query, cursor: isMore ? this.#next : null };
		this.#rows.setAttribute("aria-busy", "true");
		try {
			const page = await densely.get(`datasets/${encodeURIComponent(source.name)}/rows`, query, { signal });
			if (mine !== this.#asked) return;
			this.#found = isMore ? [...this.#found, ...page.items] : page.items;
			this.#next = page.next;
			this.#draw();
			if (isMore) say(counted(page.items.length, "more row"));
		} catch (error) {
			if (mine === this.#asked && !signal.aborted) this.#problem.textContent = told(error);
		}
		this.#rows.removeAttribute("aria-busy");
	}

	#draw() {
		this.#problem.textContent = "";
		this.#more.hidden = this.#next === null;
		const first = isNumeric(this.task) ? "farthest off first" : "the wrong ones first";
		this.#told.textContent = this.model.value && this.#found.length ? `As the model answers, ${first}.` : "";
		put(
			this.#rows,
			this.#found.length
				? rowTable(this.task, this.#found, `Rows of ${this.source.name}`)
				: h("p.soft", "There are no such rows."),
		);
	}
}
