// When a classifier should rather give no answer: how sure it has to be, and how novel an input may be.

import { h, on, put } from "./dom.js";
import { keep, kept } from "./kept.js";

/** @import { Task } from "../../client/densely.js" */
/** @import { ModelChoice } from "./try-model.js" */

/** @typedef {{ min_confidence?: number, max_novelty?: number }} Limits */

/** @type {[keyof Limits, string, string][]} */
const FIELDS = [
	["min_confidence", "Least probability", "0.9: “not sure” below 90 %"],
	["max_novelty", "Greatest novelty", "0.99: “not sure” where an input is more novel than 99 % of the training rows"],
];

/**
 * Fields for both, folded; `draw` shows those that the present model takes.
 *
 * @param {Task} task
 * @param {ModelChoice} choice
 * @param {() => void} changed
 */
export function limitsOf(task, choice, changed) {
	const values = /** @type {Record<string, string>} */ (kept(task.name, "limits") ?? {});
	const inputs = FIELDS.map(([name, title, hint]) => {
		const field = h("input", {
			type: "number",
			min: 0,
			max: 1,
			step: "any",
			value: values[name] ?? "",
			placeholder: "none",
		});
		on(field, "input", () => {
			if (field.validity.valid) field.removeAttribute("aria-invalid");
			else field.setAttribute("aria-invalid", "true");
			keep(task.name, "limits", Object.fromEntries(inputs.map((one) => [one.name, one.field.value])));
			changed();
		});
		return { name, field, node: h("label", title, field, h("span.hint", hint)) };
	});
	const takes = (/** @type {string} */ name) => name === "min_confidence" || choice.limit !== undefined;
	const classifies = ["one_of", "several_of"].includes(task.answer.kind);
	const shown = () => (classifies ? inputs.filter(({ name }) => takes(name)) : []);
	const grid = h("div.grid");
	const node = h("details.limits", h("summary", "When it should not answer"), grid);
	const draw = () =>
		put(
			grid,
			shown().map((one) => one.node),
		);
	const read = () => {
		const given = shown().filter(({ field }) => field.value && field.validity.valid);
		return /** @type {Limits} */ (Object.fromEntries(given.map(({ name, field }) => [name, field.valueAsNumber])));
	};
	node.open = Object.keys(read()).length > 0; // a limit that is in force is seen
	draw();
	return { node: classifies && node, draw, read };
}
