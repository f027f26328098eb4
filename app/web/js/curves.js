// Curves by epoch as SVG: training dotted, validation a line; one pair for each fold or seed.

import { figure, freshId, h, on, put, s } from "./dom.js";

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [250, 50, 12, 12, 30]; // pixels; the width is what there is room for
const MOST_POINTS = 300; // of a line; more than that a screen cannot show

/** A panel of one figure, `loss` or the metric. `draw(epochs)` shows these rows of the history. */
export function panel(name) {
	const title = freshId("chart");
	const svg = s("svg.chart", { role: "img", "aria-labelledby": title, "data-points": 0 });
	const told = h("p.soft.small.num", { id: title }, "No whole epoch.");
	const node = h("div", h("h2", name), svg, told);
	let state = null;
	let shown = [];
	const rest = () => { if (state) told.textContent = state.summary; svg.querySelector(".cursor")?.remove(); };
	const draw = (epochs) => {
		shown = epochs;
		state = layout(name, epochs, node.clientWidth);
		svg.toggleAttribute("hidden", !state);
		if (!state) return;
		put(svg, axes(state), ...state.lines.map(({ kind, points }) =>
			s("path", { class: `${kind}${state.lines.length > 2 ? " many" : ""}`, d: pathOf(points, state) })));
		svg.setAttribute("data-points", state.count);
		rest();
	};
	new ResizeObserver(() => draw(shown)).observe(node);
	on(svg, "pointermove", (event) => {
		if (!state) return;
		const box = svg.getBoundingClientRect();
		const wanted = ((event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT)) * (state.last - 1) + 1;
		const epoch = Math.min(state.last, Math.max(1, Math.round(wanted)));
		svg.querySelector(".cursor")?.remove();
		svg.append(s("line.cursor", { x1: state.x(epoch), x2: state.x(epoch), y1: TOP, y2: HEIGHT - BOTTOM }));
		told.textContent = state.summaryOf(epoch);
	});
	on(svg, "pointerleave", rest);
	return { node, draw };
}

export const legend = () => h("p.soft.small.row", h("span", h("span.swatch"), "training"), h("span", h("span.swatch.val"), "validation"));

function layout(name, epochs, width) {
	const fits = Object.values(Object.groupBy(epochs, (row) => `${row.seed}/${row.fold}`));
	const lines = [];
	for (const rows of fits) {
		const step = Math.ceil(rows.length / MOST_POINTS);
		const some = rows.filter((_, place) => place % step === 0 || place === rows.length - 1);
		for (const [kind, field] of [["train", name], ["val", `val_${name}`]]) {
			const points = some.filter((row) => Number.isFinite(row[field])).map((row) => [row.epoch, row[field]]);
			if (points.length) lines.push({ kind, points });
		}
	}
	if (!lines.length) return null;
	const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
	const last = Math.max(2, ...lines.map(({ points }) => points.at(-1)[0]));
	const ticks = niceTicks(Math.min(...values), Math.max(...values));
	const [least, most] = [Math.min(ticks[0], ...values), Math.max(ticks.at(-1), ...values)];
	const count = Math.max(...fits.map((rows) => rows.length));
	const summaryOf = (epoch) => {
		const rows = fits.map((all) => all.find((row) => row.epoch === epoch)).filter(Boolean);
		const mean = (field) => { const found = rows.map((row) => row[field]).filter(Number.isFinite); return found.reduce((sum, value) => sum + value, 0) / found.length; };
		const [train, val] = [mean(name), mean(`val_${name}`)];
		const several = rows.length > 1 ? `, mean of ${rows.length} fits` : "";
		return `Epoch ${epoch}${several}: training ${figure(name, train)}${Number.isNaN(val) ? "" : `, validation ${figure(name, val)}`}`;
	};
	return {
		lines, ticks, last, count, width, summaryOf, summary: summaryOf(Math.max(...lines.map(({ points }) => points.at(-1)[0]))),
		x: (epoch) => LEFT + ((epoch - 1) / (last - 1)) * (width - LEFT - RIGHT),
		y: (value) => HEIGHT - BOTTOM - ((value - least) / (most - least || 1)) * (HEIGHT - TOP - BOTTOM),
	};
}

/** Round numbers that enclose the values, four to seven of them. */
export function niceTicks(least, most) {
	const span = most - least || Math.abs(most) || 1;
	const raw = span / 4;
	const power = 10 ** Math.floor(Math.log10(raw));
	const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= raw);
	const from = Math.floor(least / step + 1e-9);
	const to = Math.max(from + 1, Math.ceil(most / step - 1e-9));
	return Array.from({ length: to - from + 1 }, (_, place) => Number(((from + place) * step).toPrecision(10)));
}

function axes({ ticks, last, width, x, y }) {
	const step = Math.max(1, niceTicks(0, last)[1]);
	const epochs = Array.from({ length: Math.floor(last / step) }, (_, place) => (place + 1) * step).filter(Number.isInteger);
	return [
		...ticks.flatMap((tick) => [s("line.axis", { x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }),
			s("text", { x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end" }, String(tick))]),
		...epochs.map((epoch) => s("text", { x: x(epoch), y: HEIGHT - 12, "text-anchor": x(epoch) > width - 30 ? "end" : "middle" }, epoch.toLocaleString("en"))),
		s("text", { x: LEFT - 7, y: HEIGHT - 12, "text-anchor": "end" }, "epoch"),
	];
}

const pathOf = (points, { x, y }) => points.map(([epoch, value], place) => `${place ? "L" : "M"}${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`).join("") + (points.length === 1 ? "h.01" : "");
