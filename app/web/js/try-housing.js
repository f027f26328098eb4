// The thirteen figures of a part of town, as sliders and numbers.

import { alertLine, button, h, on, put, signed, throttled, twinBar } from "./dom.js";
import { predictor, warnings } from "./predictions.js";

// Least, most and step of the sliders, as in the published table; fields take any number.
const RANGES = {
	CRIM: [0, 90, 0.01], ZN: [0, 100, 0.5], INDUS: [0, 28, 0.1], CHAS: [0, 1, 1], NOX: [0.38, 0.88, 0.001], RM: [3.5, 9, 0.01], AGE: [0, 100, 0.1],
	DIS: [1, 12.5, 0.01], RAD: [1, 24, 1], TAX: [180, 720, 1], PTRATIO: [12, 22, 0.1], B: [0, 397, 0.1], LSTAT: [1, 38, 0.01],
};

export async function show(place, context) {
	const form = context.task.input_schema.$defs.HousingFeatures.properties;
	const example = context.task.example.features;
	const controls = Object.fromEntries(Object.entries(form).map(([name, field]) => [name, feature(name, field.description, () => soon())]));
	const list = h("div.features", Object.values(controls).map((control) => control.node));
	const tell = (effects) => {
		const most = Math.max(0.5, ...Object.values(effects).map(Math.abs));
		for (const [name, control] of Object.entries(controls)) control.tell(effects[name], most);
	};
	const { predict, result, drop } = predictor(context, ({ prediction }) => {
		tell(prediction.explanation.effects);
		const dollars = Math.round(prediction.value * 1000).toLocaleString("en");
		return [h("p.verdict", `$${dollars}`, " ", h("small", "median home price")),
			h("p.soft.small.num", `${prediction.value.toFixed(2)} ${prediction.unit}`),
			h("p.soft.small", "The bars show each figure’s effect: the price minus what it would be with that figure at its mean in training."),
			warnings(prediction)];
	}, () => tell({}));
	const ask = () => {
		const features = Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value()]));
		const wrong = Object.keys(features).filter((name) => !Number.isFinite(features[name]));
		if (wrong.length) drop(alertLine(`${wrong.join(", ")}: a number is needed`));
		else predict({ features });
	};
	const soon = throttled(ask, 80);
	const reset = () => { for (const [name, control] of Object.entries(controls)) control.set(example[name]); ask(); };
	place.append(h("div.split",
		h("section.card", { label: "Input" }, list,
			h("div.row", button("Back to the example", reset))),
		h("div.stack", h("section.card", { label: "Answer" }, result),
			context.task.notice && h("p.note", context.task.notice))));
	reset();
	return ask;
}

function feature(name, description, changed) {
	const [min, max, step] = RANGES[name];
	const slider = h("input", { type: "range", min, max, step, label: `${name}, slider` });
	const field = h("input", { type: "number", step: "any", label: `${name}: ${description}` });
	const effect = h("span.effect.num");
	on(slider, "input", () => { field.value = slider.value; changed(); });
	on(field, "input", () => {
		slider.value = field.value;
		if (Number.isFinite(field.valueAsNumber)) field.removeAttribute("aria-invalid"); else field.setAttribute("aria-invalid", "true");
		changed();
	});
	return {
		node: h("div.feature", h("span", h("b", name), h("span.soft", ` ${description}`)), slider, field, effect),
		value: () => field.valueAsNumber,
		set: (value) => { field.value = value; slider.value = value; field.removeAttribute("aria-invalid"); },
		tell: (value, most) => put(effect, value !== undefined && [h("span.hidden", "effect "), signed(value, 2), twinBar(value / most)]),
	};
}
