// Curves by epoch as SVG: training dotted, validation a line; one pair for each fold or seed.

import { figure, freshId, h, on, put, s } from "./dom.js";

/** @import { Epoch } from "../../client/densely.js" */
/** @typedef {{ kind: "train" | "val", points: [epoch: number, value: number][] }} Line */
/** @typedef {NonNullable<ReturnType<typeof layout>>} Layout */

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [250, 50, 12, 12, 30]; // pixels; the width is what there is room for
const MOST_POINTS = 300; // of a line; more than that a screen cannot show

/** A panel of one figure. `draw(epochs)` shows these rows of the history. @param {string} name `loss` or the metric */
export function panel(name) {
	const title = freshId("chart");
	const svg = s("svg.chart", {
		role: "img",
		"aria-labelledby": title,
		"data-points": 0,
	});
	const told = h("p.soft.small.num", { id: title }, "No whole epoch.");
	const node = h("div", h("h2", name), svg, told);
	/** @type {Layout | null} */
	let state = null;
	/** @type {Epoch[]} */
	let shown = [];
	const rest = () => {
		if (state) told.textContent = state.summaryOf(state.end);
		svg.querySelector(".cursor")?.remove();
	};
	const draw = (/** @type {Epoch[]} */ epochs) => {
		shown = epochs;
		state = layout(name, epochs, node.clientWidth);
		svg.toggleAttribute("hidden", !state);
		if (!state) return;
		put(svg, axes(state), paths(state));
		svg.setAttribute("data-points", state.count);
		rest();
	};
	new ResizeObserver(() => draw(shown)).observe(node);
	on(svg, "pointermove", ({ clientX }) => {
		if (!state) return;
		const epoch = state.epochAt(clientX - svg.getBoundingClientRect().left);
		const x = state.x(epoch);
		svg.querySelector(".cursor")?.remove();
		svg.append(s("line.cursor", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }));
		told.textContent = state.summaryOf(epoch);
	});
	on(svg, "pointerleave", rest);
	return { node, draw };
}

export const legend = () =>
	h("p.soft.small.row", h("span", h("span.swatch"), "training"), h("span", h("span.swatch.val"), "validation"));

/** Lines, ticks, and where an epoch and a value lie; null without any. @param {string} name @param {Epoch[]} epochs @param {number} width */
function layout(name, epochs, width) {
	const groups = Object.groupBy(epochs, (row) => `${row.seed}/${row.fold}`);
	const fits = /** @type {Epoch[][]} */ (Object.values(groups));
	const lines = fits.flatMap((rows) => linesOf(name, rows));
	if (!lines.length) return null;
	const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
	const end = Math.max(...lines.map(({ points }) => points[points.length - 1][0]));
	const last = Math.max(2, end);
	const ticks = niceTicks(Math.min(...values), Math.max(...values));
	const [least, most] = [Math.min(ticks[0], ...values), Math.max(ticks[ticks.length - 1], ...values)];
	const [room, height] = [width - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
	return {
		lines,
		ticks,
		end,
		last,
		width,
		count: Math.max(...fits.map((rows) => rows.length)),
		summaryOf: (/** @type {number} */ epoch) => summaryOf(name, fits, epoch),
		x: (/** @type {number} */ epoch) => LEFT + ((epoch - 1) / (last - 1)) * room,
		y: (/** @type {number} */ value) => HEIGHT - BOTTOM - ((value - least) / (most - least || 1)) * height,
		epochAt: (/** @type {number} */ x) => Math.min(last, Math.max(1, Math.round(((x - LEFT) / room) * (last - 1) + 1))),
	};
}

/** @param {string} name @param {Epoch[]} rows of one fit @returns {Line[]} */
function linesOf(name, rows) {
	const step = Math.ceil(rows.length / MOST_POINTS);
	const some = rows.filter((_, place) => place % step === 0 || place === rows.length - 1);
	const line = (/** @type {Line["kind"]} */ kind, /** @type {string} */ field) => {
		const known = some.filter((row) => Number.isFinite(row[field]));
		return {
			kind,
			points: known.map((row) => /** @type {[number, number]} */ ([row.epoch, row[field]])),
		};
	};
	return [line("train", name), line("val", `val_${name}`)].filter(({ points }) => points.length);
}

/** What an epoch scored, as the mean of all fits. @param {string} name @param {Epoch[][]} fits @param {number} epoch */
function summaryOf(name, fits, epoch) {
	const rows = fits.flatMap((all) => all.find((row) => row.epoch === epoch) ?? []);
	const mean = (/** @type {string} */ field) => {
		const found = rows.map((row) => Number(row[field] ?? NaN)).filter(Number.isFinite);
		return found.reduce((sum, value) => sum + value, 0) / found.length;
	};
	const [train, val] = [mean(name), mean(`val_${name}`)];
	const several = rows.length > 1 ? `, mean of ${rows.length} fits` : "";
	const heldOut = Number.isNaN(val) ? "" : `, validation ${figure(name, val)}`;
	return `Epoch ${epoch}${several}: training ${figure(name, train)}${heldOut}`;
}

/** Round numbers that enclose the values, four to seven of them. @param {number} least @param {number} most */
export function niceTicks(least, most) {
	const span = most - least || Math.abs(most) || 1;
	const raw = span / 4;
	const power = 10 ** Math.floor(Math.log10(raw));
	const step = [1, 2, 2.5, 5].map((factor) => factor * power).find((one) => one >= raw) ?? 10 * power;
	const from = Math.floor(least / step + 1e-9);
	const to = Math.max(from + 1, Math.ceil(most / step - 1e-9));
	return Array.from({ length: to - from + 1 }, (_, place) => Number(((from + place) * step).toPrecision(10)));
}

/** @param {Layout} state */
function axes({ ticks, last, width, x, y }) {
	const step = Math.max(1, niceTicks(0, last)[1]);
	const epochs = Array.from({ length: Math.floor(last / step) }, (_, place) => (place + 1) * step);
	const value = (/** @type {number} */ tick) => [
		s("line.axis", { x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }),
		s("text", { x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end" }, String(tick)),
	];
	const epoch = (/** @type {number} */ tick) => {
		const anchor = x(tick) > width - 30 ? "end" : "middle";
		return s("text", { x: x(tick), y: HEIGHT - 12, "text-anchor": anchor }, tick.toLocaleString("en"));
	};
	return [
		ticks.map(value),
		epochs.filter(Number.isInteger).map(epoch),
		s("text", { x: LEFT - 7, y: HEIGHT - 12, "text-anchor": "end" }, "epoch"),
	];
}

/** @param {Layout} state */
function paths({ lines, x, y }) {
	const many = lines.length > 2 ? " many" : "";
	return lines.map(({ kind, points }) => {
		const steps = points.map(
			([epoch, value], place) => `${place ? "L" : "M"}${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`,
		);
		return s("path", {
			class: `${kind}${many}`,
			d: steps.join("") + (points.length === 1 ? "h.01" : ""),
		});
	});
}
