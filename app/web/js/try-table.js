// A row of a table: a field for each column, and a slider where it is known in which range the values lie.

import { answerOf, effectOf } from "./answers.js";
import { alertLine, h, on, put, throttled } from "./dom.js";
import { Predictor } from "./predictions.js";
import { resolve } from "./schema.js";
import { examples } from "./try.js";

/** @import { Fields, Prediction, Range, TaskDetail } from "../../client/densely.js" */
/** @typedef {{ name: string, words: string, range: Range | undefined, isNeeded: boolean }} Column */
/** @typedef {ReturnType<typeof controlOf>} Control */

/** @type {import("./try.js").Form} */
export function show(place, context) {
	const { task } = context;
	const controls = columnsOf(task).map((column) => controlOf(column, () => soon()));
	const tell = (/** @type {Record<string, number>} */ effects) => {
		const most = Math.max(1e-9, ...Object.values(effects).map(Math.abs));
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
		const given = controls.filter((control) => control.isNeeded || !control.isEmpty());
		const wrong = given.filter((control) => !Number.isFinite(control.value())).map((control) => control.name);
		if (wrong.length) predictor.drop(alertLine(`${wrong.join(", ")}: a number is needed`));
		else
			predictor.predict({
				features: Object.fromEntries(given.map((control) => [control.name, control.value()])),
			});
	};
	const soon = throttled(ask, 80);
	const use = (/** @type {Fields} */ input) => {
		const features = /** @type {Record<string, number>} */ (input.features);
		for (const control of controls) control.set(features[control.name]);
		ask();
	};
	place.append(
		h(
			"div.split",
			h(
				"section.card",
				{ label: "Input" },
				h(
					"div.features",
					controls.map(({ node }) => node),
				),
				examples(task, use),
			),
			h("div.stack", h("section.card", { label: "Answer" }, predictor.result), task.notice && h("p.note", task.notice)),
		),
	);
	use(task.example);
	return ask;
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

/** The field of a column. @param {Column} column @param {() => void} changed */
function controlOf({ name, words, range, isNeeded }, changed) {
	const { least, greatest, step } = range ?? {};
	const slider = range
		? h("input", {
				type: "range",
				min: least,
				max: greatest,
				step,
				label: `${name}, slider`,
			})
		: h("span");
	const field = h("input", {
		type: "number",
		step: "any",
		label: words ? `${name}: ${words}` : name,
	});
	const effect = h("span.effect.num");
	on(slider, "input", () => {
		field.value = slider.value;
		changed();
	});
	on(field, "input", () => {
		slider.value = field.value;
		if (Number.isFinite(field.valueAsNumber) || !isNeeded) field.removeAttribute("aria-invalid");
		else field.setAttribute("aria-invalid", "true");
		changed();
	});
	return {
		name,
		isNeeded,
		node: h("div.feature", h("span", h("b", name), h("span.soft", ` ${words}`)), slider, field, effect),
		isEmpty: () => field.value === "",
		value: () => field.valueAsNumber,
		set: (/** @type {number | undefined} */ value) => {
			field.value = value ?? "";
			slider.value = field.value;
			field.removeAttribute("aria-invalid");
		},
		tell: (/** @type {number | undefined} */ value, /** @type {number} */ most) =>
			put(effect, value !== undefined && effectOf(value, most, 2)),
	};
}
