// Runs side by side.

import { get } from "./api.js";
import { figure, h, table, title } from "./dom.js";
import { pictures } from "./model.js";

export async function show(place, [ids], signal) {
	const found = await get(`compare?runs=${ids}`, signal);
	const named = Object.fromEntries(found.runs.map((run) => [run.id, run.label]));
	const figures = [...new Set(found.runs.flatMap((run) => Object.keys(run.metrics.test)))];
	const cell = (run, part, name) => {
		const spread = run.metrics.spread?.test?.[name];
		return figure(name, run.metrics[part][name]) + (part === "test" && spread ? ` (mean ${figure(name, spread.mean)} ± ${figure(name, spread.std)})` : "");
	};
	const withNames = (text) => found.runs.reduce((told, { id }) => told.replaceAll(id, () => `“${named[id]}”`), text);
	const differences = { preset: found.runs.map((run) => run.preset) };
	if (new Set(differences.preset).size < 2) delete differences.preset;
	for (const { field, values } of found.differences) differences[field] = values;
	const heads = () => [h("span.hidden", "Name"), ...found.runs.map(({ id }) => h("a", { href: `#/runs/${id}` }, named[id]))];
	place.append(h("div.stack",
		h("div.head", title(`${found.runs.length} runs of ${found.task}`), h("p.lead.small", h("a", { href: "#/runs" }, "all runs"))),
		h("section.card", h("h2", "Test figures"), table("Test figures of each run", heads(), [
			...figures.map((name) => [name, ...found.runs.map((run) => cell(run, "test", name))]),
			...figures.filter((name) => found.runs.some((run) => name in run.metrics.baseline)).map((name) => [`${name} of guessing`, ...found.runs.map((run) => cell(run, "baseline", name))])]),
		found.tests.map((test) => h("p.note", h("b", `${test.runs.map((id) => named[id]).join(" and ")}, ${test.test === "mcnemar" ? "McNemar’s" : "Wilcoxon’s"} test: `), withNames(test.reading))),
		found.notes.map((note) => h("p.soft.small", withNames(note)))),
		h("section.card", h("h2", "Where they differ"), Object.keys(differences).length
			? table("Settings in which the runs differ", heads(), Object.entries(differences).map(([name, values]) => [h("code", name), ...values.map((value) => h("code", value === null ? "–" : JSON.stringify(value)))]))
			: h("p.soft", "In nothing.")),
		h("section.card", { label: "Pictures" }, found.pictures.length
			? pictures(found, `the runs ${ids.replaceAll(",", ", ")}`, signal) : h("p.soft", "They are drawn when all runs have succeeded."))));
}
