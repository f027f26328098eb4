// Runs side by side.

import { fileUrl, get } from "./api.js";
import { figure, h, table, title } from "./dom.js";

export async function show(place, [ids], signal) {
	const found = await get(`compare?runs=${ids}`, signal);
	const names = found.runs.map((run, place_) => h("a", { href: `#/runs/${run.id}` }, run.name || `${run.preset} ${place_ + 1}`));
	const figures = [...new Set(found.runs.flatMap((run) => Object.keys(run.metrics.test)))];
	const cell = (run, part, name) => {
		const spread = run.metrics.spread?.test?.[name];
		return figure(name, run.metrics[part][name]) + (part === "test" && spread ? ` (mean ${figure(name, spread.mean)} ± ${figure(name, spread.std)})` : "");
	};
	const heads = ["", ...names];
	const picture = h("img.picture", { alt: `Curves of the runs ${ids.replaceAll(",", ", ")}` });
	const drawn = found.runs.every((run) => run.status === "succeeded");
	if (drawn) fileUrl(`compare.svg?runs=${ids}`, signal).then((url) => { picture.src = url; });
	place.append(h("div.stack",
		h("div.head", title(`${found.runs.length} runs of ${found.task}`), h("p.lead.small", h("a", { href: "#/runs" }, "all runs"))),
		h("section.card", h("h2", "Test figures"), table("Test figures of each run", heads.map(clone), [
			...figures.map((name) => [name, ...found.runs.map((run) => cell(run, "test", name))]),
			...figures.filter((name) => found.runs.some((run) => name in run.metrics.baseline)).map((name) => [`${name} of guessing`, ...found.runs.map((run) => cell(run, "baseline", name))])]),
		found.tests.map((test) => h("p.note", h("b", `${test.test === "mcnemar" ? "McNemar’s" : "Wilcoxon’s"} test on ${test.rows} rows: `), test.reading)),
		found.notes.map((note) => h("p.soft.small", note))),
		h("section.card", h("h2", "Where they differ"), found.differences.length
			? table("Settings in which the runs differ", heads.map(clone), found.differences.map((one) => [h("code", one.field), ...one.values.map((value) => h("code", value === null ? "–" : JSON.stringify(value)))]))
			: h("p.soft", "In nothing.")),
		h("section.card", h("h2", "Curves"), drawn ? picture : h("p.soft", "They are drawn when all runs have succeeded."))));
}

const clone = (head) => (head.cloneNode ? head.cloneNode(true) : head || h("span.hidden", "Name"));
