// An answer, shown by what it holds.

import { bars, figure, h, percent, signed, twinBar } from "./dom.js";
import { namesOf } from "./shown.js";

/** @import { Prediction, TaskDetail } from "../../client/densely.js" */

/**
 * @param {TaskDetail} task
 * @param {Prediction} prediction
 * @param {(label: string | number) => string} [named] how a label is written
 */
export function answerOf(task, prediction, named = namesOf(task)) {
	const { label, labels, value, known_words: known } = prediction;
	return h(
		"div.stack",
		label !== undefined && verdict(prediction, named),
		label === undefined && labels !== undefined && several(labels, named),
		value !== undefined && number(task, prediction),
		chances(task, prediction, named),
		known !== undefined && h("p.soft.small", `The model knows ${percent(known, 0)} of the words.`),
		warnings(prediction),
	);
}

/** The label in large letters, with its probability. @param {Prediction} prediction @param {(label: any) => string} named */
function verdict({ abstained, label, probability }, named) {
	const word = abstained ? "no answer" : named(label);
	return h("p.verdict", word, " ", probability !== undefined && h("small", percent(probability)));
}

/** All the labels that it has. @param {(string | number)[]} labels @param {(label: any) => string} named */
const several = (labels, named) =>
	labels.length
		? h(
				"ul.verdict.labels",
				{ label: "The labels" },
				labels.map((label) => h("li", named(label))),
			)
		: h("p.verdict", "none of the labels");

/** @param {TaskDetail} task @param {Prediction} prediction */
function number({ answer }, { value = 0, unit }) {
	const isRating = answer.kind === "rating";
	const words = isRating ? [unit, `from ${answer.from} to ${answer.to}`].filter(Boolean).join(", ") : unit;
	return [
		h("p.verdict", figure("value", value), " ", h("small", words)),
		isRating && scale((value - answer.from) / (answer.to - answer.from)),
		(isRating || answer.kind === "number") && h("p.soft.small", answer.title),
	];
}

/** Where a rating stands between its bounds. @param {number} share */
const scale = (share) =>
	h("div.bar.progress", { "aria-hidden": "true" }, h("i", { style: { "--share": Math.min(1, Math.max(0, share)) } }));

/** The most probable labels, or all. @param {TaskDetail} task @param {Prediction} prediction @param {(label: any) => string} named */
function chances({ answer }, { top, probabilities }, named) {
	if (top) {
		/** @type {[string, number][]} */
		const rows = top.map(({ label, probability }) => [named(label), probability]);
		return bars(rows, "The most probable labels");
	}
	if (!probabilities) return null;
	const labels = answer.kind === "one_of" ? answer.labels : [];
	/** @type {[string, number][]} */
	const rows = Array.isArray(probabilities)
		? probabilities.map((share, place) => [named(labels[place] ?? place), share])
		: Object.entries(probabilities).map(([label, share]) => [named(label), share]);
	return bars(rows, "Probability of each label");
}

/** What speaks against the answer, such as values beyond those that the model was trained on. @param {Prediction} prediction */
const warnings = ({ warnings: found }) =>
	found.length > 0 &&
	h(
		"ul.note",
		found.map((one) => h("li", `${one.field}: ${one.message}`)),
	);

/** The effect of a number of the input: as a figure, and as a bar. @param {number} effect @param {number} most @param {number} [places] */
export const effectOf = (effect, most, places) => [
	h("span.hidden", "effect "),
	signed(effect, places),
	twinBar(effect / most),
];
