// A curve that fits into a line of text.

import { figure, s } from "./dom.js";

const [WIDTH, HEIGHT, PAD] = [84, 24, 3];

/** @param {{ name: string, values: number[] }} curve @param {boolean} isLess whether less is better */
export function spark({ name, values }, isLess = true) {
	const known = values.filter(Number.isFinite);
	if (known.length < 2) return null;
	const [low, high] = [Math.min(...known), Math.max(...known)];
	const points = known.map((value, place) => ({
		x: PAD + (place / (known.length - 1)) * (WIDTH - 2 * PAD),
		y: PAD + (1 - (value - low) / (high - low || 1)) * (HEIGHT - 2 * PAD),
	}));
	const best = points[known.indexOf(isLess ? low : high)];
	const words = name.replace(/^val_/, "validation ");
	const label = `${words} from ${figure(name, known[0])} to ${figure(name, known[known.length - 1])}`;
	const path = points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
	return s(
		"svg.curve",
		{ role: "img", label, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT },
		s("title", label),
		s("polyline", { points: path }),
		s("circle", { cx: best.x.toFixed(1), cy: best.y.toFixed(1), r: 2.2 }),
	);
}
