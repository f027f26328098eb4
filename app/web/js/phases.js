// What a run goes through, step by step, and how long each step took.

import { duration, h } from "./dom.js";

/** @import { RunData, RunEvent } from "../../client/densely.js" */
/** @typedef {(typeof STEPS)[number][0]} Step */

const STEPS = /** @type {const} */ ([
	["waiting", "Waiting"],
	["starting", "Starting"],
	["preparing", "Reading the rows"],
	["compiling", "Compiling"],
	["training", "Training"],
	["testing", "Testing"],
	["publishing", "Publishing"],
]);

/** Where a run is; of one that has ended, where it was at last. @param {RunData} run @returns {Step} */
export function stepOf({ status, progress, started_at: startedAt }) {
	if (status === "queued" || !startedAt) return "waiting";
	return progress ? (progress.phase ?? "training") : "starting";
}

/** Adds up how long each step took, from the run's events. */
export class Phases {
	/** @type {Map<Step, number>} ms */
	#took = new Map();
	/** @type {{ step: Step, at: number } | null} */
	#now = null;

	/** Takes an event; those that were told before are told anew to whoever looks. @param {RunEvent} event */
	take({ type, at, data }) {
		const step = stepAfter(type, data);
		if (step === undefined) return;
		const moment = Date.parse(at);
		if (this.#now) this.#add(this.#now.step, moment - this.#now.at);
		this.#now = step && { step, at: moment };
	}

	/** @param {Step} step @param {number} ms */
	#add(step, ms) {
		this.#took.set(step, (this.#took.get(step) ?? 0) + ms);
	}

	/** The line of steps. @param {RunData} run @param {boolean} isOver */
	line(run, isOver) {
		const at = stepOf(run);
		const steps = STEPS.filter(([step]) => step !== "publishing" || !run.trial);
		const place = steps.findIndex(([step]) => step === at);
		const isEnd = isOver && run.status === "succeeded";
		const state = (/** @type {number} */ each) => {
			if (each < place || isEnd) return "past";
			return each > place ? "" : isOver ? `stop ${run.status}` : "now";
		};
		return h(
			"ol",
			{ label: "Steps", class: `steps small${isEnd ? " ended" : ""}` },
			steps.map(([step, name], each) =>
				h(
					"li",
					{ class: state(each) || null, "aria-current": state(each) === "now" && "step" },
					h("span", name),
					h("span.soft.num", this.#told(step, state(each), run)),
				),
			),
		);
	}

	/** @param {Step} step @param {string} state @param {RunData} run */
	#told(step, state, { progress }) {
		if (step === "training" && state === "now" && progress) return `epoch ${progress.epoch} of ${progress.epochs}`;
		const ms = this.#took.get(step);
		return ms === undefined || ms < 50 || state === "now" ? "" : duration(ms / 1000);
	}
}

/** The step that begins with an event; null if none does, undefined if it tells of something else. @param {string} type @param {any} data @returns {Step | null | undefined} */
function stepAfter(type, data) {
	if (type === "progress") return data.phase ?? "training";
	if (type === "epoch") return undefined;
	if (type !== "status" || !data.status) return undefined;
	return data.status === "queued" ? "waiting" : data.status === "running" ? "starting" : null;
}
