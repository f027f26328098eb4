// How far a run is.

import { duration, figure, h, percent } from "./dom.js";
import { isFailed } from "./figures.js";

/** @import { Epoch, Run, RunData } from "../../client/densely.js" */

/** @param {Run} run @param {Epoch | undefined} last its last epoch */
export function progressOf(run, last) {
	const { data, isOver } = run;
	const words = wordsOf(data, last);
	if (isFailed(data)) return h("p.num", words);
	const share = data.status === "succeeded" ? 1 : (data.progress?.fraction ?? 0);
	const range = {
		"aria-valuemin": 0,
		"aria-valuemax": 100,
		"aria-valuenow": Math.round(100 * share),
	};
	return [
		h(
			"div.row.num",
			h("span", data.cancel_requested_at && !isOver ? "Is being cancelled" : words),
			h("span.push.soft", percent(share, 0)),
		),
		h(
			"div.bar.progress",
			{ role: "progressbar", label: "Progress", ...range },
			h("i", { style: { "--share": share } }),
		),
		resultOf(data),
	];
}

/** The test result beside what guessing scores. @param {RunData} run */
function resultOf({ metrics: { test, baseline } }) {
	const name = ["accuracy", "f1", "mae"].find((one) => one in test);
	if (!name) return null;
	const guess = name in baseline ? `; guessing scores ${figure(name, baseline[name])}` : "";
	return h("p.verdict.num", figure(name, test[name]), " ", h("small", `${name} on the test rows${guess}`));
}

/** Where it stands. @param {RunData} run @param {Epoch | undefined} last */
function wordsOf(run, last) {
	const { progress, error, started_at: from, finished_at: to } = run;
	const after = last ? ` after ${placeOf(last, run)}` : "";
	const reason = error ? `: ${error.message}` : "";
	switch (run.status) {
		case "queued":
			return "Waits for a worker";
		case "running":
			return progress ? `In ${placeOf(progress, run)}, ${leftOf(progress.eta_seconds)}` : "Prepares the data";
		case "succeeded":
			return `Trained in ${duration(secondsBetween(from, to))} on ${run.device ?? "?"}`;
		case "failed":
			return `Failed${after}${reason}`;
		default:
			return error ? `Found hopeless${reason}` : `Cancelled${after}`; // of a sweep's trial
	}
}

/** @param {{ epoch: number, fold: number | null, seed: number | null }} place @param {RunData} run */
function placeOf({ epoch, fold, seed }, { recipe, validation }) {
	const of = fold ? `, fold ${fold} of ${validation.folds}` : "";
	return `epoch ${epoch} of ${recipe.epochs}${of}${Number.isInteger(seed) ? `, seed ${seed}` : ""}`;
}

/** @param {number | null} seconds */
const leftOf = (seconds) => (seconds === null ? "time left unknown" : `about ${duration(seconds)} left`);

/** @param {string | null} from @param {string | null} to */
export const secondsBetween = (from, to) => (from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null);
