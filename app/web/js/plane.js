// A part of the plane, coloured by the probability of one of two labels.

import { h, on } from "./dom.js";
import { canvasOf, colour } from "./pad.js";

/** @import { Range } from "../../client/densely.js" */

const CELLS = 70; // of a side
const SIDE = 560; // pixels of the canvas
const MOVES = {
	ArrowLeft: [-1, 0],
	ArrowRight: [1, 0],
	ArrowUp: [0, 1],
	ArrowDown: [0, -1],
};

export class Plane {
	node = h("canvas.plane", {
		width: SIDE,
		height: SIDE,
		tabindex: 0,
		role: "img",
		label: "The plane in the model's colours. Click for a point; arrow keys move it.",
	});
	/** @type {number[] | null} */
	shares = null; // probability of the second label, row by row from the top

	/** @param {Range[]} ranges of both axes */
	constructor(ranges) {
		this.ranges = ranges;
	}

	/** The centres of the cells, row by row from the top. */
	cells() {
		const at = (/** @type {number} */ axis, /** @type {number} */ cell) => this.#valueAt(axis, (cell + 0.5) / CELLS);
		return Array.from({ length: CELLS ** 2 }, (_, place) => [
			at(0, place % CELLS),
			at(1, CELLS - 1 - Math.floor(place / CELLS)),
		]);
	}

	/**
	 * Calls `moved` with the point that was clicked, or to which an arrow key leads.
	 *
	 * @param {() => number[]} point where it is
	 * @param {(point: number[]) => void} moved
	 */
	onMove(point, moved) {
		const within = (/** @type {number} */ value, /** @type {number} */ axis) =>
			Math.min(this.ranges[axis].greatest, Math.max(this.ranges[axis].least, value));
		on(this.node, "click", ({ clientX, clientY }) => {
			const box = this.node.getBoundingClientRect();
			const parts = [(clientX - box.left) / box.width, 1 - (clientY - box.top) / box.height];
			moved(parts.map((part, axis) => within(this.#valueAt(axis, part), axis)));
		});
		on(this.node, "keydown", (event) => {
			const move = MOVES[/** @type {keyof typeof MOVES} */ (event.key)];
			if (!move) return;
			event.preventDefault();
			moved(point().map((value, axis) => within(value + move[axis] * this.ranges[axis].step, axis)));
		});
	}

	/** @param {number[]} point which is marked */
	draw(point) {
		const view = this.node.getContext("2d");
		view.fillStyle = colour("--card");
		view.fillRect(0, 0, SIDE, SIDE);
		if (!this.shares) return;
		paintCells(view, this.shares);
		paintBoundary(view, this.shares);
		this.#paintTicks(view);
		const [x, y] = [SIDE * this.#partOf(0, point[0]), SIDE * (1 - this.#partOf(1, point[1]))];
		for (const [radius, name] of /** @type {[number, string][]} */ ([
			[10, "--card"],
			[7, "--ink"],
		])) {
			view.fillStyle = colour(name);
			view.beginPath();
			view.arc(x, y, radius, 0, 7);
			view.fill();
		}
	}

	/** Whole numbers along both axes. @param {CanvasRenderingContext2D} view */
	#paintTicks(view) {
		view.fillStyle = colour("--ink");
		view.font = "14px system-ui, sans-serif";
		this.ranges.forEach(({ least, greatest }, axis) => {
			const step = Math.max(1, Math.round((greatest - least) / 8));
			for (let tick = Math.ceil(least + step / 2); tick < greatest; tick += step) {
				const along = SIDE * this.#partOf(axis, tick);
				if (axis) view.fillText(String(tick), 8, SIDE - along + 5);
				else view.fillText(String(tick), along - 4, SIDE - 8);
			}
		});
	}

	/** @param {number} axis @param {number} part of the side, 0 to 1 */
	#valueAt(axis, part) {
		const { least, greatest } = this.ranges[axis];
		return least + part * (greatest - least);
	}

	/** @param {number} axis @param {number} value */
	#partOf(axis, value) {
		const { least, greatest } = this.ranges[axis];
		return (value - least) / (greatest - least);
	}
}

/** @param {CanvasRenderingContext2D} view @param {number[]} shares */
function paintCells(view, shares) {
	const [plus, minus] = ["--one-rgb", "--zero-rgb"].map((name) => colour(name).split(" ").map(Number));
	const [small, brush] = canvasOf(CELLS);
	const picture = brush.createImageData(CELLS, CELLS);
	shares.forEach((share, place) =>
		picture.data.set([...(share > 0.5 ? plus : minus), 40 + 300 * Math.abs(share - 0.5)], 4 * place),
	);
	brush.putImageData(picture, 0, 0);
	view.drawImage(small, 0, 0, SIDE, SIDE);
}

/**
 * Dots where both labels are as probable, between the centres of neighbours that differ.
 *
 * @param {CanvasRenderingContext2D} view
 * @param {number[]} shares
 */
function paintBoundary(view, shares) {
	const cell = SIDE / CELLS;
	view.fillStyle = colour("--ink");
	shares.forEach((share, place) => {
		const [column, row] = [place % CELLS, Math.floor(place / CELLS)];
		for (const [right, down] of [
			[1, 0],
			[0, 1],
		]) {
			if (column + right === CELLS || row + down === CELLS) continue;
			const part = (0.5 - share) / (shares[place + right + CELLS * down] - share);
			if (part <= 0 || part > 1) continue;
			view.fillRect((column + 0.5 + right * part) * cell - 1.5, (row + 0.5 + down * part) * cell - 1.5, 3, 3);
		}
	});
}
