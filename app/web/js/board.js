// The board of a comparison: best run first, with the distance to it and whether chance explains that.

import { counted, figure, h } from "./dom.js";

/** @import { BoardRow, ComparedRun, Comparison } from "../../client/densely.js" */

/** The board's rows; those without a place by what they are on rows held out. @param {Comparison} found @returns {BoardRow[]} */
export function ordered({ board: standings, runs }) {
	const badness = (/** @type {BoardRow} */ one) => {
		const value = heldOut(one, runs);
		return value === undefined ? Infinity : one.higher_is_better ? -value : value;
	};
	const others = standings.filter(({ rank }) => rank === null);
	others.sort((one, other) => badness(one) - badness(other) || 0);
	return [...standings.filter(({ rank }) => rank !== null), ...others];
}

/** The figure on rows held out, of a run without a model. @param {BoardRow} standing @param {ComparedRun[]} runs */
const heldOut = ({ run, name }, runs) => runs.find(({ id }) => id === run)?.metrics.validation[name];

/** @param {BoardRow} standing @param {ComparedRun[]} runs */
function valueOf(standing, runs) {
	const { name, value } = standing;
	const validation = heldOut(standing, runs);
	if (value !== null || validation === undefined) return h("b", figure(name, value));
	return [figure(name, validation), h("span.soft", " held out")];
}

/** Best run first, with the distance to it and whether chance explains that. @param {Comparison} found */
export function board(found) {
	const { board: standings, runs } = found;
	const named = namesOf(runs);
	const [{ name, higher_is_better: isHigh }] = standings;
	const heads = ["Place", "Run", name, "95 % interval", "To the best", "Guessing", "In words"];
	const row = (/** @type {BoardRow} */ one) =>
		h(
			"tr",
			h("td.num", { "data-head": "Place" }, one.rank ?? "–"),
			h("th", { scope: "row" }, h("a", { href: `#/runs/${one.run}` }, named[one.run])),
			h("td.num.keep", valueOf(one, runs)),
			h("td.num.keep", { "data-head": "95 %" }, interval(name, one)),
			h("td.num.keep", { "data-head": "To the best" }, distance(name, one)),
			h("td.num.keep", { "data-head": "Guessing" }, figure(name, one.guessing)),
			h("td.words.small", withNames(one.reading, named)),
		);
	return [
		h("p.soft.small", `By ${name} on ${rowsOf(found)}: ${isHigh ? "higher" : "lower"} is better.`),
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
				h("tbody", ordered(found).map(row)),
			),
		),
	];
}

/** Trials of a sweep are not measured on test rows. @param {Comparison} found */
const rowsOf = ({ board: standings }) =>
	standings.some(({ value }) => value !== null) ? "the test rows" : "rows held out";

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
export function tests({ tests: pairs, notes, runs }) {
	if (!pairs.length && !notes.length) return null;
	const named = namesOf(runs);
	const said = (/** @type {Comparison["tests"][number]} */ { runs: both, test, reading }) => {
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
export const namesOf = (runs) => Object.fromEntries(runs.map(({ id, label }) => [id, label]));

/** A text that calls runs by their names. @param {string} text @param {Record<string, string>} named */
const withNames = (text, named) =>
	Object.entries(named).reduce((told, [id, name]) => told.replaceAll(id, () => `“${name}”`), text);
