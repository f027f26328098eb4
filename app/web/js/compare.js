// Runs side by side: which is best, and by how much; their curves; where their recipes differ.

import { densely } from "./api.js";
import { Curves } from "./curves.js";
import { counted, figure, h, table, title } from "./dom.js";
import { pictures } from "./picture.js";
import { everyOf, metricOf } from "./series.js";

/** @import { BoardRow, ComparedRun, Comparison, PairedTest } from "../../client/densely.js" */

/** @type {import("./main.js").View["show"]} */
export async function show(place, [ids], signal) {
	/** @type {Comparison} */
	const found = await densely.get("compare", { runs: ids }, { signal });
	const order = found.board.map(({ run }) => run);
	const runs = [...found.runs].sort((one, other) => order.indexOf(one.id) - order.indexOf(other.id));
	const curves = h("section.card", { "aria-busy": "true" }, h("h2", "Curves"), h("p.soft", "Their epochs are read…"));
	place.append(
		h(
			"div.stack",
			h(
				"div.head",
				title(`${found.runs.length} runs of ${found.task}`),
				h("p.lead.small", h("a", { href: "#/runs" }, "all runs")),
			),
			h("section.card", h("h2", "Best first"), board(found), tests(found)),
			curves,
			h("section.card", h("h2", "Where they differ"), differences(found, runs)),
			others(found, ids, signal),
		),
	);
	await drawCurves(curves, runs, signal).catch((error) => {
		if (!signal.aborted) curves.replaceChildren(h("h2", "Curves"), h("p.soft", error.message));
	});
}

/** Best run first, with the distance to it and whether chance explains that. @param {Comparison} found */
function board({ board: standings, runs }) {
	const named = namesOf(runs);
	const [{ name, higher_is_better: isHigh }] = standings;
	const heads = ["Place", "Run", name, "95 % interval", "To the best", "Guessing", "In words"];
	const row = (/** @type {BoardRow} */ one) =>
		h(
			"tr",
			h("td.num", { "data-head": "Place" }, one.rank ?? "–"),
			h("th", { scope: "row" }, h("a", { href: `#/runs/${one.run}` }, named[one.run])),
			h("td.num.keep", h("b", figure(name, one.value))),
			h("td.num.keep", { "data-head": "95 %" }, interval(name, one)),
			h("td.num.keep", { "data-head": "To the best" }, distance(name, one)),
			h("td.num.keep", { "data-head": "Guessing" }, figure(name, one.guessing)),
			h("td.words.small", withNames(one.reading, named)),
		);
	return [
		h("p.soft.small", `By ${name} on the test rows: ${isHigh ? "higher" : "lower"} is better.`),
		h(
			"div.scroll.cards.board",
			h(
				"table",
				h("caption.hidden", "Runs, best first"),
				h(
					"thead",
					h(
						"tr",
						heads.map((head) => h("th", { scope: "col" }, head)),
					),
				),
				h("tbody", standings.map(row)),
			),
		),
	];
}

/** @param {string} name @param {BoardRow} standing */
const interval = (name, { low, high }) =>
	low === null || high === null ? "–" : `${figure(name, low)} … ${figure(name, high)}`;

/** @param {string} name @param {BoardRow} standing */
function distance(name, { rank, difference }) {
	if (difference === null) return rank === 1 ? h("span.badge.active", "best") : "–";
	if (!difference) return "the same";
	const size = Math.abs(difference);
	const told = /accuracy|f1/.test(name) ? `${(100 * size).toFixed(2)} points` : figure(name, size);
	return (difference < 0 ? "−" : "+") + told;
}

/** Each pair, and why some have no test: for who wants to look. @param {Comparison} found */
function tests({ tests: pairs, notes, runs }) {
	if (!pairs.length && !notes.length) return null;
	const named = namesOf(runs);
	const said = (/** @type {PairedTest} */ { runs: both, test, reading }) => {
		const pair = both.map((id) => named[id]).join(" and ");
		const which = test === "mcnemar" ? "McNemar’s" : "Wilcoxon’s";
		return h("p.note", h("b", `${pair}, ${which} test: `), withNames(reading, named));
	};
	const told = notes.map((note) => h("p.soft.small", withNames(note, named)));
	const parts = [
		pairs.length && `tests of ${counted(pairs.length, "pair")}`,
		notes.length && counted(notes.length, "note"),
	];
	const summary = parts.filter(Boolean).join(", and ");
	return h("details", h("summary", summary[0].toUpperCase() + summary.slice(1)), h("div.stack", pairs.map(said), told));
}

/** @param {ComparedRun[]} runs @returns {Record<string, string>} */
const namesOf = (runs) => Object.fromEntries(runs.map(({ id, label }) => [id, label]));

/** A text that calls runs by their names. @param {string} text @param {Record<string, string>} named */
const withNames = (text, named) =>
	Object.entries(named).reduce((told, [id, name]) => told.replaceAll(id, () => `“${name}”`), text);

/** The runs' epochs, laid over one another. @param {HTMLElement} card @param {ComparedRun[]} runs best first @param {AbortSignal} signal */
async function drawCurves(card, runs, signal) {
	const whole = await Promise.all(runs.map(({ id }) => densely.run(id, { signal })));
	const epochs = await Promise.all(whole.map((run) => run.history({ every: everyOf(run.data), signal })));
	const groups = runs.map(({ id, label }, place) => ({ key: id, label, epochs: epochs[place] }));
	const { task } = whole[0].data;
	const curves = new Curves(metricOf(whole[0].data), {
		title: () => `${runs.length} runs of ${task}`,
		whole: (key) => whole[runs.findIndex(({ id }) => id === key)].history({ signal }),
		isCompared: true,
	});
	card.removeAttribute("aria-busy");
	card.replaceChildren(h("h2", "Curves"), curves.node);
	curves.draw(groups);
	if (curves.node.hidden) card.append(h("p.soft", "No epoch has ended yet."));
	const sweeps = [...new Set(whole.flatMap(({ data }) => data.sweep ?? []))];
	card.append(...sweeps.map(sweepLink));
}

/** @param {string} id */
const sweepLink = (id) =>
	h(
		"p.small",
		"Of ",
		h("a", { href: `#/sweeps/${id}` }, `sweep ${id}`),
		": its parallel coordinates, and which field makes the difference.",
	);

/** The settings in which the runs differ. @param {Comparison} found @param {ComparedRun[]} runs best first */
function differences({ runs: asked, differences: found }, runs) {
	const places = runs.map((run) => asked.indexOf(run));
	const presets = runs.map((run) => run.preset);
	const settings = found.filter(({ field }) => field !== "preset");
	const rows = settings.map(({ field, values }) => [
		h("code", field),
		...places.map((place) => setting(values[place])),
	]);
	if (new Set(presets).size > 1) rows.unshift([h("code", "preset"), ...presets.map(setting)]);
	const heads = [h("span.hidden", "Name"), ...runs.map(({ id, label }) => h("a", { href: `#/runs/${id}` }, label))];
	return rows.length ? table("Settings in which the runs differ", heads, rows) : h("p.soft", "In nothing.");
}

/** @param {unknown} value */
const setting = (value) => h("code", value === null ? "–" : JSON.stringify(value));

/** What the service draws of them, and of their rows; the curves stand above. @param {Comparison} found @param {string} ids @param {AbortSignal} signal */
function others({ pictures: drawn }, ids, signal) {
	const of = `the runs ${ids.replaceAll(",", ", ")}`;
	const rest = drawn.filter(({ title: name }) => !["Curves", "Validation loss"].includes(name));
	return rest.length > 0 && h("section.card", { label: "Pictures" }, pictures(rest, of, signal));
}
