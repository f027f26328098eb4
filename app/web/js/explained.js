// Why a model answers as it does, in short: the words, columns or pixels that speak for and against it.

import { effectOf } from "./answers.js";
import { h, signed, table } from "./dom.js";
import { marked, strongest } from "./marks.js";
import { grouped } from "./words.js";

/** @import { Fields, Prediction, TaskDetail } from "../../client/densely.js" */
/** @import { Word } from "./words.js" */

const MOST = 8; // words or columns of a table
const SMALL = 1 / 8; // of the strongest effect: what is less stays plain

/**
 * What an explanation shows of its input.
 *
 * @param {TaskDetail} task
 * @param {Fields} input
 * @param {Prediction} prediction
 * @param {boolean} isOnce whether an effect tells of a word wherever it stands; else of one place
 */
export function explained(task, input, prediction, isOnce) {
	const { explanation } = prediction;
	if (!explanation) return h("p.soft", "This kind of model explains nothing.");
	const { label } = explanation;
	const [plus, minus, of] =
		label === null ? ["raises", "lowers", "the answer"] : ["for", "against", `“${task.label_names?.[label] ?? label}”`];
	return h(
		"div.stack.explained",
		shown(input, explanation, isOnce),
		h("p.soft.small", h("span.key", plus), " or ", h("span.key.minus", minus), ` ${of}`),
	);
}

/** @param {Fields} input @param {any} explanation @param {boolean} isOnce */
function shown(input, explanation, isOnce) {
	if (explanation.words) return texts(input, explanation.words, isOnce);
	if (Array.isArray(explanation.effects)) return pixels(explanation.effects);
	const effects = /** @type {[string, number][]} */ (Object.entries(explanation.effects));
	return strongestOf("Effect of each value", "Value", effects);
}

/** @param {string} caption @param {string} head @param {[string, number][]} effects */
function strongestOf(caption, head, effects) {
	const sorted = effects.toSorted(([, one], [, other]) => Math.abs(other) - Math.abs(one)).slice(0, MOST);
	const most = Math.max(1e-9, ...sorted.map(([, effect]) => Math.abs(effect)));
	const rows = sorted.map(([name, effect]) => [name, h("span.effect", effectOf(effect, most))]);
	return table(caption, [head, "Effect"], rows, 1);
}

/** The texts with their words marked, and the strongest words, each once. @param {Fields} input @param {Word[]} words @param {boolean} isOnce */
function texts(input, words, isOnce) {
	const fields = Object.keys(input).filter((field) => words.some((word) => word.field === field));
	const most = strongest(words, 1e-9);
	const told = grouped(words, isOnce).slice(0, MOST);
	return h(
		"div.stack",
		fields.map((field) =>
			h(
				"p.marked-text",
				{ tabindex: 0, role: "group", label: field },
				marked(
					Array.from(String(input[field])),
					words.filter((word) => word.field === field),
					most,
					SMALL,
					"span.key",
				),
			),
		),
		h(
			"p.small",
			"Strongest: ",
			told.map(({ word, effect }) => [
				h("span.key", { class: effect < 0 ? "key minus" : "key" }, `${word} ${signed(effect)}`),
				" ",
			]),
		),
	);
}

/** Of each pixel, of its colours together. @param {number[][] | number[][][]} effects row by row */
function pixels(effects) {
	const side = effects.length;
	const sums = effects.flatMap((row) =>
		row.map((one) => (Array.isArray(one) ? one.reduce((sum, part) => sum + part, 0) : one)),
	);
	const most = Math.max(1e-9, ...sums.map(Math.abs));
	const canvas = h("canvas.thumb.large", {
		width: side,
		height: side,
		role: "img",
		label: "Pixels that speak for and against the answer",
	});
	const view = canvas.getContext("2d");
	const style = getComputedStyle(document.documentElement);
	sums.forEach((effect, place) => {
		const colour = style.getPropertyValue(effect > 0 ? "--for-rgb" : "--against-rgb");
		view.fillStyle = `rgb(${colour} / ${Math.sqrt(Math.abs(effect) / most)})`;
		view.fillRect(place % side, Math.floor(place / side), 1, 1);
	});
	return h("div", canvas); // on its own in a stack it would pass for something that is still empty
}
