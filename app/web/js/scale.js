// Axes: where a value lies, and the round numbers beside it.

/** @typedef {{ log: boolean, least: number, most: number, ticks: number[], share(value: number): number }} Scale share: 0 at the bottom, 1 at the top */

const CLIPPED = 0.05; // of the values at each end lie outside of a clipped axis
const FEWEST = 5; // values; of fewer none is left out
const FEW_TICKS = 3;
const MANY_TICKS = 7;

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

/** Round numbers between positive values, as a logarithmic axis has them. @param {number} least @param {number} most */
export function logTicks(least, most) {
	const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
	const powers = Array.from({ length: to - from + 1 }, (_, place) => from + place);
	const choices = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]].map((factors) =>
		powers
			.flatMap((power) => factors.map((factor) => Number((factor * 10 ** power).toPrecision(3))))
			.filter((tick) => tick >= least * 0.999 && tick <= most * 1.001),
	);
	const found = choices.find((ticks) => ticks.length >= FEW_TICKS);
	if (!found) return niceTicks(least, most).filter((tick) => tick >= least && tick <= most);
	const every = Math.ceil(found.length / MANY_TICKS);
	return found.filter((_, place) => place % every === 0);
}

/**
 * The axis of these values; logarithmic only if all are above 0.
 *
 * @param {number[]} values not empty
 * @param {{ log: boolean, clip: boolean }} wanted
 * @param {number} [end] that no value exceeds: 1 of shares
 * @returns {Scale}
 */
export function scaleOf(values, { log, clip }, end = Infinity) {
	const sorted = [...values].sort((one, other) => one - other);
	const cut = clip && sorted.length >= FEWEST ? Math.ceil(CLIPPED * sorted.length) : 0;
	const [low, high] = [sorted[cut], sorted[sorted.length - 1 - cut]];
	return log && low > 0 ? logarithmic(low, high) : linear(low, Math.min(high, end), end);
}

/** @param {number} low @param {number} high @param {number} end @returns {Scale} */
function linear(low, high, end) {
	const ticks = niceTicks(low, high).filter((tick) => tick <= end);
	const [least, most] = [Math.min(ticks[0], low), Math.max(ticks[ticks.length - 1], high)];
	const share = (/** @type {number} */ value) => (value - least) / (most - least || 1);
	return { log: false, least, most, ticks, share };
}

/** @param {number} low @param {number} high @returns {Scale} */
function logarithmic(low, high) {
	const room = Math.max((high / low) ** 0.04, 1.02); // above and below, as a factor
	const [least, most] = [low / room, high * room];
	const span = Math.log(most / least);
	const share = (/** @type {number} */ value) => Math.log(Math.max(value, least / 1e3) / least) / span;
	return { log: true, least, most, ticks: logTicks(least, most), share };
}

/** A number beside an axis; shares of 1 as percent. @param {string} name of the figure @param {number} value */
export function tickText(name, value) {
	if (/accuracy|f1/.test(name)) return `${Number((100 * value).toPrecision(4))} %`;
	const size = Math.abs(value);
	return size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential().replace("e+", "e") : String(value);
}
