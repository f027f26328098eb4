// A row of a table: a field for each column, and a slider where it is known in which range the values lie.

import { answerOf, effectOf } from "./answers.js";
import { alertLine, h, on, put, throttled } from "./dom.js";
import { Predictor } from "./predictions.js";
import { resolve } from "./schema.js";
import { examples } from "./try.js";

/** @import { Fields, Prediction, Range, TaskDetail } from "../../client/densely.js" */
/** @typedef {{ name: string, words: string, range: Range | undefined, isNeeded: boolean }} Column */

const SMALL = 0.1; // of a probability: what moves it by less does not fill the bar

/** @type {import("./try.js").Form} */
export function show(place, context) {
	const { task } = context;
	const controls = columnsOf(task).map((column) => new Control(column, () => soon()));
	const tell = (/** @type {Record<string, number>} */ effects) => {
		const most = Math.max(task.answer.kind === "one_of" ? SMALL : 1e-9, ...Object.values(effects).map(Math.abs));
		for (const control of controls) control.tell(effects[control.name], most);
	};
	const predictor = new Predictor(context, {
		found: (/** @type {Prediction} */ prediction) => {
			tell(prediction.explanation.effects);
			return [answerOf(task, prediction), h("p.soft.small", meaning(prediction))];
		},
		forget: () => tell({}),
	});
	const ask = () => {
		const given = controls.filter((control) => control.isNeeded || !control.isEmpty);
		const wrong = given.filter((control) => !Number.isFinite(control.value)).map(({ name }) => name);
		const features = Object.fromEntries(given.map(({ name, value }) => [name, value]));
		if (wrong.length) predictor.drop(alertLine(`${wrong.join(", ")}: a number is needed`));
		else predictor.predict({ features });
	};
	const soon = throttled(ask, 80);
	const use = (/** @type {Fields} */ input) => {
		const features = /** @type {Record<string, number>} */ (input.features);
		for (const control of controls) control.value = features[control.name];
		ask();
	};
	place.append(layout(task, controls, use, predictor.result));
	use(task.example);
	return ask;
}

/** @param {TaskDetail} task @param {Control[]} controls @param {(input: Fields) => void} use @param {HTMLElement} answer */
function layout(task, controls, use, answer) {
	const nodes = controls.map(({ node }) => node);
	return h(
		"div.split",
		h("section.card", { label: "Input" }, h("div.features", nodes), examples(task, use)),
		h("div.stack", h("section.card", { label: "Answer" }, answer), task.notice && h("p.note", task.notice)),
	);
}

/** @param {TaskDetail} task @returns {Column[]} */
function columnsOf({ input_schema: schema, ranges }) {
	const form = resolve(schema.properties.features, schema);
	return Object.entries(form.properties).map(([name, { description }]) => ({
		name,
		words: description ?? "",
		range: ranges[name],
		isNeeded: form.required?.includes(name) ?? false,
	}));
}

/** What the bars beside the columns show. @param {Prediction} prediction */
function meaning({ explanation }) {
	const of = explanation.label === null ? "answer" : `probability of “${explanation.label}”`;
	return `The bars show each figure’s effect: the ${of} minus what it would be with that figure at its mean in training.`;
}

/** The field of a column. */
class Control {
	#field;
	#slider;
	#effect = h("span.effect.num");

	/** @param {Column} column @param {() => void} changed */
	constructor({ name, words, range, isNeeded }, changed) {
		this.name = name;
		this.isNeeded = isNeeded;
		this.#field = h("input", { type: "number", step: "any", label: words ? `${name}: ${words}` : name });
		this.#slider = range ? sliderOf(name, range) : h("span");
		this.node = h(
			"div.feature",
			h("span", h("b", name), h("span.soft", ` ${words}`)),
			this.#slider,
			this.#field,
			this.#effect,
		);
		on(this.#slider, "input", () => {
			this.#field.value = this.#slider.value;
			changed();
		});
		on(this.#field, "input", () => {
			this.#slider.value = this.#field.value;
			this.#check();
			changed();
		});
	}

	get isEmpty() {
		return this.#field.value === "";
	}

	/** @returns {number | undefined} */
	get value() {
		return this.#field.valueAsNumber;
	}

	set value(value) {
		this.#field.value = value ?? "";
		this.#slider.value = this.#field.value;
		this.#check();
	}

	#check() {
		const isWrong = this.isNeeded && !Number.isFinite(this.value);
		if (isWrong) this.#field.setAttribute("aria-invalid", "true");
		else this.#field.removeAttribute("aria-invalid");
	}

	/** Shows its effect, if there is one. @param {number | undefined} effect @param {number} most of all columns */
	tell(effect, most) {
		put(this.#effect, effect !== undefined && effectOf(effect, most, 2));
	}
}

/** @param {string} name @param {Range} range */
const sliderOf = (name, { least, greatest, step }) =>
	h("input", { type: "range", min: least, max: greatest, step, label: `${name}, slider` });
