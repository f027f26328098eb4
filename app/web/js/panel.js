// One figure by epoch as SVG: lines, bands, the best epoch, and what is under the pointer or the arrow keys.

import { counted, figure, freshId, h, on, put, s } from "./dom.js";
import { niceTicks, scaleOf, tickText } from "./scale.js";
import { bestOf, pointAt } from "./series.js";

/** @import { Point, Spot } from "./series.js" */
/** @import { Scale } from "./scale.js" */
/** @typedef {{ key: string, name: string, look: string, points: Point[], drawn: Point[], faint: Spot[][], best: Point | null }} Line look: its classes; points: as measured; drawn: fewer, smoothed where that is wanted; faint: behind it */
/** @typedef {{ scale: Scale, end: number, width: number, x(epoch: number): number, y(value: number): number, epochAt(x: number): number }} Place */
/** @typedef {{ log: boolean, clip: boolean }} Axis */
/** @typedef {{ line: Line, point: Point }} Reading what a line says of an epoch */

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [250, 52, 12, 12, 30]; // pixels; the width is what there is room for
const GAP = 12; // pixels between the cursor and what is told beside it
const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

/** A panel; `point` is called with the epoch that is pointed at, null when none is any more. */
export class Panel {
	/** @type {Line[]} */
	#lines = [];
	/** @type {number[]} */
	#epochs = [];
	/** @type {Place | null} */
	#place = null;
	/** @type {Axis} */
	#axis = { log: false, clip: false };
	/** @type {number | null} */
	#at = null;
	#told = h("p.soft.small.num", { id: freshId("chart") });
	#tip = h("div.tip.small.num", { hidden: true, "aria-hidden": "true" });
	#cursor = s("g");

	/** @param {string} name `loss` or the metric @param {(epoch: number | null) => void} point */
	constructor(name, point) {
		this.name = name;
		this.point = point;
		const clip = freshId("clip");
		this.frame = s("rect", { y: TOP, height: HEIGHT - TOP - BOTTOM });
		this.drawn = s("g", { "clip-path": `url(#${clip})` });
		this.axes = s("g");
		this.rings = s("g"); // whole ones, also at the edge
		this.svg = s(
			"svg.chart",
			{ role: "slider", tabindex: 0, label: `${name} by epoch`, "aria-describedby": this.#told.id, "data-points": 0 },
			s("clipPath", { id: clip }, this.frame),
			this.axes,
			this.drawn,
			this.rings,
			this.#cursor,
		);
		this.node = h("div.plot", h("h2", name), this.svg, this.#tip, this.#told);
		new ResizeObserver(() => this.draw(this.#lines, this.#axis)).observe(this.node);
		this.#listen();
	}

	/** Shows these lines. @param {Line[]} lines @param {Axis} axis */
	draw(lines, axis) {
		[this.#lines, this.#axis] = [lines, axis];
		this.#epochs = [...new Set(lines.flatMap(({ points }) => points.map(({ epoch }) => epoch)))].sort((a, b) => a - b);
		const end = isShare(this.name) ? 1 : Infinity;
		this.#place = placeOf(lines, this.node.clientWidth, axis, end);
		this.svg.toggleAttribute("hidden", !this.#place);
		this.svg.setAttribute("data-points", Math.max(0, ...lines.map(({ points }) => points.length)));
		put(this.#told, summaryOf(this.name, lines, this.#place));
		if (!this.#place) return;
		const place = this.#place;
		this.frame.setAttribute("x", LEFT - 4);
		this.frame.setAttribute("width", Math.max(0, place.width - LEFT - RIGHT + 8));
		this.svg.setAttribute("aria-valuemin", this.#epochs[0]);
		this.svg.setAttribute("aria-valuemax", place.end);
		put(this.axes, axesOf(this.name, place));
		put(
			this.drawn,
			lines.map((line) => bandOf(line, place)),
			lines.map((line) => line.faint.map((spots) => pathOf(`${line.look} faint`, spots, place))),
			lines.map((line) => pathOf(line.look, spotsOf(line.drawn), place, line.key)),
		);
		put(
			this.rings,
			lines.map((line) => ringOf(line, place)),
		);
		this.show(this.#at);
	}

	/** Tells of an epoch, or of none. @param {number | null} epoch */
	show(epoch) {
		this.#at = epoch;
		const place = this.#place;
		const found = place && epoch !== null ? readings(this.#lines, epoch) : [];
		this.#tip.hidden = !found.length;
		put(this.#cursor);
		if (place) this.#speak(epoch ?? place.end, found);
		if (place && epoch !== null && found.length) this.#mark(place, epoch, found);
	}

	/** @param {number} epoch @param {Reading[]} found */
	#speak(epoch, found) {
		const told = found.map(({ line, point }) => `${line.name} ${valueText(this.name, point)}`);
		const text = found.length ? `Epoch ${epoch}: ${told.join(", ")}` : this.#told.textContent;
		this.svg.setAttribute("aria-valuenow", epoch);
		this.svg.setAttribute("aria-valuetext", text);
	}

	/** @param {Place} place @param {number} epoch @param {Reading[]} found */
	#mark(place, epoch, found) {
		const x = place.x(epoch);
		const dots = found.map(({ line, point }) => dotOf(line, point, place));
		put(this.#cursor, s("line.cursor", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }), dots);
		const rows = found.map((one) => tipRow(this.name, one));
		put(this.#tip, h("b", `epoch ${epoch.toLocaleString("en")}`), rows);
		this.#tip.style.setProperty("--x", `${besides(x, this.#tip.offsetWidth, place.width)}px`);
		const mean = found.reduce((sum, { point }) => sum + place.y(point.mean), 0) / found.length;
		const below = mean < (TOP + HEIGHT - BOTTOM) / 2 ? HEIGHT - BOTTOM - this.#tip.offsetHeight - GAP : TOP;
		const top = this.svg.getBoundingClientRect().top - this.node.getBoundingClientRect().top;
		this.#tip.style.setProperty("--y", `${top + below}px`); // where the lines are not
	}

	/** Makes one run's lines stand out. @param {string | null} key */
	emphasise(key) {
		for (const path of this.drawn.querySelectorAll("path")) {
			path.classList.toggle("pale", key !== null && path.dataset.key !== key);
		}
	}

	#listen() {
		on(this.svg, "pointermove pointerdown", ({ clientX }) => {
			if (!this.#place) return;
			const epoch = this.#place.epochAt(clientX - this.svg.getBoundingClientRect().left);
			this.point(nearest(this.#epochs, epoch));
		});
		const rest = (/** @type {PointerEvent} */ event) => event.pointerType !== "touch" && this.point(null);
		on(this.svg, "pointerleave blur", rest);
		on(this.svg, "keydown", (event) => {
			if (event.key === "Escape") return this.point(null);
			const step = KEYS[/** @type {keyof typeof KEYS} */ (event.key)];
			if (!step || !this.#epochs.length) return;
			event.preventDefault();
			this.point(stepped(this.#epochs, this.#at, step));
		});
	}
}

/** Where something stands beside the cursor: to its right, else to its left. @param {number} x @param {number} width @param {number} room */
const besides = (x, width, room) => (x + GAP + width <= room ? x + GAP : Math.max(0, x - GAP - width));

/** Whether it is a share of 1, of which more is better. @param {string} name */
const isShare = (name) => /accuracy|f1/.test(name);

/** Where an epoch and a value lie; null without any. @param {Line[]} lines @param {number} width @param {Axis} axis @param {number} most @returns {Place | null} */
function placeOf(lines, width, axis, most) {
	const values = lines.flatMap(({ drawn, faint }) => [
		...drawn.flatMap(({ mean, spread }) => (spread && !faint.length ? [lowest(mean, spread), mean + spread] : [mean])),
		...faint.flatMap((spots) => spots.map(({ value }) => value)),
	]);
	if (!values.length) return null;
	const scale = scaleOf(axis.log ? positive(values) : values, axis, most);
	const end = Math.max(...lines.map(({ points }) => points[points.length - 1].epoch));
	const last = Math.max(2, end);
	const [room, height] = [width - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
	return {
		scale,
		end,
		width,
		x: (epoch) => LEFT + ((epoch - 1) / (last - 1)) * room,
		y: (value) => HEIGHT - BOTTOM - scale.share(value) * height,
		epochAt: (x) => ((x - LEFT) / room) * (last - 1) + 1,
	};
}

/** The lower end of a band: what is never below 0 is not drawn there. @param {number} mean @param {number} spread */
const lowest = (mean, spread) => (mean < 0 ? mean - spread : Math.max(0, mean - spread));

/** A mean less its spread may lie below 0, which hinders no logarithm. @param {number[]} values */
function positive(values) {
	const above = values.filter((value) => value > 0);
	return above.length > values.length * 0.8 ? above : values;
}

/** @param {Point[]} points @returns {Spot[]} */
const spotsOf = (points) => points.map(({ epoch, mean }) => ({ epoch, value: mean }));

/** @param {string} name @param {Place} place */
function axesOf(name, { scale, end, width, x, y }) {
	const last = Math.max(2, end);
	const step = Math.max(1, niceTicks(0, last)[1]);
	const epochs = Array.from({ length: Math.floor(last / step) }, (_, place) => (place + 1) * step);
	const value = (/** @type {number} */ tick) => [
		s("line.axis", { x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }),
		s("text", { x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end" }, tickText(name, tick)),
	];
	const epoch = (/** @type {number} */ tick) => {
		const anchor = x(tick) > width - 30 ? "end" : "middle";
		return s("text", { x: x(tick), y: HEIGHT - 12, "text-anchor": anchor }, tick.toLocaleString("en"));
	};
	return [
		scale.ticks.map(value),
		epochs.filter(Number.isInteger).map(epoch),
		s("text", { x: LEFT - 7, y: HEIGHT - 12, "text-anchor": "end" }, "epoch"),
	];
}

/** @param {string} look @param {Spot[]} spots @param {Place} place @param {string} [key] */
function pathOf(look, spots, { x, y }, key) {
	const steps = spots.map(({ epoch, value }, at) => `${at ? "L" : "M"}${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`);
	return s("path", { class: look, "data-key": key, d: steps.join("") + (spots.length === 1 ? "h.01" : "") });
}

/** One standard deviation to both sides of the mean. @param {Line} line @param {Place} place */
function bandOf({ key, look, drawn }, { x, y }) {
	if (!drawn.some(({ spread }) => spread)) return null;
	const side = (/** @type {1 | -1} */ sign) =>
		drawn.map(({ epoch, mean, spread }) => `${x(epoch).toFixed(1)} ${y(mean + sign * spread).toFixed(1)}`);
	return s("path", { class: `${look} band`, "data-key": key, d: `M${[...side(1), ...side(-1).reverse()].join("L")}Z` });
}

/** @param {Line} line @param {Place} place */
const ringOf = ({ look, best }, { scale, x, y }) =>
	best &&
	isWithin(best.mean, scale) &&
	s("circle", { class: `${look} best`, cx: x(best.epoch), cy: y(best.mean), r: 5.5 });

/** @param {number} value @param {Scale} scale */
const isWithin = (value, { least, most }) => value >= least && value <= most;

/** @param {Line} line @param {Point} point @param {Place} place */
const dotOf = ({ look }, { epoch, mean }, { x, y }) =>
	s("circle", { class: `${look} dot`, cx: x(epoch), cy: Math.min(HEIGHT - BOTTOM, Math.max(TOP, y(mean))), r: 3.5 });

/** @param {Line[]} lines @param {number} epoch @returns {Reading[]} */
const readings = (lines, epoch) =>
	lines.flatMap((line) => {
		const point = pointAt(line.points, epoch);
		return point ? [{ line, point }] : [];
	});

/** @param {string} name @param {Reading} reading */
const tipRow = (name, { line, point }) =>
	h(
		"span.reading",
		h("span.cut", h("span", { class: `swatch ${line.look}` }), line.name),
		" ",
		h("b", valueText(name, point)),
	);

/** @param {string} name @param {Point} point */
const valueText = (name, { mean, spread }) =>
	figure(name, mean) + (spread ? ` ± ${figure(name, Number(spread.toPrecision(2)))}` : "");

/** Below the lines: the best and the last epoch, and what the axis hides. @param {string} name @param {Line[]} lines @param {Place | null} place */
function summaryOf(name, lines, place) {
	if (!place) return "No whole epoch.";
	const [first, last] = [lines[0], lines[lines.length - 1]];
	const outside = lines.flatMap(({ drawn }) => drawn).filter(({ mean }) => !isWithin(mean, place.scale)).length;
	const hidden = outside ? `; ${counted(outside, "value")} outside of the axis` : "";
	if (new Set(lines.map(({ key }) => key)).size > 1) return `${leaderOf(name, lines)}${hidden}`;
	const ends = lines.map((line) => `${line.name} ${figure(name, line.points[line.points.length - 1].mean)}`);
	const where = name === "loss" ? "lowest validation loss in" : "at the lowest validation loss,";
	const best = last.best && `; ${where} epoch ${last.best.epoch}: ${figure(name, last.best.mean)}`;
	return `Epoch ${first.points[first.points.length - 1].epoch}: ${ends.join(", ")}${best ?? ""}${hidden}`;
}

/** Which of several runs gets furthest on the rows held out. @param {string} name @param {Line[]} lines */
function leaderOf(name, lines) {
	const isHigh = isShare(name);
	const found = lines.flatMap(({ name: run, look, points }) => {
		const best = look.startsWith("val") && bestOf(points, isHigh);
		return best ? [{ run, ...best }] : [];
	});
	if (!found.length) return "No rows were held out";
	const first = found.reduce((best, one) => (isHigh === one.mean > best.mean && one.mean !== best.mean ? one : best));
	return `${isHigh ? "Highest" : "Lowest"} on rows held out: ${first.run}, ${figure(name, first.mean)} in epoch ${first.epoch}`;
}

/** @param {number[]} epochs ascending @param {number} wanted */
function nearest(epochs, wanted) {
	return epochs.reduce((best, one) => (Math.abs(one - wanted) < Math.abs(best - wanted) ? one : best), epochs[0]);
}

/** @param {number[]} epochs @param {number | null} at @param {number} step */
function stepped(epochs, at, step) {
	const now = at === null ? (step > 0 ? -1 : epochs.length) : epochs.indexOf(nearest(epochs, at));
	return epochs[Math.min(epochs.length - 1, Math.max(0, now + step))];
}
