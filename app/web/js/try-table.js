// A row of a table: a field for each column.

import { effectOf } from "./answers.js";
import { controlOf } from "./controls.js";
import { alertLine, h, put, throttled } from "./dom.js";
import { keep, kept } from "./kept.js";
import { Predictor } from "./predictions.js";
import { resolve } from "./schema.js";
import { examples } from "./try.js";

/** @import { Fields, Prediction, TaskDetail } from "../../client/densely.js" */
/** @import { Column } from "./controls.js" */

const SMALL = 0.1; // of a probability: what moves it by less does not fill the bar
/** @type {Record<Column["type"], string>} */
const NEEDED = { number: "a number", category: "a name", flag: "true or false", date: "a day" };

/** @type {import("./try.js").Form} */
export function show(place, context) {
	const { task } = context;
	const rows = columnsOf(task).map((column) => new Row(column, () => soon()));
	const isNumbers = rows.every(({ column }) => column.type === "number");
	const tell = (/** @type {Record<string, number>} */ effects) => {
		const isShare = !["number", "rating"].includes(task.answer.kind);
		const most = Math.max(isShare ? SMALL : 1e-9, ...Object.values(effects).map(Math.abs));
		for (const row of rows) row.tell(effects[row.column.name], most);
	};
	const predictor = new Predictor(context, {
		found: (/** @type {Prediction} */ prediction) => {
			tell(prediction.explanation.effects);
			return h("p.soft.small", meaning(prediction, isNumbers));
		},
		warned: Object.fromEntries(rows.map(({ column, warning }) => [`features.${column.name}`, warning])),
		forget: () => tell({}),
	});
	const ask = () => {
		const wrong = rows
			.filter((row) => row.check())
			.map(({ column }) => `${column.name}: ${NEEDED[column.type]} is needed`);
		const given = rows
			.map(({ column, control }) => [column.name, control.read()])
			.filter(([, value]) => value !== undefined);
		const features = Object.fromEntries(given);
		keep(task.name, "input", { features });
		if (wrong.length) predictor.drop(alertLine(wrong.join("; ")));
		else predictor.predict({ features });
	};
	const soon = throttled(ask, 80);
	const use = (/** @type {Fields} */ input) => {
		const features = /** @type {Fields} */ (input.features);
		for (const { column, control } of rows) control.write(features[column.name]);
		ask();
	};
	place.append(layout(task, rows, use, predictor.result));
	use(kept(task.name, "input") ?? task.example);
	return ask;
}

/** @param {TaskDetail} task @param {Row[]} rows @param {(input: Fields) => void} use @param {HTMLElement} answer */
function layout(task, rows, use, answer) {
	const nodes = rows.map(({ node }) => node);
	return h(
		"div.split",
		h("section.card", { label: "Input" }, h("div.features", nodes), examples(task, use)),
		h("div.stack", h("section.card", { label: "Answer" }, answer), task.notice && h("p.note", task.notice)),
	);
}

/** @param {TaskDetail} task @returns {Column[]} */
export function columnsOf({ input_schema: schema, ranges, categories }) {
	const form = resolve(schema.properties.features, schema);
	return Object.entries(form.properties).map(([name, property]) => ({
		name,
		words: property.description ?? "",
		type: typeOf(property, schema),
		range: ranges[name],
		values: categories[name] ?? [],
		isNeeded: form.required?.includes(name) ?? false,
	}));
}

/** @param {any} property @param {any} schema @returns {Column["type"]} */
function typeOf(property, schema) {
	const forms = [property, ...(property.anyOf ?? [])].map((one) => resolve(one, schema));
	const { type, format } = forms.find((one) => one.type && one.type !== "null") ?? {};
	if (type === "string") return format === "date" ? "date" : "category";
	return type === "boolean" ? "flag" : "number";
}

/** What the bars beside the columns show. @param {Prediction} prediction @param {boolean} isNumbers whether all columns are */
function meaning({ explanation }, isNumbers) {
	const of = explanation.label === null ? "answer" : `probability of “${explanation.label}”`;
	const usual = isNumbers ? "that figure at its mean" : "that value as is usual";
	return `The bars show each ${isNumbers ? "figure" : "value"}’s effect: the ${of} minus what it would be with ${usual} in training.`;
}

/** A column with its field and effect. */
class Row {
	warning = h("p.warning");
	#effect = h("span.effect.num");

	/** @param {Column} column @param {() => void} changed */
	constructor(column, changed) {
		this.column = column;
		this.control = controlOf(column, changed);
		const { name, words } = column;
		this.node = h(
			"div.feature",
			h("span", h("b", name), words && h("span.soft", ` ${words}`)),
			this.control.nodes,
			this.#effect,
			this.warning,
		);
	}

	/** Marks the field if its value is wrong; whether it is. */
	check() {
		const value = this.control.read();
		const isWrong = value === undefined ? this.column.isNeeded : Number.isNaN(value);
		this.control.mark(isWrong);
		return isWrong;
	}

	/** Shows its effect, if there is one. @param {number | undefined} effect @param {number} most of all columns */
	tell(effect, most) {
		put(this.#effect, effect !== undefined && effectOf(effect, most, 2));
	}
}
