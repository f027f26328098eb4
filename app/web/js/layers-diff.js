// Which layers are those of the preset, and which are not.

/** @import { Part } from "../../client/densely.js" */
/** @typedef {{ place: number | null, was: Part | null }} Line of a layer: `place` is null of one that is gone */

/**
 * Pairs layers with those of a preset, as many as possible of one kind in the same order. In the order of both: a layer
 * without `was` is new, one without `place` is gone.
 *
 * @param {Part[]} layers
 * @param {Part[]} preset
 * @returns {Line[]}
 */
export function aligned(layers, preset) {
	const most = table(layers, preset);
	/** @type {Line[]} */
	const lines = [];
	let [i, j] = [0, 0];
	while (i < layers.length || j < preset.length) {
		const isPair = i < layers.length && j < preset.length && layers[i].kind === preset[j].kind;
		if (isPair && most[i][j] === gain(layers[i], preset[j]) + most[i + 1][j + 1]) {
			lines.push({ place: i, was: preset[j] });
			[i, j] = [i + 1, j + 1];
		} else if (i < layers.length && (j === preset.length || most[i + 1][j] >= most[i][j + 1])) {
			lines.push({ place: i, was: null });
			i += 1;
		} else {
			lines.push({ place: null, was: preset[j] });
			j += 1;
		}
	}
	return lines;
}

/** What it is worth to pair two layers of one kind: a little more if they are the same. @param {Part} one @param {Part} other */
const gain = (one, other) => (JSON.stringify(one) === JSON.stringify(other) ? 1.01 : 1);

/** What the pairs of the layers from i and j on are worth at most. @param {Part[]} layers @param {Part[]} preset */
function table(layers, preset) {
	const most = layers.concat(/** @type {any} */ (null)).map(() => Array(preset.length + 1).fill(0));
	for (let i = layers.length - 1; i >= 0; i--) {
		for (let j = preset.length - 1; j >= 0; j--) {
			const pair = layers[i].kind === preset[j].kind ? gain(layers[i], preset[j]) + most[i + 1][j + 1] : 0;
			most[i][j] = Math.max(pair, most[i + 1][j], most[i][j + 1]);
		}
	}
	return most;
}
