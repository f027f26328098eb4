// How far a run is.

import { ageOf } from "./ages.js";
import { duration, figure, h, percent } from "./dom.js";
import { isFailed } from "./figures.js";
import { stepOf } from "./phases.js";

/** @import { Epoch, Run, RunData } from "../../client/densely.js" */
/** @import { Phases } from "./phases.js" */

/** @param {Run} run @param {Epoch[]} epochs so far @param {Phases} phases */
export function progressOf(run, epochs, phases) {
	const { data, isOver } = run;
	const words = data.cancel_requested_at && !isOver ? "Is being cancelled" : wordsOf(data, epochs);
	const line = phases.line(data, isOver);
	if (isFailed(data)) return [h("p.num", words), line];
	const share = data.status === "succeeded" ? 1 : (data.progress?.fraction ?? 0);
	const far = h("div.row.num", h("span", words), data.progress && !isOver && h("span.push.soft", percent(share, 0)));
	return [resultOf(data), far, data.progress && bar(share), line];
}

/** @param {number} share */
const bar = (share) =>
	h(
		"div.bar.progress",
		{
			role: "progressbar",
			label: "Progress",
			"aria-valuemin": 0,
			"aria-valuemax": 100,
			"aria-valuenow": Math.round(100 * share),
		},
		h("i", { style: { "--share": share } }),
	);

/** The test result beside what guessing scores. @param {RunData} run */
function resultOf({ metrics: { test, baseline } }) {
	const name = ["accuracy", "f1", "mae"].find((one) => one in test);
	if (!name) return null;
	const guess = name in baseline ? `; guessing scores ${figure(name, baseline[name])}` : "";
	return h("p.verdict.num", figure(name, test[name]), " ", h("small", `${name} on the test rows${guess}`));
}

/** Where it stands. @param {RunData} run @param {Epoch[]} epochs */
function wordsOf(run, epochs) {
	const { error } = run;
	const last = epochs[epochs.length - 1];
	const after = last ? ` after ${placeOf(last, run)}` : "";
	const reason = error ? `: ${error.message}` : "";
	switch (run.status) {
		case "queued":
			return waitingOf(run);
		case "running":
			return goingOf(run);
		case "succeeded":
			return tookOf(run, epochs);
		case "failed":
			return `Failed${after}${reason}`;
		default:
			return error ? `Found hopeless${reason}` : `Cancelled${after}`; // of a sweep's trial
	}
}

/** @param {RunData} run */
function waitingOf(run) {
	const { queue } = run;
	if (!queue) return "Waits for a worker";
	const place = queue.place === 1 ? "Next in the queue" : `Number ${queue.place} in the queue`;
	return queue.expected_start ? `${place}; is expected to start ${ageOf(new Date(queue.expected_start))}` : place;
}

/** @param {RunData} run */
function goingOf(run) {
	const { progress } = run;
	if (!progress) return "A worker has taken it, and its trainer starts";
	switch (stepOf(run)) {
		case "preparing":
			return "Reads and encodes the rows";
		case "compiling":
			return "Compiles an epoch into one program";
		case "testing":
			return "Measures the rows of the test split";
		case "publishing":
			return "Writes the model’s files";
		default:
			return `In ${placeOf(progress, run)}, ${leftOf(progress.eta_seconds)}`;
	}
}

/** @param {RunData} run @param {Epoch[]} epochs */
function tookOf(run, epochs) {
	const { created_at: asked, started_at: from, finished_at: to, device } = run;
	const seconds = epochs.map((row) => row.seconds).sort((one, other) => one - other);
	const each = seconds.length ? `, ${shortly(seconds[seconds.length >> 1])} an epoch` : "";
	const waited = secondsBetween(asked, from) ?? 0;
	const before = waited >= 1 ? ` after waiting ${duration(waited)}` : "";
	return `Trained in ${duration(secondsBetween(from, to))}${device ? ` on ${device}` : ""}${each}${before}`;
}

/** @param {number} seconds */
const shortly = (seconds) => (seconds < 1 ? `${Number((1000 * seconds).toPrecision(2))} ms` : duration(seconds));

/** @param {{ epoch: number, fold: number | null, seed: number | null }} place @param {RunData} run */
function placeOf({ epoch, fold, seed }, { recipe, validation }) {
	const of = fold ? `, fold ${fold} of ${validation.folds}` : "";
	return `epoch ${epoch} of ${recipe.epochs}${of}${Number.isInteger(seed) ? `, seed ${seed}` : ""}`;
}

/** @param {number | null} seconds */
const leftOf = (seconds) => (seconds === null ? "time left unknown" : `about ${duration(seconds)} left`);

/** @param {string | null} from @param {string | null} to */
export const secondsBetween = (from, to) => (from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null);
