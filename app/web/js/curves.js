// Curves by epoch, of one run or of several: a panel for the loss and one for the metric, which point to the same epoch.

import { told } from "./api.js";
import { alertLine, button, freshId, h, on, put, say } from "./dom.js";
import { save } from "./csv.js";
import { csvOf, pngOf } from "./curve-files.js";
import { Panel } from "./panel.js";
import { bestOf, fits, remembered, repeated, series, smoothed, thinned } from "./series.js";
import { store, stored } from "./stored.js";

/** @import { Epoch } from "../../client/densely.js" */
/** @import { Line } from "./panel.js" */
/** @import { Point, Spot } from "./series.js" */
/** @typedef {{ key: string, label: string, epochs: Epoch[] }} Group a run and its history */
/** @typedef {{ log: boolean, clip: boolean, fits: boolean, training: boolean, smooth: number }} Wanted */

const MOST_POINTS = 300; // of a line; more than that a screen cannot show
const [drawnOf, seriesOf, fitsOf] = [remembered(repeated), remembered(series), remembered(fits)];
const KEPT = "densely-curves";
const STRONGEST = 0.95; // weight of what was before

/** What of one run is drawn, and how. @typedef {{ group: Group, over: string, rows: Epoch[], colour: string }} Part */

export class Curves {
	/** @type {Group[]} */
	#groups = [];
	/** @type {Set<string>} */
	#hidden = new Set();
	#wanted = kept();
	#fits = check("Single fits", "fits", this.#wanted, () => this.#change());
	#training = check("Training", "training", this.#wanted, () => this.#change());
	#legend = h("div.row.small.legend");
	#shown = "";
	problem = alertLine();

	/**
	 * @param {string} metric
	 * @param {object} options
	 * @param {() => string} options.title of the files that are saved
	 * @param {(key: string) => Promise<Epoch[]>} options.whole a run's history, of which those that are drawn may be thinned out
	 * @param {boolean} [options.isCompared] whether there are several runs, each with a colour
	 */
	constructor(metric, { title, whole, isCompared = false }) {
		this.title = title;
		this.whole = whole;
		this.isCompared = isCompared;
		const point = (/** @type {number | null} */ epoch) => this.panels.forEach((panel) => panel.show(epoch));
		this.panels = ["loss", metric].map((name) => new Panel(name, point));
		this.tools = this.#tools();
		this.charts = h(
			"div.charts",
			this.panels.map(({ node }) => node),
		);
		this.node = h("div.stack", this.tools, this.problem, this.charts, this.#legend);
	}

	/** Shows these runs. @param {Group[]} groups */
	draw(groups) {
		this.#groups = groups;
		const parts = this.#parts();
		const axis = this.#wanted;
		for (const panel of this.panels) {
			panel.draw(
				parts.flatMap((part) => this.#linesOf(part, panel.name)),
				axis,
			);
		}
		const isAny = groups.some(({ epochs }) => epochs.length);
		for (const { node, name } of this.panels) {
			const isMeasured = groups.some(({ epochs }) => epochs.some((row) => name in row || `val_${name}` in row));
			node.hidden = isAny && !isMeasured;
		}
		this.node.hidden = !isAny;
		this.#fits.hidden = !parts.some(({ over }) => over);
		this.#training.hidden = !this.isCompared || !parts.some(({ rows }) => isHeldOut(rows));
		this.#drawLegend(parts, isAny);
	}

	#parts() {
		const all = this.#groups.map((group, place) => {
			const { epochs, over } = drawnOf(group.epochs);
			return { group, over, rows: epochs, colour: this.isCompared ? ` c${place}` : "" };
		});
		return all.filter(({ group }) => !this.#hidden.has(group.key));
	}

	/** @param {Part} part @param {string} name @returns {Line[]} */
	#linesOf({ group, rows, colour }, name) {
		const validation = seriesOf(rows, `val_${name}`);
		const loss = seriesOf(rows, "val_loss");
		const best = loss.length > 1 ? bestOf(loss) : null;
		const isDrawn = !this.isCompared || this.#wanted.training || !validation.length;
		const line = (/** @type {"train" | "val"} */ kind, /** @type {Point[]} */ points) => {
			const single = this.#wanted.fits ? fitsOf(rows, kind === "val" ? `val_${name}` : name) : [];
			const called = kind === "val" ? "validation" : "training";
			const alone = this.isCompared ? group.label + (kind === "train" ? ", training" : "") : called;
			return {
				key: group.key,
				name: alone,
				look: `${kind}${colour}`,
				points,
				best: (kind === "val" && best && points.find(({ epoch }) => epoch === best.epoch)) || null,
				...this.#shape(points, single.length > 1 ? single : []),
			};
		};
		const lines = [...(isDrawn ? [line("train", seriesOf(rows, name))] : []), line("val", validation)];
		return lines.filter(({ points }) => points.length);
	}

	/** The points that are drawn, and what stands behind them. @param {Point[]} all @param {Spot[][]} single */
	#shape(all, single) {
		const few = thinned(all, MOST_POINTS);
		const { smooth } = this.#wanted;
		const means = few.map(({ epoch, mean }) => ({ epoch, value: mean }));
		const spreads = few.map(({ epoch, spread }) => ({ epoch, value: single.length ? 0 : spread }));
		const [mean, spread] = [smoothed(means, smooth), smoothed(spreads, smooth)];
		const drawn = few.map((point, at) => ({ ...point, mean: mean[at].value, spread: spread[at].value }));
		const faint = [...single.map((spots) => thinned(spots, MOST_POINTS)), ...(smooth ? [means] : [])];
		return { drawn, faint };
	}

	#change() {
		store("localStorage", KEPT, JSON.stringify(this.#wanted));
		this.draw(this.#groups);
	}

	#tools() {
		const change = () => this.#change();
		return h(
			"div.row.small.curve-tools",
			{ role: "group", label: "How the curves are drawn" },
			check("Log scale", "log", this.#wanted, change),
			check("Clip outliers", "clip", this.#wanted, change),
			this.#training,
			this.#fits,
			smoothing(this.#wanted, change),
			h(
				"span.row.push",
				button("CSV", () => this.#save(this.#saveCsv()), { label: "Save the curves as CSV" }),
				button("PNG", () => this.#save(this.#savePng()), { label: "Save the curves as PNG" }),
			),
		);
	}

	async #saveCsv() {
		const shown = this.#groups.filter(({ key }) => !this.#hidden.has(key));
		const groups = await Promise.all(shown.map(async ({ key }) => ({ key, epochs: await this.whole(key) })));
		save(`${this.title()}.csv`, csvOf(groups));
	}

	async #savePng() {
		const entries = [...this.#legend.querySelectorAll("[data-entry]:not([aria-pressed='false'])")];
		save(`${this.title()}.png`, await pngOf(this.panels, entries, this.title()));
	}

	/** @param {Promise<void>} saving */
	#save(saving) {
		saving.then(
			() => say("Saved"),
			(error) => put(this.problem, told(error)),
		);
	}

	/** Buttons keep the focus: the legend is made anew only when it changes. @param {Part[]} parts @param {boolean} isAny */
	#drawLegend(parts, isAny) {
		const labels = this.#groups.map(({ key, label }) => [key, label]);
		const marks = marksOf(parts, this.isCompared, this.#wanted);
		const state = JSON.stringify([labels, [...this.#hidden], marks.map(([text]) => text), isAny]);
		if (state === this.#shown) return;
		this.#shown = state;
		const focused = this.#legend.contains(document.activeElement) && document.activeElement?.getAttribute("data-entry");
		const entries = marks.map(([text, look]) =>
			h("span.soft", { "data-entry": "" }, h("span", { class: `swatch ${look}` }), text),
		);
		put(
			this.#legend,
			isAny && [this.isCompared && this.#groups.map((group, place) => this.#toggle(group, place)), entries],
		);
		if (focused) this.#legend.querySelector(`[data-entry="${focused}"]`)?.focus();
	}

	/** @param {Group} group @param {number} place */
	#toggle({ key, label }, place) {
		const toggle = () => {
			if (!this.#hidden.delete(key)) this.#hidden.add(key);
			this.draw(this.#groups);
		};
		const attributes = { "aria-pressed": String(!this.#hidden.has(key)), "data-entry": key, class: "toggle" };
		const node = button("", toggle, attributes);
		put(node, h("span", { class: `swatch val c${place}` }), label);
		on(node, "pointerenter focus", () => this.#emphasise(key));
		on(node, "pointerleave blur", () => this.#emphasise(null));
		return node;
	}

	/** @param {string | null} key */
	#emphasise(key) {
		for (const panel of this.panels) panel.emphasise(key);
	}
}

/** @param {Epoch[]} rows */
const isHeldOut = (rows) => rows.some((row) => Number.isFinite(row.val_loss));

/** What the marks mean: text and look of the swatch. @param {Part[]} parts @param {boolean} isCompared @param {Wanted} wanted @returns {[text: string, look: string][]} */
function marksOf(parts, isCompared, { training, fits: isSingle, smooth }) {
	const hasHeldOut = parts.some(({ rows }) => isHeldOut(rows));
	const isTraining = !isCompared || training || parts.some(({ rows }) => rows.length && !isHeldOut(rows));
	const overs = [...new Set(parts.map(({ over }) => over).filter(Boolean))];
	const beside = isSingle ? "each fit by itself" : "one standard deviation";
	const ink = isCompared ? " ink" : "";
	/** @type {[unknown, string, string][]} */
	const all = [
		[isTraining, "training", `train${ink}`],
		[hasHeldOut, "validation", `val${ink}`],
		[overs.length, `mean of ${overs.join(" or ")}, and ${beside}`, `band${ink}`],
		[smooth, "as measured", `val faint${ink}`],
		[hasHeldOut, "lowest validation loss", `best${ink}`],
	];
	return all.filter(([isShown]) => isShown).map(([, text, look]) => [text, look]);
}

/** @param {string} text @param {"log" | "clip" | "fits" | "training"} name @param {Wanted} wanted @param {() => void} change */
function check(text, name, wanted, change) {
	const set = (/** @type {any} */ { target }) => {
		wanted[name] = target.checked;
		change();
	};
	return h("label.check", h("input", { type: "checkbox", checked: wanted[name], onchange: set }), text);
}

/** @param {Wanted} wanted @param {() => void} change */
function smoothing(wanted, change) {
	const id = freshId("smooth");
	const text = () => (wanted.smooth ? String(wanted.smooth) : "off");
	const output = h("output.num", { for: id }, text());
	const set = (/** @type {any} */ { target }) => {
		wanted.smooth = Number(target.value);
		output.textContent = text();
		change();
	};
	const range = h("input", { id, type: "range", min: 0, max: STRONGEST, step: 0.05, oninput: set });
	range.value = wanted.smooth; // after its limits are known
	return h("label.check.smooth", "Smoothing", range, output);
}

/** As it was left. @returns {Wanted} */
function kept() {
	const plain = { log: false, clip: false, fits: false, training: false, smooth: 0 };
	try {
		const found = JSON.parse(stored("localStorage", KEPT) ?? "{}");
		return { ...plain, ...found, smooth: Math.min(STRONGEST, Math.max(0, Number(found.smooth) || 0)) };
	} catch {
		return plain;
	}
}
