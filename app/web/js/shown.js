// A row of a dataset: its input in short, and labels as they are shown.

import { figure, h } from "./dom.js";

/** @import { Fields, Task } from "../../client/densely.js" */

const LONGEST = 280; // characters of a text
const MOST = 14; // values of a table's row

/** How the labels of a task are written. @param {Task} task @returns {(label: any) => string} */
export const namesOf =
	({ label_names: names }) =>
	(label) =>
		names?.[String(label)] ?? String(label);

/** One label taken for another, in words. @param {Task} task @param {{ target: string | number, predicted: string | number }} pair */
export const pairText = (task, { target, predicted }) =>
	`${namesOf(task)(target)} taken for ${namesOf(task)(predicted)}`;

/** Whether the answers of a task are numbers. @param {Task} task */
export const isNumeric = ({ answer }) => answer.kind === "number" || answer.kind === "rating";

/** An answer of a dataset or a model: a label, several, or a number. @param {Task} task @param {any} answer */
export function answerText(task, answer) {
	if (answer === null || answer === undefined) return "–";
	const named = namesOf(task);
	if (Array.isArray(answer)) return answer.length ? answer.map(named).join(", ") : "none";
	return isNumeric(task) ? figure("value", answer) : named(answer);
}

/** An input in short. @param {Task} task @param {Fields} input */
export function inputOf({ kind }, input) {
	if (kind === "image") return picture(/** @type {any} */ (input.pixels));
	if (kind === "plane") return `(${/** @type {number[]} */ (input.point).map((one) => figure("", one)).join(", ")})`;
	if (kind === "table") return features(/** @type {Fields} */ (input.features ?? input));
	return h(
		"span",
		Object.values(input).map((text) => h("span.line", clipped(String(text ?? "")))),
	);
}

/** @param {string} text */
const clipped = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** @param {Fields} values */
function features(values) {
	const found = Object.entries(values);
	const more = found.length - MOST;
	return h(
		"span.small",
		found.slice(0, MOST).map(([name, value]) => h("span.pair", h("span.soft", `${name} `), valueText(value))),
		more > 0 && h("span.soft", `and ${more} more`),
	);
}

/** @param {unknown} value */
function valueText(value) {
	if (value === null || value === undefined) return "–";
	return typeof value === "number" ? figure("", value) : clipped(String(value));
}

/** Grey values or colours, row by row, 0 to 255, whole rows or one list. @param {any[]} pixels */
function picture(pixels) {
	if (!pixels) return "–";
	const values = pixels.flat(2);
	const isGrid = Array.isArray(pixels[0]);
	const side = isGrid ? pixels.length : Math.sqrt(values.length % 3 ? values.length : squareOf(values.length));
	const channels = values.length / (side * side);
	const canvas = h("canvas.thumb", { width: side, height: side, role: "img", label: "The picture" });
	const view = canvas.getContext("2d");
	const image = view.createImageData(side, side);
	for (let place = 0; place < side * side; place += 1) {
		for (let part = 0; part < 3; part += 1) {
			image.data[4 * place + part] = values[place * channels + (channels > 1 ? part : 0)];
		}
		image.data[4 * place + 3] = 255;
	}
	view.putImageData(image, 0, 0);
	return canvas;
}

/** Pixels of a square picture of so many numbers. @param {number} numbers */
const squareOf = (numbers) => (Number.isInteger(Math.sqrt(numbers)) ? numbers : numbers / 3);
