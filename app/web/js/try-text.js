// Texts: a box for each of them, whose words are marked by their effect.

import { answerOf } from "./answers.js";
import { button, count, figure, h, on, percent, put, signed, table, throttled } from "./dom.js";
import { markedText } from "./marks.js";
import { Predictor } from "./predictions.js";
import { resolve } from "./schema.js";
import { examples } from "./try.js";

/** @import { Fields, Prediction, TaskDetail } from "../../client/densely.js" */
/** @typedef {{ name: string, title: string, most: number, isNeeded: boolean }} Field */
/** @typedef {{ word: string, field: string, start: number, end: number, effect: number }} Word */
/** @typedef {{ field: string, start: number, end: number, score: number }} Sentence */

const MOST_ROWS = 300; // of the table of words
const ONE_LINE = 1000; // characters: a text that can't be longer gets a box of one line

/** @type {import("./try.js").Form} */
export function show(place, context) {
	const fields = fieldsOf(context.task);
	const boxes = Object.fromEntries(fields.map((field) => [field.name, boxOf(field)]));
	const list = h("div");
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
			put(list, wordTable(prediction.explanation), sentenceTable(prediction.explanation, input));
			return answerOf(context.task, prediction);
		},
		forget,
	});
	const ask = () => {
		const given = fields.map(({ name }) => [name, boxes[name].area.value]).filter(([, text]) => text.trim());
		const input = Object.fromEntries(given);
		const isWhole = given.length > 0 && fields.every(({ name, isNeeded }) => name in input || !isNeeded);
		if (isWhole) predictor.predict(input);
		else predictor.drop(h("p.soft", "Type something to see what the model makes of it."));
	};
	place.append(layout(context.task, fields, boxes, ask, [predictor.result, list]));
	return ask;
}

/**
 * @param {TaskDetail} task
 * @param {Field[]} fields
 * @param {Record<string, ReturnType<typeof boxOf>>} boxes
 * @param {() => void} ask
 * @param {HTMLElement[]} answer
 */
function layout(task, fields, boxes, ask, answer) {
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
		h("div.label", h("label", { for: boxes[name].area.id }, title), boxes[name].node);
	use(task.example);
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

/** @param {{ label: string | number | null, words: Word[] }} explanation */
function wordTable({ label, words }) {
	const rows = words.slice(0, MOST_ROWS).map((word) => [word.word, signed(word.effect, 4)]);
	const rest = words.length - MOST_ROWS;
	const of = label === null ? "the answer" : `the probability of ${label}`;
	return h(
		"div.stack",
		label === null ? numberLegend() : labelLegend(label),
		h(
			"details",
			h("summary", "The words as a table"),
			table(`Effect of each word on ${of}`, ["Word", "Effect"], rows, 1),
			rest > 0 && h("p.soft.small", `and ${count(rest)} more`),
		),
	);
}

/** What each sentence says by itself. @param {{ label: string | null, sentences: Sentence[] }} explanation @param {Fields} input */
function sentenceTable({ label, sentences }, input) {
	if (sentences.length === 0) return null;
	const rows = sentences.map(({ field, start, end, score }) => [
		[...String(input[field])].slice(start, end).join(""),
		label === null ? figure("value", score) : percent(score),
	]);
	const of = label === null ? "The answer" : `The probability of ${label}`;
	return h(
		"details.sentences",
		h("summary", "Sentence by sentence"),
		table(`${of} to each sentence by itself`, ["Sentence", label ?? "Answer"], rows, 1),
	);
}

/** What the marks mean. @param {string | number} label */
const labelLegend = (label) =>
	h(
		"p.soft.small",
		"A word ",
		h("span.key", "speaks for"),
		" or ",
		h("span.key.minus", "against"),
		` “${label}”: how much its probability changes without it.`,
	);

const numberLegend = () =>
	h(
		"p.soft.small",
		"A word ",
		h("span.key", "raises"),
		" or ",
		h("span.key.minus", "lowers"),
		" the answer: how much it changes without it.",
	);
