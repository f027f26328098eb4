// Two pictures of a model as SVG: its figure with its interval beside others, and how far its probabilities hold.

import { count, figure, freshId, h, percent, s, table } from "./dom.js";

/** @import { ModelReport } from "../../client/densely.js" */
/** @typedef {NonNullable<ModelReport["calibration"]>} CalibrationReport */
/** @typedef {{ name: string, value: number, low: number | null, high: number | null, kind: string }} Mark */

const SIDE = 260; // of the square, in units of the picture
const [AXIS, TOP, FOOT] = [40, 26, 40]; // around it

/** Each figure as a point, with a line for its interval. @param {ModelReport} report @param {string} own what this model is called */
export function ranges({ metric, active }, own) {
	const { name } = metric;
	const { value, guessing } = metric;
	/** @type {Mark[]} */
	const marks = [];
	if (value !== null) marks.push({ ...metric, value, name: own, kind: "own" });
	if (active && active.value !== null) {
		const { value: other, low, high, version } = active;
		marks.push({ value: other, low, high, name: `Version ${version}, active`, kind: "other" });
	}
	if (guessing !== null) marks.push({ name: "Guessing", value: guessing, low: null, high: null, kind: "guess" });
	if (!marks.length) return null;
	// Guessing may be so far away that the intervals could not be seen: then it stands at the edge.
	const near = marks.filter(({ kind }) => kind !== "guess");
	const ends = (near.length ? near : marks).flatMap(({ value: one, low, high }) => [one, low ?? one, high ?? one]);
	const [least, most] = [Math.min(...ends), Math.max(...ends)];
	const x = (/** @type {number} */ place) =>
		Math.max(2, Math.min(98, 15 + 70 * ((place - least) / (most - least || 1))));
	return h(
		"ul.ranges",
		{ label: `${name} with 95 % intervals` },
		marks.map((mark) => rangeOf(mark, name, x)),
	);
}

/** @param {Mark} mark @param {string} metric @param {(value: number) => number} x a place in percent of the width */
function rangeOf({ name, value, low, high, kind }, metric, x) {
	const hasInterval = low !== null && high !== null;
	const between = hasInterval ? `${figure(metric, low)} to ${figure(metric, high)}` : "";
	return h(
		"li",
		{ class: kind },
		h("span", name),
		h(
			"span.range",
			{ "aria-hidden": "true" },
			hasInterval && h("i", { style: { "--from": `${x(low)}%`, "--to": `${x(high)}%` } }),
			h("b", { style: { "--from": `${x(value)}%` } }),
		),
		h("span.num", figure(metric, value), between && h("span.soft.small", ` ${between}`)),
	);
}

/** @param {CalibrationReport} calibration */
export function calibrationOf({ error, bins }) {
	const title = freshId("calibration");
	const [width, height] = [SIDE + AXIS + 14, SIDE + TOP + FOOT];
	const svg = s(
		"svg.chart.reliability",
		{ role: "img", "aria-labelledby": title, viewBox: `0 0 ${width} ${height}` },
		grid(),
		bins.map((bin) => dot(bin, Math.max(...bins.map(({ rows }) => rows)))),
	);
	const rows = bins.map(({ from, to, rows: number, confidence, accuracy }) => [
		`${percent(from, 0)} to ${percent(to, 0)}`,
		count(number),
		percent(confidence),
		percent(accuracy),
	]);
	const heads = ["Probability", "Answers", "Mean", "Right"];
	return h(
		"div.stack",
		svg,
		h(
			"p.soft.small.num",
			{ id: title },
			`${words(bins)} Calibration error ${percent(error)}: the mean distance from the line.`,
		),
		h("details", h("summary", "As a table"), table("Calibration on the test rows", heads, rows, 1)),
	);
}

/** @param {CalibrationReport["bins"]} bins */
function words(bins) {
	const { confidence, accuracy, rows } = bins.reduce((one, other) => (other.rows > one.rows ? other : one));
	const isTooSure = accuracy < confidence - 0.01;
	const how = isTooSure ? "less often than" : accuracy > confidence + 0.01 ? "more often than" : "about as often as";
	return `It is right ${how} it says: of ${count(rows)} answers with ${percent(confidence)} in the mean, ${percent(accuracy)} are right.`;
}

const at = (/** @type {number} */ share) => AXIS + share * SIDE;
const up = (/** @type {number} */ share) => TOP + (1 - share) * SIDE;

function grid() {
	const ticks = [0, 0.25, 0.5, 0.75, 1];
	return [
		ticks.map((tick) => [
			s("line.axis", { x1: at(0), x2: at(1), y1: up(tick), y2: up(tick) }),
			s("text", { x: AXIS - 6, y: up(tick) + 4, "text-anchor": "end" }, `${100 * tick}`),
			s("text", { x: at(tick), y: TOP + SIDE + 16, "text-anchor": "middle" }, `${100 * tick}`),
		]),
		s("line.cursor", { x1: at(0), y1: up(0), x2: at(1), y2: up(1) }),
		s("text", { x: at(0.5), y: TOP + SIDE + 32, "text-anchor": "middle" }, "probability told, %"),
		s("text", { x: AXIS - 26, y: 12 }, "right, %"),
	];
}

/** A circle whose area tells of how many answers. @param {CalibrationReport["bins"][0]} bin @param {number} most */
const dot = ({ confidence, accuracy, rows }, most) =>
	s("circle", { cx: at(confidence), cy: up(accuracy), r: (3 + 9 * Math.sqrt(rows / most)).toFixed(1) });
