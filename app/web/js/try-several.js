// Several inputs at once: lines that are pasted, or a file; their answers in a table.

import { told } from "./api.js";
import { alertLine, button, count, counted, h, on, put, say, throttled } from "./dom.js";
import { dropZone } from "./drop.js";
import { keep, kept } from "./kept.js";
import { askAll, isOpen } from "./several-asking.js";
import { columnsFor, MOST, sheetOf } from "./several-rows.js";
import { Answers } from "./several-table.js";

/** @import { Fields, TaskDetail } from "../../client/densely.js" */
/** @import { Limits } from "./answers.js" */
/** @import { Context } from "./predictions.js" */
/** @import { Sheet, Source } from "./several-rows.js" */

const MOST_BYTES = 50_000_000; // of a file
const NONE = -1; // of the file's columns
const OTHERS = "These answers are of another model, or within other limits.";
const FEW = 12; // names that are listed

/**
 * What was asked, of which model and within which limits: its answers stay when these change, and say so.
 *
 * @typedef {{ source: Source, chosen: Record<string, number>, sheet: Sheet | null, asked: Asked | null }} Batch
 * @typedef {{ options: string, limits: Limits }} Asked
 */

/** Of each task, while the page is open. @type {Map<string, Batch>} */
const batches = new Map();

/** @type {import("./try.js").Form} */
export function show(place, context) {
	const several = new Several(context);
	place.append(several.node, several.answers.node);
	return () => several.draw();
}

/** @param {TaskDetail} task */
function hintOf(task) {
	const names = columnsFor(task).map(({ name }) => name);
	const listed = names.length > FEW ? `${names.slice(0, FEW).join(", ")} …` : names.join(", ");
	const lines = { text: "A text in each line, or CSV with a line of heads", plane: "Two numbers in each line" };
	const words = lines[/** @type {keyof typeof lines} */ (task.kind)] ?? "CSV with a line of heads";
	return `${words}: ${listed}. A file may be CSV, TSV or JSON Lines, of up to ${count(MOST)} rows.`;
}

class Several {
	#lines = h("textarea.lines", { rows: 7, spellcheck: "false" });
	#columns = h("div.grid");
	#words = h("p.soft", { role: "status" });
	#problem = alertLine();
	#ask = button("Ask", () => this.#start(), { class: "main", disabled: true });
	#stop = button("Cancel", () => this.#stopped?.abort(), { hidden: true });
	#fill = h("i", { style: { "--share": 0 } });
	#bar = h(
		"div.bar.progress",
		{ role: "progressbar", label: "Rows asked", "aria-valuemin": 0, "aria-valuemax": 100, hidden: true },
		this.#fill,
	);
	/** @type {AbortController | null} */
	#stopped = null;

	/** @param {Context} context */
	constructor(context) {
		const { task } = context;
		const fresh = { source: { name: "", text: kept(task.name, "lines") ?? "" }, chosen: {}, sheet: null, asked: null };
		this.context = context;
		this.batch = batches.get(task.name) ?? fresh;
		batches.set(task.name, this.batch);
		const limits = () => this.batch.asked?.limits ?? context.limits();
		this.answers = new Answers(task, limits, (input) => this.#look(input));
		this.node = this.#layout(task);
		const { source, sheet } = this.batch;
		this.#lines.value = source.name ? "" : source.text;
		if (sheet || !source.text) this.draw();
		else this.#read(source);
	}

	/** @param {TaskDetail} task */
	#layout(task) {
		const soon = throttled(() => this.#read({ name: "", text: this.#lines.value }), 250);
		on(this.#lines, "input", soon);
		const zone = dropZone({ words: "", hint: "", take: (file) => this.#take(file) });
		zone.shrink("Or drop a file here.");
		zone.choose.textContent = "Choose a file";
		return h(
			"section.card",
			{ label: "Input" },
			h("label", "Lines", this.#lines, h("span.hint", hintOf(task))),
			zone.node,
			this.#problem,
			this.#columns,
			h(
				"div.row",
				this.#words,
				h("span.push"),
				button("Clear", () => this.#clear()),
				this.#stop,
				this.#ask,
			),
			this.#bar,
			task.notice && h("p.note", task.notice),
		);
	}

	/** @param {Source} source @param {Record<string, number>} [chosen] columns that were chosen by hand */
	#read(source, chosen = {}) {
		this.#stopped?.abort();
		this.batch.source = source;
		this.batch.chosen = chosen;
		this.batch.asked = null;
		this.batch.sheet = source.text.trim() ? sheetOf(this.context.task, source, chosen) : null;
		if (!source.name) keep(this.context.task.name, "lines", source.text);
		this.#problem.textContent = "";
		this.draw();
	}

	/** @param {File} file */
	async #take(file) {
		try {
			const tooLarge = "is larger than 50 MB: the command line takes it, as JSON Lines.";
			if (file.size > MOST_BYTES) throw new Error(`${file.name} ${tooLarge}`);
			const text = textOf(await file.arrayBuffer());
			if (text.includes("\0")) throw new Error(`${file.name} is no text: CSV, TSV and JSON Lines are read here.`);
			this.#lines.value = "";
			this.#read({ name: file.name, text });
		} catch (/** @type {any} */ error) {
			this.#problem.textContent = error.message;
		}
	}

	#clear() {
		this.#lines.value = "";
		this.#read({ name: "", text: "" });
		this.#lines.focus();
	}

	/** @param {Fields} input */
	#look(input) {
		keep(this.context.task.name, "input", input);
		location.hash = this.context.choice.address();
	}

	/** What is asked of whom, to see whether it has changed. */
	#options() {
		return JSON.stringify(this.context.options());
	}

	async #start() {
		if (this.#isStale()) this.#read(this.batch.source, this.batch.chosen);
		const { sheet } = this.batch;
		if (!sheet) return;
		this.batch.asked = { options: this.#options(), limits: this.context.limits() };
		const stopped = new AbortController();
		this.#stopped = stopped;
		this.context.signal.addEventListener("abort", () => stopped.abort(), { signal: stopped.signal });
		this.#problem.textContent = "";
		this.draw();
		const tell = throttled(() => this.batch.sheet === sheet && this.draw(), 200);
		try {
			await askAll(
				this.context,
				sheet.rows,
				(trouble) => {
					this.#problem.textContent = trouble ? told(trouble, true) : "";
					tell();
				},
				stopped.signal,
			);
			say(`${counted(sheet.rows.length, "row")} asked`);
		} catch (error) {
			if (!stopped.signal.aborted) this.#problem.textContent = told(error);
		}
		if (this.#stopped === stopped) this.#stopped = null;
		if (this.batch.sheet === sheet) this.draw();
	}

	/** Whether another model, or one within other limits, has answered. */
	#isStale() {
		const { sheet, asked } = this.batch;
		return asked !== null && asked.options !== this.#options() && Boolean(sheet?.rows.some(({ answer }) => answer));
	}

	draw() {
		const { sheet, source } = this.batch;
		const state = this.#state();
		const words = [sheet ? wordsOf(sheet, source, state.open) : "Nothing to ask yet.", state.isStale && OTHERS];
		put(this.#words, words.filter(Boolean).join(" "));
		this.#ask.textContent = buttonWords(state);
		this.#ask.disabled = state.isAsking || (state.open === 0 && !state.isStale);
		this.#stop.hidden = this.#bar.hidden = !state.isAsking;
		const share = state.all ? 1 - state.open / state.all : 0;
		this.#fill.style.setProperty("--share", share);
		this.#bar.setAttribute("aria-valuenow", Math.floor(100 * share));
		if (!this.#columns.contains(document.activeElement)) put(this.#columns, sheet && this.#choices(sheet));
		this.answers.show(sheet);
	}

	/** How far it is. */
	#state() {
		const rows = this.batch.sheet?.rows ?? [];
		const isAsking = this.#stopped !== null && !this.#stopped.signal.aborted;
		return {
			all: rows.length,
			open: rows.filter(isOpen).length,
			answered: rows.filter(({ answer }) => answer).length,
			isAsking,
			isStale: !isAsking && this.#isStale(),
		};
	}

	/** Which column of the file is which: of texts all of them, else those that were not found. @param {Sheet} sheet */
	#choices({ columns, places, heads, hasHead }) {
		const { chosen, source } = this.batch;
		if (!hasHead || heads.length < 2) return [];
		const isAsked = (/** @type {string} */ name, /** @type {number} */ place) =>
			this.context.task.kind === "text" || name in chosen || places[place] === NONE;
		return columns.map(({ name, title, isNeeded }, place) => {
			if (!isAsked(name, place)) return null;
			const select = h(
				"select",
				h("option", { value: NONE }, isNeeded ? "choose" : "none"),
				heads.map((head, at) => h("option", { value: at }, head)),
			);
			select.value = String(places[place]);
			on(select, "change", () => {
				select.blur();
				this.#read(source, { ...chosen, [name]: Number(select.value) });
			});
			return h("label", `${title} is in column`, select);
		});
	}
}

/** @param {{ all: number, open: number, answered: number, isAsking: boolean, isStale: boolean }} state */
function buttonWords({ all, open, answered, isAsking, isStale }) {
	if (isAsking) return "Asking …";
	if (isStale) return `Ask again for ${counted(all, "answer")}`;
	if (!open) return answered ? "All asked" : "Ask";
	return answered ? `Ask for the other ${count(open)}` : `Ask for ${counted(open, "answer")}`;
}

/** What was read, and how far it is. @param {Sheet} sheet @param {Source} source @param {number} open */
function wordsOf({ rows, heads, places, hasHead, left, columns }, { name }, open) {
	const refused = rows.filter(({ problem }) => problem).length;
	const answered = rows.length - open - refused;
	const unused = hasHead ? heads.filter((_, place) => !places.includes(place)) : [];
	const lacking = columns.filter(({ isNeeded }, place) => isNeeded && places[place] === NONE);
	return [
		`${counted(rows.length, "row")}${name ? ` of ${name}` : ""}.`,
		answered > 0 && `${count(answered)} answered.`,
		refused > 0 && `${count(refused)} refused.`,
		unused.length > 0 && `Not used: ${unused.slice(0, FEW).join(", ")}.`,
		lacking.length > 0 && `Not found: ${lacking.map((column) => column.name).join(", ")}.`,
		left > 0 && `More than ${count(MOST)} rows: the others are left out; the command line takes them, as JSON Lines.`,
	]
		.filter(Boolean)
		.join(" ");
}

/** A file's text: UTF-8 or UTF-16, else as older programs of Windows write it. @param {ArrayBuffer} bytes */
function textOf(bytes) {
	const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
	if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
	if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		return new TextDecoder("windows-1252").decode(bytes);
	}
}
