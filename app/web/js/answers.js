// An answer, shown by what it holds; "not sure" where the model has none, or none to rely on.

import { bars, counted, figure, h, percent, signed, twinBar } from "./dom.js";
import { namesOf } from "./shown.js";

/** @import { Prediction, Task, TaskDetail } from "../../client/densely.js" */

/**
 * Beyond which an answer is none to rely on: the novelty above which the model warns, and what the request asked for.
 *
 * @typedef {{ usual?: number | undefined, min_confidence?: number, max_novelty?: number }} Limits
 */

const IN_SIGHT = 3; // parts of an input that are seen together with its answer
const NO_LIMITS = { usual: 1, min_confidence: 0, max_novelty: undefined };
const NOTHING_TOLD = { abstained: false, known_words: undefined, novelty: 0, probability: 1 };

/** How a label is written: those of the plane are numbers, which say nothing by themselves. @param {Task} task @returns {(label: any) => string} */
export const naming = (task) => (task.kind === "plane" ? (label) => `class ${label}` : namesOf(task));

/**
 * @param {TaskDetail} task
 * @param {Prediction} prediction
 * @param {Limits} limits
 */
export function answerOf(task, prediction, limits) {
	const { known_words: known } = prediction;
	const doubt = doubtOf(prediction, limits);
	return h(
		"div.stack",
		doubt ? notSure(task, prediction, doubt) : headline(task, prediction),
		known !== 0 && chances(task, prediction),
		known !== undefined && known > 0 && h("p.soft.small", `The model knows ${percent(known, 0)} of the words.`),
	);
}

/** The same in one line. @param {TaskDetail} task @param {Prediction} prediction @param {Limits} limits */
export function briefOf(task, prediction, limits) {
	const { probability, warnings } = prediction;
	const doubt = doubtOf(prediction, limits);
	const marks = warnings.filter(({ field }) => field !== "model").length;
	return [
		h("b", doubt ? "not sure" : wordsOf(task, prediction)),
		!doubt && probability !== undefined && h("span.num", percent(probability)),
		marks > 0 && h("span.soft.small.push", counted(marks, "warning")),
	];
}

/**
 * Why an answer is none to rely on; empty where it is one. Who sets a limit of novelty has the answers below it.
 *
 * @param {Prediction} prediction
 * @param {Limits} limits
 */
export function doubtOf(prediction, limits) {
	const { abstained, known_words: known, novelty, probability } = { ...NOTHING_TOLD, ...prediction };
	const { usual, min_confidence: least, max_novelty: most } = { ...NO_LIMITS, ...limits };
	const bound = most ?? usual ?? 1;
	if (known === 0 && (abstained || most === undefined)) return "The model knows none of these words.";
	if (novelty > bound) {
		return `This is unlike what the model has learnt from: its novelty is ${percent(novelty)}, above ${written(bound)}.`;
	}
	return abstained ? abstentionOf(probability, least) : "";
}

/** As somebody wrote it. @param {number} limit */
const written = (limit) => `${Number((100 * limit).toPrecision(6))} %`;

/** @param {number} probability @param {number} least that was asked for */
const abstentionOf = (probability, least) =>
	probability < least
		? `The model is ${percent(probability)} sure of its best answer, and ${written(least)} are asked for.`
		: "The model gives no answer.";

/** The answer in words. @param {TaskDetail} task @param {Prediction} prediction @returns {string} */
export function wordsOf(task, prediction) {
	const { label, labels, value, unit } = prediction;
	const named = naming(task);
	if (value !== undefined) return [figure("value", value), unit].filter(Boolean).join(" ");
	if (label === undefined && labels) return labels.map(named).join(", ") || "none of the labels";
	const best = label ?? bestOf(prediction);
	return best === null ? "" : named(best);
}

/** The label that it would give. @param {Prediction} prediction @returns {string | number | null} */
const bestOf = ({ explanation, top }) => explanation?.label ?? top?.[0]?.label ?? null;

/** What speaks against an answer, and what it would be. @param {TaskDetail} task @param {Prediction} prediction @param {string} doubt */
function notSure(task, prediction, doubt) {
	const { known_words: known, probability, abstained } = prediction;
	const words = wordsOf(task, prediction);
	const sure = probability === undefined || abstained ? "" : `, ${percent(probability)}`;
	return [
		h("p.verdict.unsure", "not sure"),
		h("p", doubt),
		known !== 0 && words && h("p.soft", "The nearest answer would be ", h("b", words), `${sure}.`),
	];
}

/** @param {TaskDetail} task @param {Prediction} prediction */
function headline(task, prediction) {
	const { label, labels, value, probability } = prediction;
	if (value !== undefined) return number(task, prediction);
	if (label === undefined && labels !== undefined) return several(labels, naming(task));
	const sure = probability !== undefined && h("small", percent(probability));
	return h("p.verdict", wordsOf(task, prediction), " ", sure);
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

/** The most probable labels, or all. @param {TaskDetail} task @param {Prediction} prediction */
function chances(task, { top, probabilities }) {
	const { answer } = task;
	const named = naming(task);
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

/**
 * Says each warning at the part of the input that it is about, and names those parts; what has no such place is said
 * here. Those about the model stand with the model.
 *
 * @param {Record<string, HTMLElement>} places by field
 * @param {Prediction["warnings"]} warnings
 */
export function placeWarnings(places, warnings) {
	const own = warnings.filter(({ field }) => field !== "model");
	for (const place of Object.values(places)) {
		const here = own.filter(({ field }) => places[field] === place);
		place.textContent = here.map(({ message }) => message).join("; ");
	}
	const rest = own.filter(({ field }) => !places[field]);
	const named = [...new Set(own.filter(({ field }) => places[field]).map(({ field }) => field.split(".").at(-1)))];
	const isFar = Object.keys(places).length > IN_SIGHT;
	return [
		isFar &&
			named.length > 0 &&
			h("p.soft.small", `${counted(own.length - rest.length, "warning")}, at ${named.join(", ")}.`),
		rest.length > 0 &&
			h(
				"ul.note",
				rest.map(({ field, message }) => h("li", `${field}: ${message}`)),
			),
	];
}

/** The effect of a number of the input: as a figure, and as a bar. @param {number} effect @param {number} most @param {number} [places] */
export const effectOf = (effect, most, places) => [
	h("span.hidden", "effect "),
	signed(effect, places),
	twinBar(effect / most),
];
