// Runs side by side.

import { densely } from "./api.js";
import { figure, h, table, title } from "./dom.js";
import { pictures } from "./picture.js";

/** @import { Metrics } from "../../client/densely.js" */
/** @typedef {{ id: string, label: string, preset: string, metrics: Metrics }} ComparedRun */

/** @type {import("./main.js").View["show"]} */
export async function show(place, [ids], signal) {
	const found = await densely.get("compare", { runs: ids }, { signal });
	const of = `the runs ${ids.replaceAll(",", ", ")}`;
	place.append(
		h(
			"div.stack",
			h(
				"div.head",
				title(`${found.runs.length} runs of ${found.task}`),
				h("p.lead.small", h("a", { href: "#/runs" }, "all runs")),
			),
			h("section.card", h("h2", "Test figures"), figures(found.runs), remarks(found)),
			h("section.card", h("h2", "Where they differ"), differences(found)),
			h(
				"section.card",
				{ label: "Pictures" },
				found.pictures.length
					? pictures(found.pictures, of, signal)
					: h("p.soft", "They are drawn when all runs have succeeded."),
			),
		),
	);
}

/** @param {ComparedRun[]} runs */
const heads = (runs) => [
	h("span.hidden", "Name"),
	...runs.map(({ id, label }) => h("a", { href: `#/runs/${id}` }, label)),
];

/** @param {ComparedRun[]} runs */
function figures(runs) {
	const names = [...new Set(runs.flatMap((run) => Object.keys(run.metrics.test)))];
	const guessed = names.filter((name) => runs.some((run) => name in run.metrics.baseline));
	return table("Test figures of each run", heads(runs), [
		...names.map((name) => [name, ...runs.map(({ metrics }) => testFigure(metrics, name))]),
		...guessed.map((name) => [
			`${name} of guessing`,
			...runs.map(({ metrics }) => figure(name, metrics.baseline[name])),
		]),
	]);
}

/** @param {Metrics} metrics @param {string} name */
function testFigure({ test, spread }, name) {
	const over = spread?.test?.[name];
	const several = over ? ` (mean ${figure(name, over.mean)} ± ${figure(name, over.std)})` : "";
	return figure(name, test[name]) + several;
}

/** What the tests say, and what to know about the comparison; runs are called by their names. @param {any} found */
function remarks({ runs, tests, notes }) {
	/** @type {Record<string, string>} */
	const named = Object.fromEntries(runs.map((/** @type {ComparedRun} */ { id, label }) => [id, label]));
	const withNames = (/** @type {string} */ text) =>
		Object.entries(named).reduce((told, [id, name]) => told.replaceAll(id, () => `“${name}”`), text);
	const said = (/** @type {any} */ { runs: both, test, reading }) => {
		const pair = both.map((/** @type {string} */ id) => named[id]).join(" and ");
		const which = test === "mcnemar" ? "McNemar’s" : "Wilcoxon’s";
		return h("p.note", h("b", `${pair}, ${which} test: `), withNames(reading));
	};
	return [tests.map(said), notes.map((/** @type {string} */ note) => h("p.soft.small", withNames(note)))];
}

/** The settings in which the runs differ. @param {{ runs: ComparedRun[], differences: { field: string, values: any[] }[] }} found */
function differences({ runs, differences: found }) {
	const presets = runs.map((run) => run.preset);
	const settings = found.filter(({ field }) => field !== "preset");
	const rows = settings.map(({ field, values }) => [h("code", field), ...values.map(setting)]);
	if (new Set(presets).size > 1) rows.unshift([h("code", "preset"), ...presets.map(setting)]);
	return rows.length ? table("Settings in which the runs differ", heads(runs), rows) : h("p.soft", "In nothing.");
}

/** @param {unknown} value */
const setting = (value) => h("code", value === null ? "–" : JSON.stringify(value));
