// What a model gets wrong: the worst rows of the test split, each with why it says so.

import { densely, patiently, told } from "./api.js";
import { button, figure, h, percent, put } from "./dom.js";
import { explained } from "./explained.js";
import { answerText, inputOf, isNumeric, pairText } from "./shown.js";
import { isOfWords } from "./words.js";

/** @import { DatasetRow, Recipe, RunData, TaskDetail } from "../../client/densely.js" */
/** @typedef {{ model: string, dataset: string, recipe: Recipe }} Judged the model, the dataset as runs name it, and its recipe */

const MOST = 8;
const PAGE = 50;
const MOST_PAGES = 5; // that are looked through for a pair of labels

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
	try {
		const task = await densely.task(run.task, { signal });
		return await mistakesCard(task, { model: run.model_id, dataset: run.dataset, recipe: run.recipe }, signal);
	} catch {
		return null;
	}
}

/** The same of a model; throws where its rows cannot be looked at. @param {TaskDetail} task @param {Judged} judged @param {AbortSignal} signal */
export async function mistakesCard(task, judged, signal) {
	const page = await asked(task, judged, { limit: MOST }, signal);
	const words = isNumeric(task)
		? "The test rows that the model is farthest off at."
		: "Test rows that the model takes for something else, those that it is surest of first.";
	return h(
		"section.card",
		{ label: "Worst mistakes" },
		h("h2", "Worst mistakes"),
		page.items.length
			? [h("p.soft.small", words), list(task, page.items, judged, "Worst mistakes", signal)]
			: h("p.soft", "None: every row of the test split is answered right."),
	);
}

/**
 * Rows of one label that are taken for another.
 *
 * @param {TaskDetail} task
 * @param {Judged} judged
 * @param {{ target: string | number, predicted: string | number }} pair
 * @param {AbortSignal} signal
 */
export async function confusedRows(task, judged, { target, predicted }, signal) {
	/** @type {DatasetRow[]} */
	const found = [];
	/** @type {number | null} */
	let cursor = null;
	for (let pages = 0; found.length < MOST && pages < MOST_PAGES; pages += 1) {
		const page = await asked(task, judged, { limit: PAGE, label: String(target), ...(cursor && { cursor }) }, signal);
		found.push(...page.items.filter((row) => String(row.prediction?.label) === String(predicted)));
		cursor = page.next;
		if (cursor === null) break;
	}
	return list(task, found.slice(0, MOST), judged, pairText(task, { target, predicted }), signal);
}

/** @param {TaskDetail} task @param {Judged} judged @param {object} more @param {AbortSignal} signal @returns {Promise<{ items: DatasetRow[], next: number | null }>} */
function asked(task, { model, dataset }, more, signal) {
	const { name, version } = datasetOf(dataset);
	const wrong = isNumeric(task) ? {} : { wrong: true };
	const query = { split: "test", model, version, ...wrong, ...more };
	return patiently(() => densely.get(`datasets/${encodeURIComponent(name)}/rows`, query, { signal }), signal);
}

/** @param {TaskDetail} task @param {DatasetRow[]} rows @param {Judged} judged @param {string} label @param {AbortSignal} signal */
const list = (task, rows, judged, label, signal) =>
	h(
		"ul.mistakes",
		{ label },
		rows.map((row) => mistake(task, row, judged, signal)),
	);

/** @param {TaskDetail} task @param {DatasetRow} row @param {Judged} judged @param {AbortSignal} signal */
function mistake(task, row, { model, recipe }, signal) {
	const why = h("div", { role: "status" });
	const ask = async (/** @type {any} */ { target }) => {
		if (why.firstChild) {
			target.ariaExpanded = "false";
			put(why);
			return;
		}
		target.ariaExpanded = "true";
		try {
			const prediction = await densely.predict(task.name, row.input, { model, explain: true, signal });
			put(why, explained(task, row.input, prediction, isOfWords(recipe)));
		} catch (error) {
			put(why, h("p.error", told(error)));
		}
	};
	const button_ = button("Why?", ask, { "aria-expanded": "false", label: `Why row ${row.row} is answered so` });
	return h(
		"li",
		{ "data-row": row.row },
		h("div.mistake", h("div", inputOf(task, row.input)), h("p", verdict(task, row)), button_),
		why,
	);
}

/** What is true, and what the model says. @param {TaskDetail} task @param {DatasetRow} row */
function verdict(task, { answer, prediction, row }) {
	const { label, labels, value, probability } = prediction ?? {};
	const said = value === undefined ? answerText(task, Array.isArray(answer) ? labels : label) : figure("value", value);
	const off = value === undefined ? "" : ` (${value < answer ? "−" : "+"}${figure("", Math.abs(value - answer))})`;
	const sure = probability === undefined ? "" : ` ${percent(probability)}`;
	return [
		h("span.soft.small.num.line", `row ${row}`),
		h("span.line", h("span.soft", "is "), h("strong", answerText(task, answer))),
		h("span.line.num", h("span.soft", "said "), said, h("span.soft.small", sure + off)),
	];
}
