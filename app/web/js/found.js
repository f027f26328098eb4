// What a sweep found: its trials, what makes the difference, and what choosing is worth.

import { badge, bars, counted, duration, facts, figure, h, jsonOf, moment, table } from "./dom.js";

/** @import { Outcome, SweepData, TrialRow } from "../../client/densely.js" */

/** @param {SweepData} sweep */
export const plain = ({ plan }) => plan.metric.replace("val_", "");

/** What was found, and what that is worth. @param {SweepData} data @param {Outcome} outcome */
export function outcomeOf(data, outcome) {
	const name = plain(data);
	const isFinal = name in outcome.test;
	return [
		h("h2", isFinal ? "What it found" : "Best so far"),
		facts([
			["Parameters", chosen(outcome.parameters)],
			[
				`Validation ${name}`,
				`${figure(name, outcome.value)}, the best of ${counted(outcome.trials, "trial")}: chosen by it, so better than it is`,
			],
			outcome.base && [
				`${data.plan.preset} as it was`,
				h("a", { href: `#/runs/${outcome.base.run_id}` }, figure(name, outcome.base.value), " on the same rows"),
			],
			isFinal && [
				`Test ${name}`,
				h("b.num", figure(name, outcome.test[name]), " ", h("span.soft", "on rows that chose nothing")),
			],
			name in outcome.spread && [`Over ${data.plan.final_seeds} seeds`, overSeeds(name, outcome.spread[name])],
			name in outcome.baseline && ["Guessing", figure(name, outcome.baseline[name])],
			["Trial", h("a", { href: `#/runs/${outcome.run_id}` }, `trial ${outcome.number}`)],
			outcome.final_run && [
				"Trained on all rows",
				h("span", h("a", { href: `#/runs/${outcome.final_run}` }, outcome.final_run), ` ${outcome.final_status ?? ""}`),
			],
			outcome.model_id && ["Model", modelOf(outcome, outcome.model_id)],
		]),
	];
}

/** @param {string} name of a figure @param {Outcome["spread"][string]} spread */
function overSeeds(name, { mean, std, min, max }) {
	const range = h("span.soft.small", ` from ${figure(name, min)} to ${figure(name, max)}`);
	return h("span.num", `${figure(name, mean)} ± ${figure(name, std)}`, range);
}

/** Its model, and whether it was put live by itself. @param {Outcome} outcome @param {string} id */
function modelOf({ activated, activation_reason: reason }, id) {
	const link = h("a", { href: `#/models/${id}` }, id);
	if (activated === null) return link;
	const fate = h(activated ? "span.badge.active" : "span.badge", activated ? "became active" : "not active");
	return [
		h("div.row", link, fate),
		h("div.soft.small", `${activated ? "It became active" : "It did not become active"}: ${reason}`),
	];
}

/** @param {Record<string, any>} parameters */
function chosen(parameters) {
	const found = Object.entries(parameters).map(([path, value]) => h("div", h("code", path), ` ${valueOf(value)}`));
	return found.length ? found : "those of the recipe as it was";
}

/** A value in few letters. @param {any} value */
function valueOf(value) {
	if (value === undefined) return "–";
	if (typeof value === "number") return String(Number(value.toPrecision(4)));
	const text = typeof value === "string" ? value : (value?.kind ?? JSON.stringify(value));
	return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

/** @param {SweepData} data @param {number} most */
export function boardOf(data, most) {
	const none = data.status === "running" ? "The first trials are about to be chosen." : "There are none.";
	if (!data.leaderboard.length) return h("p.soft", none);
	const fields = Object.keys(data.plan.space);
	const heads = ["Trial", "Status", plain(data), ...fields.map((field) => h("code", field)), "Epochs", "Took"];
	const rows = data.leaderboard
		.slice(0, most)
		.map((row) => [
			h("a", { href: `#/runs/${row.run_id}` }, String(row.number)),
			fateOf(row),
			figure(plain(data), row.value),
			...fields.map((field) => valueOf(row.parameters[field])),
			row.epochs ?? "–",
			duration(row.seconds),
		]);
	return table("Trials, best first", heads, rows, 2);
}

/** @param {TrialRow} row */
function fateOf({ pruned, status, error }) {
	const why = error?.message.replace(/^stopped /, "");
	if (pruned) return h("span", h("span.badge", "stopped early"), h("div.soft.small", why));
	return h("span", badge(status), error && h("div.soft.small", `${error.type}: ${error.message}`));
}

/** @param {SweepData} data */
export const importanceOf = ({ importance }) => [
	h("h2", "What makes the difference"),
	bars(
		importance.map(({ field, share }) => [field, share]),
		"Importance of each field",
	),
];

/** @param {SweepData} sweep */
export function settings({ plan, task, created_at: at, tags }) {
	const { budget, method, pruner, validation } = plan;
	const minutes = budget.minutes ? `, ${budget.minutes} min` : "";
	return [
		facts([
			["Task", task],
			["Preset", plan.preset],
			["Dataset", plan.dataset],
			["Method", method.kind],
			["Budget", `${counted(budget.trials ?? 0, "trial")}${minutes}`],
			["Stopped early", pruner ? pruner.kind.replace("_", " ") : "never"],
			["Validation", Object.values(validation).join(" ")],
			["Seed", plan.seed],
			["Activation", plan.activate],
			["Asked", moment(at)],
			...Object.entries(tags),
		]),
		h(
			"details",
			h("summary", "Space"),
			h("pre", { tabindex: 0, role: "group", label: "Space" }, h("code", jsonOf(plan.space))),
		),
	];
}
