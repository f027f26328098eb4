// Texts: a box for each of them, whose words are marked by their effect.

import { button, h, on, put, throttled } from "./dom.js";
import { keep, kept } from "./kept.js";
import { markedText } from "./marks.js";
import { Predictor } from "./predictions.js";
import { resolve } from "./schema.js";
import { examples } from "./try.js";
import { explained } from "./words.js";

/** @import { Fields, Prediction, TaskDetail } from "../../client/densely.js" */
/** @typedef {{ name: string, title: string, most: number, isNeeded: boolean }} Field */
/** @import { Word } from "./words.js" */
/** @typedef {ReturnType<typeof boxOf>} Box */

const ONE_LINE = 1000; // characters: a text that can't be longer gets a box of one line

/** @type {import("./try.js").Form} */
export function show(place, context) {
	const { task, choice } = context;
	const fields = fieldsOf(task);
	const boxes = Object.fromEntries(fields.map((field) => [field.name, boxOf(field)]));
	const warned = Object.fromEntries(fields.map(({ name }) => [name, h("p.warning")]));
	const list = h("div.stack");
	const opened = new Set();
	const mark = (/** @type {Fields} */ input, /** @type {Word[]} */ words) => {
		for (const [name, box] of Object.entries(boxes)) {
			box.mark(
				String(input[name] ?? ""),
				words.filter((word) => word.field === name),
			);
		}
	};
	const forget = () => {
		mark({}, []);
		put(list);
	};
	const predictor = new Predictor(context, {
		found: (/** @type {Prediction} */ prediction, /** @type {Fields} */ input) => {
			mark(input, prediction.explanation.words);
			// What is known of no word has no strongest ones.
			put(list, prediction.known_words !== 0 && explained(prediction.explanation, input, choice.isOfWords, opened));
		},
		warned,
		forget,
	});
	const ask = () => {
		const given = fields.map(({ name }) => [name, boxes[name].area.value]).filter(([, text]) => text.trim());
		const input = Object.fromEntries(given);
		keep(task.name, "input", Object.fromEntries(fields.map(({ name }) => [name, boxes[name].area.value])));
		const isWhole = given.length > 0 && fields.every(({ name, isNeeded }) => name in input || !isNeeded);
		if (isWhole) predictor.predict(input);
		else predictor.drop(h("p.soft", "Type something to see what the model makes of it."));
	};
	place.append(layout(task, { fields, boxes, warned }, ask, [predictor.result, list]));
	return ask;
}

/**
 * @param {TaskDetail} task
 * @param {{ fields: Field[], boxes: Record<string, Box>, warned: Record<string, HTMLElement> }} parts
 * @param {() => void} ask
 * @param {HTMLElement[]} answer
 */
function layout(task, { fields, boxes, warned }, ask, answer) {
	const use = (/** @type {Fields} */ input) => {
		for (const [name, box] of Object.entries(boxes)) box.write(String(input[name] ?? ""));
		ask();
	};
	const clear = () => {
		use({});
		boxes[fields[fields.length - 1].name].area.focus();
	};
	const soon = throttled(ask, 150);
	for (const box of Object.values(boxes)) on(box.area, "input", soon);
	const labelled = (/** @type {Field} */ { name, title }) =>
		h("div.label", h("label", { for: boxes[name].area.id }, title), boxes[name].node, warned[name]);
	use(kept(task.name, "input") ?? task.example);
	return h(
		"div.split",
		h(
			"section.card",
			{ label: "Input" },
			fields.map(labelled),
			examples(task, use, button("Clear", clear, { class: "push" })),
		),
		h("section.card", { label: "Answer" }, answer, task.notice && h("p.note", task.notice)),
	);
}

/** The texts of an input, short ones first: a headline stands above its story. @param {TaskDetail} task @returns {Field[]} */
export function fieldsOf({ input_schema: schema }) {
	const found = Object.entries(schema.properties).map(([name, property]) => {
		const form = resolve(property, schema);
		const text = [form, ...(form.anyOf ?? [])].find((one) => one.type === "string");
		const isNeeded = schema.required?.includes(name) ?? false;
		return (
			text && {
				name,
				title: form.title ?? name,
				most: text.maxLength ?? Infinity,
				isNeeded,
			}
		);
	});
	return found.filter(Boolean).sort((one, other) => one.most - other.most);
}

/** @param {Field} field */
const boxOf = ({ name, title, most }) =>
	markedText({
		rows: most > ONE_LINE ? 7 : 1,
		label: title,
		id: `field-${name}`,
		maxlength: Number.isFinite(most) ? most : null,
	});
