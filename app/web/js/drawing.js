// A pad to draw on with a pointer or the arrow keys, or to put a picture on.

import { h, on } from "./dom.js";
import { canvasOf, colour, drawStrokes, extentOf, penOf } from "./pad.js";

/** @import { Point, Picture } from "./pad.js" */

const SIDE = 336; // pixels of the pad's own canvas
const [LEAST_PEN, PEN] = [7, 26]; // of a small drawing, and of a large one
const DOT = 16; // pixels: what is smaller has only been begun
const STEP = 12; // of the pen, with the arrow keys
const KEYS = {
	ArrowLeft: [-1, 0],
	ArrowRight: [1, 0],
	ArrowUp: [0, -1],
	ArrowDown: [0, 1],
	" ": [0, 0],
};

export class Drawing {
	node = h("canvas.pad", {
		width: SIDE,
		height: SIDE,
		tabindex: 0,
		role: "img",
		label: "Pad to draw on. Arrow keys move the pen, space puts it down or lifts it.",
	});
	#ink = canvasOf(SIDE);
	/** @type {Point[][]} */
	#strokes = []; // or
	/** @type {Picture | null} */
	#picture = null;
	/** @type {(Point & { isDown: boolean }) | null} */
	#cursor = null; // of the arrow keys
	#isDown = false; // whether the pointer draws

	/**
	 * @param {() => void} changed
	 * @param {AbortSignal} signal
	 * @param {boolean} isDrawn whether it can be drawn on; if not, it only shows what is put there
	 */
	constructor(changed, signal, isDrawn) {
		this.changed = changed;
		addEventListener("themechange", () => this.draw(), { signal });
		if (!isDrawn) {
			this.node.setAttribute("aria-label", "The picture that was chosen");
			this.node.removeAttribute("tabindex");
			this.node.classList.add("still");
			return;
		}
		on(this.node, "pointerdown", (event) => this.#press(event));
		on(this.node, "pointermove", (event) => this.#move(event));
		on(this.node, "pointerup pointercancel", () => {
			this.#isDown = false;
		});
		on(this.node, "keydown", (event) => this.#key(event));
		on(this.node, "blur", () => {
			this.#cursor = null;
			this.draw();
		});
	}

	/** The picture in base64; null while there is none. */
	get image() {
		if (this.#picture) return this.#picture.image;
		return extentOf(this.#strokes) > DOT ? this.#ink[0].toDataURL() : null;
	}

	/** What can be kept of it, and put back: its strokes in whole pixels, or the picture as it is sent. */
	get state() {
		if (this.#picture) return { image: this.#picture.image };
		const whole = (/** @type {Point} */ { x, y }) => ({ x: Math.round(x), y: Math.round(y) });
		return { strokes: this.#strokes.map((stroke) => stroke.map(whole)) };
	}

	/** Draws strokes in the place of all that is there. @param {Point[][]} strokes */
	trace(strokes) {
		this.#picture = null;
		this.#strokes = strokes;
		this.draw();
	}

	/** Puts a picture in the place of all that is there, or nothing. @param {Picture | null} picture */
	put(picture) {
		this.#strokes = [];
		this.#picture = picture;
		this.draw();
	}

	draw() {
		const view = this.node.getContext("2d");
		view.clearRect(0, 0, SIDE, SIDE);
		if (this.#picture) drawPicture(view, this.#picture.shown);
		else this.#drawInk(view);
		if (!this.#cursor) return;
		view.strokeStyle = colour("--accent");
		view.lineWidth = this.#cursor.isDown ? 4 : 2;
		view.beginPath();
		view.arc(this.#cursor.x, this.#cursor.y, PEN / 2, 0, 7);
		view.stroke();
	}

	/** @param {CanvasRenderingContext2D} view */
	#drawInk(view) {
		const [ink, pen] = this.#ink;
		drawStrokes(pen, this.#strokes, penOf(this.#strokes, LEAST_PEN, PEN));
		view.drawImage(ink, 0, 0);
		view.globalCompositeOperation = "source-in";
		view.fillStyle = colour("--ink");
		view.fillRect(0, 0, SIDE, SIDE);
		view.globalCompositeOperation = "source-over";
	}

	/** @param {Point} at */
	#begin(at) {
		this.#picture = null;
		this.#strokes.push([at]);
		this.draw();
		this.changed();
	}

	/** @param {...Point} points */
	#extend(...points) {
		this.#strokes.at(-1)?.push(...points);
		this.draw();
		this.changed();
	}

	/** @param {PointerEvent} event */
	#press(event) {
		if (event.button) return;
		this.node.setPointerCapture(event.pointerId);
		this.#cursor = null;
		this.#isDown = true;
		this.#begin(this.#placeOf(event));
	}

	/** @param {PointerEvent} event */
	#move(event) {
		if (!this.#isDown || !this.#strokes.length) return;
		const passed = event.getCoalescedEvents?.() ?? [];
		this.#extend(...passed.map((one) => this.#placeOf(one)), this.#placeOf(event));
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		if (!(event.key in KEYS)) return;
		event.preventDefault();
		const [x, y] = KEYS[/** @type {keyof typeof KEYS} */ (event.key)];
		const old = this.#cursor ?? { x: SIDE / 2, y: SIDE / 4, isDown: false };
		const keep = (/** @type {number} */ value) => Math.min(SIDE - PEN, Math.max(PEN, value));
		const to = { x: keep(old.x + x * STEP), y: keep(old.y + y * STEP) };
		this.#cursor = { ...to, isDown: old.isDown !== (event.key === " ") };
		if (!this.#cursor.isDown) this.draw();
		else if (event.key === " " || !this.#strokes.length) this.#begin(to);
		else this.#extend(to);
	}

	/** @param {MouseEvent} event @returns {Point} */
	#placeOf({ clientX, clientY }) {
		const box = this.node.getBoundingClientRect();
		return {
			x: ((clientX - box.left) * SIDE) / box.width,
			y: ((clientY - box.top) * SIDE) / box.height,
		};
	}
}

/** As large as there is room. @param {CanvasRenderingContext2D} view @param {Picture["shown"]} shown */
function drawPicture(view, shown) {
	const scale = SIDE / Math.max(shown.width, shown.height);
	const [width, height] = [shown.width * scale, shown.height * scale];
	view.imageSmoothingQuality = "high";
	view.drawImage(shown, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
}
