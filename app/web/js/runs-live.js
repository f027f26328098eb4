// Keeps the shown runs true: the service's events say which have changed, and only these are asked for.

import { densely, pause, told } from "./api.js";

/** @import { RunData, RunEvent, RunRow } from "../../client/densely.js" */

const SOON = 300; // ms from an event to the question, for all that come until then
const LEAST = 1000; // ms between two looks at the page, however much happens
const CURVES = 3000; // ms between two looks at the curve of a run that is going
const QUEUE = 5000; // ms between two looks at when the waiting ones begin, which moves with those that are going
const FEW = 4; // rows that are asked for one by one; the page costs less than more of them
const EVERY = 30_000; // ms between two looks at the page, for what no event tells
const ALONE = 3000; // ms, the same while there are no events

/**
 * @typedef {object} Page what is shown
 * @property {() => RunRow[]} rows
 * @property {(fields: string[]) => boolean} isSettled whether the same rows are shown in the same order when these of a run change
 * @property {(run: RunData) => boolean} concerns whether a run that is not shown might be
 * @property {() => boolean} isQueue whether waiting runs are shown, whose places move with every run
 * @property {(row: RunRow) => void} take shows a row as it now is
 * @property {() => Promise<void>} refresh asks for all of it
 * @property {HTMLElement} problem
 */

export class Live {
	/** @type {Set<string>} */
	#changed = new Set(); // ids
	#isAll = false; // also which rows there are
	#timer = 0;
	#due = Infinity; // when the timer runs off
	#last = 0; // when the page was asked for
	#isThere = false; // the stream
	#isAsking = false;

	/** @param {Page} page @param {AbortSignal} signal */
	constructor(page, signal) {
		this.page = page;
		this.signal = signal;
		signal.addEventListener("abort", () => clearTimeout(this.#timer));
	}

	/** Follows until the view is left; while nobody sees the page it asks nothing. */
	async keep() {
		this.#poll().catch(() => {});
		while (!this.signal.aborted) {
			await seen(this.signal);
			await this.#follow(hidden(this.signal)).catch((error) => this.#lose(error));
		}
	}

	/** @param {AbortSignal} signal */
	async #follow(signal) {
		const onConnection = (/** @type {boolean} */ isThere) => {
			this.#isThere = isThere;
			if (isThere) this.#soon(SOON, true); // what happened before it
		};
		for await (const event of densely.events({ signal, away: Infinity, onConnection })) this.#hear(event);
	}

	/** @param {any} error */
	async #lose(error) {
		this.#isThere = false;
		if (this.signal.aborted || document.hidden) return;
		this.page.problem.textContent = told(error);
		await pause(EVERY, this.signal).catch(() => {});
	}

	/** @param {RunEvent} event */
	#hear({ type, run_id: id, data }) {
		const row = this.page.rows().find((one) => one.id === id);
		if (type === "progress") {
			if (row?.status === "running") this.page.take({ ...row, progress: data });
			if (this.page.isQueue()) this.#soon(QUEUE, true);
		} else if (type === "epoch") {
			if (row) this.#soon(CURVES, false, id);
		} else if (data.run) this.#change(data, Boolean(row));
	}

	/** A run is another one than before. @param {RunEvent["data"]} data @param {boolean} isShown */
	#change({ run, changed = { status: run.status } }, isShown) {
		if (isShown) this.#soon(SOON, !this.page.isSettled(Object.keys(changed)), run.id);
		else if (this.page.isQueue() || this.page.concerns(run)) this.#soon(SOON, true);
	}

	/** Asks after so long, or earlier if something else is due. @param {number} wait @param {boolean} isAll @param {string} [id] */
	#soon(wait, isAll, id) {
		if (id) this.#changed.add(id);
		this.#isAll ||= isAll;
		const now = Date.now();
		const due = this.#isAll ? Math.max(now + wait, this.#last + LEAST) : now + wait;
		if (due >= this.#due) return;
		clearTimeout(this.#timer);
		this.#due = due;
		this.#timer = setTimeout(() => this.#ask(), due - now);
	}

	async #ask() {
		this.#due = Infinity;
		if (this.#isAsking) return this.#soon(SOON, false);
		const [ids, isAll] = [[...this.#changed], this.#isAll];
		this.#changed.clear();
		this.#isAll = false;
		this.#isAsking = true;
		try {
			if (isAll || ids.length > FEW) await this.#askAll();
			else await Promise.all(ids.map((id) => this.#askOne(id)));
			this.page.problem.textContent = "";
		} catch (/** @type {any} */ error) {
			this.#fail(error, ids);
		}
		this.#isAsking = false;
	}

	#askAll() {
		this.#last = Date.now();
		return this.page.refresh();
	}

	/** @param {any} error @param {string[]} ids that are to be asked for again */
	#fail(error, ids) {
		if (this.signal.aborted) return;
		this.page.problem.textContent = told(error);
		if (!error.isPassing) return;
		for (const id of ids) this.#changed.add(id);
		this.#soon(ALONE, true);
	}

	/** @param {string} id */
	async #askOne(id) {
		const query = { q: id, archived: "all", limit: 5 }; // some may have the id in their note
		const { items } = await densely.get("runs/rows", query, { signal: this.signal });
		const row = items.find((/** @type {RunRow} */ one) => one.id === id);
		if (row) this.page.take(row);
		else this.#soon(SOON, true); // it is gone
	}

	async #poll() {
		let last = Date.now();
		while (!this.signal.aborted) {
			await pause(ALONE, this.signal);
			if (document.hidden || (this.#isThere && Date.now() - last < EVERY)) continue;
			last = Date.now();
			this.#soon(0, true);
		}
	}
}

/** Resolves when the page is seen. @param {AbortSignal} signal @returns {Promise<void>} */
const seen = (signal) =>
	new Promise((resolve, reject) => {
		if (!document.hidden) return resolve();
		const look = () => !document.hidden && resolve();
		document.addEventListener("visibilitychange", look, { signal });
		signal.addEventListener("abort", () => reject(signal.reason), { once: true });
	});

/** Is aborted when the page is not seen any more: a browser has few connections to a host. @param {AbortSignal} signal */
function hidden(signal) {
	const away = new AbortController();
	const both = AbortSignal.any([signal, away.signal]);
	const look = () => document.hidden && away.abort();
	document.addEventListener("visibilitychange", look, { signal: both });
	return both;
}
