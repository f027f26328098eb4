// The figures of a run or a model.

import { figure, h, table } from "./dom.js";

/** @import { Metrics, RunStatus } from "../../client/densely.js" */

/** @type {["test" | "baseline" | "train" | "validation", string][]} */
const PARTS = [
	["test", "Test"],
	["baseline", "Guessing"],
	["train", "Training"],
	["validation", "Validation"],
];

/** @param {{ status?: RunStatus }} run or sweep */
export const isFailed = ({ status = "succeeded" }) => ["failed", "cancelled"].includes(status);

/** Every figure, with what guessing scores beside it. @param {{ metrics: Metrics, status?: RunStatus }} owner a run or a model */
export function figuresOf(owner) {
	const { metrics } = owner;
	const parts = PARTS.filter(([part]) => Object.keys(metrics[part]).length);
	if (!parts.length) {
		const end = "There are none: the training did not come to its end.";
		return h("p.soft", isFailed(owner) ? end : "They come when the training has ended.");
	}
	const found = parts.flatMap(([part]) => Object.keys(metrics[part]));
	const names = [...new Set(found)].filter((name) => !name.endsWith("_std"));
	const rows = names.map((name) => [name, ...parts.map(([part]) => figure(name, metrics[part][name]))]);
	const heads = ["Figure", ...parts.map(([, title]) => title)];
	return [table("Figures of the run", heads, rows, 1), spreadOf(metrics)];
}

/** Mean and spread over folds or seeds. @param {Metrics} metrics */
function spreadOf({ spread }) {
	if (!spread) return null;
	const heldOut = Object.entries(spread.validation ?? {}).map(([name, one]) => ({ ...one, name, of: "held-out " }));
	const test = Object.entries(spread.test ?? {}).map(([name, one]) => ({
		...one,
		name,
		of: "",
	}));
	const words = [...test, ...heldOut].map(
		({ of, name, mean, std }) => `${of}${name} ${figure(name, mean)} ± ${figure(name, std)}`,
	);
	return words.length > 0 && h("p.soft.small.num", `Over ${spread.count} ${spread.over}: ${words.join(", ")}`);
}
