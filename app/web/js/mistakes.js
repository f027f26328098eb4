// What a new model gets wrong: the worst rows of the test split.

import { densely } from "./api.js";
import { h } from "./dom.js";
import { rowTable } from "./rows.js";
import { isNumeric } from "./shown.js";

/** @import { RunData } from "../../client/densely.js" */

const MOST = 8;

/** A dataset's name and version as runs name them: `tickets@2`. @param {string} reference */
export function datasetOf(reference) {
	const [name, version] = reference.split("@");
	return { name, version: version ? Number(version) : undefined };
}

/**
 * A card with a run's mistakes; null where its dataset cannot be looked at any more.
 *
 * @param {RunData} run
 * @param {AbortSignal} signal
 */
export async function mistakesOf(run, signal) {
	if (!run.model_id || run.dataset_is_sample) return null;
	const { name, version } = datasetOf(run.dataset);
	try {
		const task = await densely.task(run.task, { signal });
		const isNumber = isNumeric(task);
		const query = { split: "test", model: run.model_id, limit: MOST, version, ...(isNumber ? {} : { wrong: true }) };
		const page = await densely.get(`datasets/${encodeURIComponent(name)}/rows`, query, { signal });
		return card(task, page.items, isNumber);
	} catch {
		return null;
	}
}

/**
 * @param {import("../../client/densely.js").TaskDetail} task
 * @param {import("../../client/densely.js").DatasetRow[]} rows
 * @param {boolean} isNumber
 */
function card(task, rows, isNumber) {
	const words = isNumber
		? "The test rows that the model is farthest off at."
		: "Test rows that the model takes for something else.";
	return h(
		"section.card",
		h("h2", "Worst mistakes"),
		rows.length
			? [h("p.soft.small", words), rowTable(task, rows, "Worst mistakes")]
			: h("p.soft", "None: every row of the test split is answered right."),
	);
}
