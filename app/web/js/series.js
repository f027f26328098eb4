// The numbers behind the curves: means and spreads over folds or seeds, as the service's own pictures have them.

/** @import { Epoch, RunData } from "../../client/densely.js" */
/** @typedef {{ epoch: number, mean: number, spread: number, count: number }} Point spread: standard deviation, 0 of one fit */
/** @typedef {{ epoch: number, value: number }} Spot */

const FEW_EPOCHS = 1500; // of a run; more are thinned out when its history is asked for

/** Of how many epochs of a run's history one is asked for. @param {RunData} run */
export function everyOf({ metrics, progress, recipe, validation, seeds }) {
	const trained = metrics.fits.reduce((sum, { epochs }) => sum + epochs, 0);
	const planned = (recipe.epochs ?? 1) * ((validation.folds ?? 0) + seeds) * (progress?.fraction ?? 1);
	return Math.max(1, Math.ceil((trained || planned) / FEW_EPOCHS));
}

/** What a run's figures are called: its recipe's metric. @param {{ recipe: { head: string } }} run */
export const metricOf = ({ recipe: { head } }) =>
	head === "multilabel" ? "f1" : head.endsWith("regression") ? "mae" : "accuracy";

/**
 * The epochs that are drawn, and what they repeat: `4 folds`, `5 seeds`, or nothing. The fit that follows the folds is
 * left out: it has more rows, and none that are held out.
 *
 * @param {Epoch[]} epochs
 */
export function repeated(epochs) {
	const folds = epochs.filter((row) => row.fold !== null && row.fold !== undefined);
	let drawn = folds.length ? folds : epochs;
	const hasSeed = (/** @type {Epoch} */ row) => row.seed !== null && row.seed !== undefined;
	const seeds = new Set(drawn.filter(hasSeed).map((row) => row.seed));
	if (seeds.size > 1) drawn = drawn.filter(hasSeed);
	const parts = /** @type {const} */ ([
		[new Set(folds.map((row) => row.fold)).size, "folds"],
		[seeds.size, "seeds"],
	]);
	const over = parts.filter(([size]) => size > 1).map(([size, word]) => `${size} ${word}`);
	return { epochs: drawn, over: over.join(" × ") };
}

/** A figure by epoch, where it was measured and is a number. @param {Epoch[]} epochs @param {string} name @returns {Point[]} */
export function series(epochs, name) {
	/** @type {Map<number, number[]>} */
	const found = new Map();
	for (const row of epochs) {
		const value = row[name];
		if (!Number.isFinite(value)) continue;
		const values = found.get(row.epoch);
		if (values) values.push(/** @type {number} */ (value));
		else found.set(row.epoch, [/** @type {number} */ (value)]);
	}
	return [...found]
		.sort(([one], [other]) => one - other)
		.map(([epoch, values]) => {
			const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
			const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
			return { epoch, mean, spread: Math.sqrt(square), count: values.length };
		});
}

/**
 * A function of rows that remembers what it found: of many epochs, what takes long is not the drawing.
 *
 * @template T
 * @param {(rows: Epoch[], name: string) => T} find
 * @returns {(rows: Epoch[], name?: string) => T}
 */
export function remembered(find) {
	/** @type {WeakMap<Epoch[], Map<string, T>>} */
	const known = new WeakMap();
	return (rows, name = "") => {
		const found = known.get(rows) ?? new Map();
		if (!found.has(name)) found.set(name, find(rows, name));
		known.set(rows, found);
		return /** @type {T} */ (found.get(name));
	};
}

/** A figure of each fit by itself. @param {Epoch[]} epochs @param {string} name @returns {Spot[][]} */
export function fits(epochs, name) {
	const groups = Object.groupBy(epochs, (row) => `${row.seed}/${row.fold}`);
	return /** @type {Epoch[][]} */ (Object.values(groups)).map((rows) =>
		series(rows, name).map(({ epoch, mean }) => ({ epoch, value: mean })),
	);
}

/**
 * Where the mean is lowest (or highest) among the epochs that all fits reached: one lucky fold is no mean.
 *
 * @param {Point[]} points
 * @param {boolean} [isHigh] whether higher is better
 * @returns {Point | null}
 */
export function bestOf(points, isHigh = false) {
	const most = points.reduce((count, point) => Math.max(count, point.count), 0);
	const whole = points.filter((point) => point.count === most);
	const isBetter = (/** @type {Point} */ one, /** @type {Point} */ other) =>
		isHigh ? one.mean > other.mean : one.mean < other.mean;
	return whole.reduce((best, one) => (!best || isBetter(one, best) ? one : best), /** @type {Point | null} */ (null));
}

/** At most so many, evenly spread, the first and the last among them. @template T @param {T[]} points @param {number} most */
export function thinned(points, most) {
	if (points.length <= most) return points;
	const step = (points.length - 1) / (most - 1);
	return Array.from({ length: most }, (_, place) => points[Math.round(place * step)]);
}

/**
 * Exponential moving averages, without the pull of the beginning towards 0.
 *
 * @param {Spot[]} spots
 * @param {number} weight of what was before, from 0 (as measured) to below 1
 * @returns {Spot[]}
 */
export function smoothed(spots, weight) {
	let [sum, total] = [0, 0];
	return spots.map(({ epoch, value }) => {
		sum = sum * weight + value * (1 - weight);
		total = total * weight + (1 - weight);
		return { epoch, value: sum / total };
	});
}

/** The last point up to an epoch; null before the first and after the last. @template {{ epoch: number }} T @param {T[]} points ascending @param {number} epoch @returns {T | null} */
export function pointAt(points, epoch) {
	if (!points.length || epoch > points[points.length - 1].epoch) return null;
	let [from, to] = [0, points.length];
	while (from < to) {
		const middle = (from + to) >> 1;
		if (points[middle].epoch <= epoch) from = middle + 1;
		else to = middle;
	}
	return from ? points[from - 1] : null;
}
