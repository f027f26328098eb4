// The queue and the history: found by search, filters and order, which stand in the address; many at once can be changed.

import { densely, told } from "./api.js";
import { alertLine, button, count, h, put, title } from "./dom.js";
import { act, asked, outcomeOf } from "./runs-actions.js";
import { addressOf, concerns, FILTERS, queryOf, readAddress } from "./runs-address.js";
import { Chosen } from "./runs-chosen.js";
import { editor } from "./runs-edit.js";
import { Filters } from "./runs-filters.js";
import { Live } from "./runs-live.js";
import { Table } from "./runs-table.js";
import "./fields.js"; // what those above need is asked for together with them
import "./runs-row.js";
import "./spark.js";

/** @import { RunAction, RunRow } from "../../client/densely.js" */
/** @import { Asked } from "./runs-address.js" */

const PAGE = 50; // runs
const SOON = 150; // ms that the first rows may take without anything standing in their place
const pale = () => h("i", { style: { "--width": "100%" } });

/** @type {import("./main.js").View["show"]} */
export async function show(place, _, signal) {
	const list = new List(signal);
	place.append(h("div.head", title("Runs"), h("a.button.main.push", { href: "#/runs/new" }, "New run")), list.node);
	await list.refresh();
	list.keep();
}

const isHere = () => location.hash.split("?")[0] === "#/runs";

/** Whether the run is gone at which the page before ended. @param {any} error */
const isLost = (error) => error.errors?.some((/** @type {any} */ { field }) => field === "cursor");

class List {
	/** @type {Asked} */
	#asked = readAddress();
	/** @type {RunRow[]} */
	#rows = [];
	#extra = ""; // the run that is shown though it is none of those any more that are asked for: it is being edited
	/** @type {number | null} */
	#next = null;
	#total = 0;
	#number = 0; // of the last question
	#editing = "";
	#problem = alertLine();
	#told = h("div.note.outcome", { hidden: true });
	#empty = h("div.empty", { hidden: true });
	#coming = h("div.skeleton", { hidden: true, "aria-hidden": "true" }, Array.from({ length: 8 }, pale));
	#first = button("First", () => this.#turn([], ""), { label: "First page" });
	#back = button("Previous", () => this.#turnBack(), { label: "Previous page" });
	#on = button("Next", () => this.#turn([...this.#trail, this.#asked.cursor], String(this.#next)), {
		label: "Next page",
	});
	#pages = h("nav.row", { label: "Pages" }, this.#first, this.#back, this.#on);
	#filters = new Filters((changes, isStep) => this.#go({ ...changes, cursor: "" }, isStep));
	#table = new Table(
		{
			isChosen: (id) => this.#chosen.has(id),
			choose: (id, isChosen, isRange) => this.#chosen.choose(id, isChosen, isRange),
			only: (tag) => this.#go({ tag, cursor: "" }),
			edit: (id) => this.#edit(id),
		},
		(sort) => this.#go({ sort, cursor: "" }),
	);
	#chosen = new Chosen(
		() => this.#table.check(),
		(action, runs) => this.#act(action, runs),
		(limit) => this.#all(limit),
	);

	/** @param {AbortSignal} signal */
	constructor(signal) {
		this.signal = signal;
		const parts = [this.#problem, this.#chosen.node, this.#told, this.#table.node, this.#empty, this.#pages];
		this.node = h("section.card", { label: "Runs" }, this.#filters.node, this.#coming, parts);
		this.#table.node.hidden = this.#chosen.node.hidden = this.#pages.hidden = true;
		setTimeout(() => (this.#coming.hidden = !this.#table.node.hidden || !this.#empty.hidden), SOON);
		this.#filters.show(this.#asked);
		addEventListener("routechange", (event) => this.#follow(event), { signal });
	}

	/** Asks for what there is to choose from, and stays true until the view is left. */
	keep() {
		const { signal } = this;
		const live = new Live(
			{
				rows: () => this.#rows,
				isSettled: (fields) => this.#isSettled(fields),
				isQueue: () => this.#isQueue,
				concerns: (run) => concerns(run, this.#asked),
				take: (row) => this.#take(row),
				refresh: () => this.refresh(),
				problem: this.#problem,
			},
			signal,
		);
		live.keep().catch(() => {});
		Promise.all([densely.tasks({ signal }), densely.sweeps({ limit: 100, signal })]).then(
			([tasks, sweeps]) => this.#filters.fill(tasks, sweeps),
			() => {}, // the filters that need them stay empty
		);
	}

	/** Whether a queue is shown, whose places move with every run. */
	get #isQueue() {
		return this.#rows.some(({ status }) => status === "queued");
	}

	/** Whether the same rows are shown in the same order when these fields of a run change. @param {string[]} fields */
	#isSettled(fields) {
		const { q, tag, status, archived, sort } = this.#asked;
		const by = sort.replace("-", "");
		if (!fields.includes("status")) {
			const isKept = archived === "all" || !fields.some((field) => field.startsWith("archived"));
			return isKept && !q && !tag && by !== "name";
		}
		return !status && !this.#isQueue && !["status", "score", "seconds"].includes(by);
	}

	/** The cursors of the pages before this one. @returns {string[]} */
	get #trail() {
		return history.state?.trail ?? [];
	}

	/** Shows something else, and says so in the address. @param {Asked} changes @param {boolean} [isStep] whether the way back leads here @param {string[]} [trail] */
	#go(changes, isStep = true, trail = []) {
		if (this.signal.aborted || !isHere()) return; // the address is another view's
		this.#told.hidden = true;
		this.#release();
		this.#asked = { ...this.#asked, ...changes };
		const address = addressOf(this.#asked);
		const isOther = isStep && address !== location.hash;
		history[isOther ? "pushState" : "replaceState"]({ trail }, "", address);
		this.#anew();
	}

	/** The address was changed by the browser: the way back or on, or a link. @param {Event} event */
	#follow(event) {
		if (!isHere()) return;
		event.preventDefault(); // the view stays
		this.#told.hidden = true;
		this.#release();
		this.#asked = readAddress();
		this.#anew();
	}

	#anew() {
		this.#filters.show(this.#asked);
		this.node.setAttribute("aria-busy", "true");
		this.refresh().catch((error) => {
			if (!this.signal.aborted) this.#problem.textContent = told(error);
		});
	}

	/** @param {string[]} trail @param {string} cursor */
	#turn(trail, cursor) {
		this.#go({ cursor }, true, trail);
		this.node.scrollIntoView({ block: "start" });
	}

	#turnBack() {
		const trail = this.#trail;
		this.#turn(trail.slice(0, -1), trail[trail.length - 1] ?? "");
	}

	/** Asks for the page. */
	async refresh() {
		this.#number += 1;
		const mine = this.#number;
		const query = { ...queryOf(this.#asked), limit: PAGE };
		const found = await densely.get("runs/rows", query, { signal: this.signal }).catch((error) => {
			if (mine !== this.#number) return;
			this.node.removeAttribute("aria-busy");
			if (!isLost(error)) throw error;
			this.#go({ cursor: "" }, false);
		});
		if (!found || mine !== this.#number) return; // something else was asked for meanwhile
		const edited = this.#rowOf(this.#editing);
		const isGone = edited && !found.items.some((/** @type {RunRow} */ { id }) => id === edited.id);
		this.#rows = isGone ? [...found.items, edited] : found.items; // what is being written stays in sight
		this.#extra = isGone ? edited.id : "";
		[this.#next, this.#total] = [found.next, found.total];
		this.node.removeAttribute("aria-busy");
		this.#problem.textContent = "";
		this.#draw();
	}

	/** The rows of all pages. @param {number} limit @returns {Promise<RunRow[]>} */
	async #all(limit) {
		const query = { ...queryOf(this.#asked), cursor: null, limit };
		return densely.list("runs/rows", query, { signal: this.signal }).catch((error) => {
			if (!this.signal.aborted) this.#problem.textContent = told(error);
			return [];
		});
	}

	/** Shows a row as it now is. @param {RunRow} row */
	#take(row) {
		this.#rows = this.#rows.map((one) => (one.id === row.id ? row : one));
		this.#draw();
	}

	#draw() {
		this.#table.mark(this.#asked.sort || "-created");
		this.#table.draw(this.#rows);
		const counted = this.#rows.filter(({ id }) => id !== this.#extra);
		this.#chosen.show(counted, this.#total, this.#where(counted.length));
		this.#table.check();
		this.#table.node.hidden = this.#chosen.node.hidden = !this.#rows.length;
		this.#empty.hidden = this.#rows.length > 0;
		this.#coming.hidden = true;
		if (!this.#rows.length) put(this.#empty, this.#nothing());
		const isFirst = !this.#asked.cursor;
		this.#pages.hidden = isFirst && this.#next === null;
		this.#first.disabled = this.#back.disabled = isFirst;
		this.#on.disabled = this.#next === null;
	}

	/** Which of how many are shown. @param {number} shown */
	#where(shown) {
		const isKnown = !this.#asked.cursor || this.#trail.length > 0;
		const from = this.#trail.length * PAGE + 1;
		const range = isKnown && shown ? `${count(from)}–${count(from + shown - 1)}` : count(shown);
		return `${range} of ${count(this.#total)} run${this.#total === 1 ? "" : "s"}`;
	}

	/** What is said where there are none. */
	#nothing() {
		const isFiltered = FILTERS.some((name) => this.#asked[name]);
		if (!isFiltered && !this.#asked.cursor) {
			const words = h("p", "No runs yet. A model on the sample rows trains in seconds.");
			return [words, h("a.button", { href: "#/runs/new" }, "Train one")];
		}
		const none = Object.fromEntries([...FILTERS, "cursor"].map((name) => [name, ""]));
		const wide = { archived: "all", trials: "true", cursor: "" };
		return [
			h("p", "No run is like that."),
			h(
				"div.row",
				button("Show all runs", () => this.#go(none)),
				button("Look among archived runs and trials too", () => this.#go(wide)),
			),
		];
	}

	/** @param {string} id */
	#rowOf(id) {
		return this.#rows.find((one) => one.id === id);
	}

	/** Ends what is being edited. */
	#release() {
		const row = this.#rowOf(this.#editing);
		this.#editing = "";
		if (row) this.#table.release(row);
	}

	/** @param {string} id */
	#edit(id) {
		const run = this.#rowOf(id);
		if (!run) return;
		this.#release();
		this.#editing = id;
		const done = (/** @type {Partial<RunRow> | undefined} */ changed) => {
			if (changed) this.#rows = this.#rows.map((one) => (one.id === id ? { ...one, ...changed } : one));
			this.#release();
			this.#draw();
			this.#table.focus(`edit-${id}`);
			this.#anew(); // it may be none of those any more that are asked for
		};
		const form = editor(run, done, this.signal);
		this.#table.hold(id, form);
		form.querySelector("input")?.focus();
	}

	/** @param {RunAction} action @param {RunRow[]} runs */
	async #act(action, runs) {
		try {
			const options = await asked(action, runs, this.signal);
			if (!options) return;
			const ids = runs.map(({ id }) => id);
			const found = await act(action, ids, this.signal, options);
			const back = { archive: "restore", restore: "archive" }[/** @type {string} */ (action)];
			const undo = back && button("Undo", () => this.#act(/** @type {RunAction} */ (back), runs));
			const close = button("×", () => (this.#told.hidden = true), { class: "icon", label: "Close the note" });
			put(this.#told, h("div.stack.tight", outcomeOf(found, runs, undo)), close);
			this.#told.hidden = false;
			this.#chosen.drop(found.done);
			await this.refresh();
		} catch (error) {
			if (!this.signal.aborted) this.#problem.textContent = told(error);
		}
	}
}
