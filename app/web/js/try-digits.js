// A pad to draw a digit on, or a picture of one.

import { post } from "./api.js";
import { alertLine, bars, button, h, on, throttled } from "./dom.js";
import { canvasOf, colour, drawStrokes, extentOf, penOf, pictureOf } from "./pad.js";
import { predictor, verdict, warnings } from "./predictions.js";

const SIDE = 336; // pixels of the pad's own canvas
const [LEAST_PEN, PEN] = [7, 26]; // of a small drawing, and of a large one
const DOT = 16; // pixels: what is smaller has only been begun
const STEP = 12; // of the pen, with the arrow keys

export async function show(place, context) {
	const pad = h("canvas.pad", { width: SIDE, height: SIDE, tabindex: 0, role: "img",
		label: "Pad to draw a digit on. Arrow keys move the pen, space puts it down or lifts it." });
	const [ink, pen] = canvasOf(SIDE);
	const seen = h("canvas", { width: 28, height: 28, role: "img", label: "The digit as the model sees it" });
	const picture = h("canvas", { width: 28, height: 28, role: "img", label: "Pixels that speak for and against the answer" });
	const effectsFigure = h("figure", { hidden: true }, picture, h("figcaption"));
	const problem = alertLine();
	let strokes = []; // lists of points; or
	let taken = null; // a picture: what is shown of it, and the `image` to send
	let isDown = false;
	let cursor = null; // of the arrow keys

	const draw = () => {
		const view = pad.getContext("2d");
		view.clearRect(0, 0, SIDE, SIDE);
		if (taken) {
			const scale = SIDE / Math.max(taken.shown.width, taken.shown.height);
			const [width, height] = [taken.shown.width * scale, taken.shown.height * scale];
			view.imageSmoothingQuality = "high";
			view.drawImage(taken.shown, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
		} else {
			drawStrokes(pen, strokes, penOf(strokes, LEAST_PEN, PEN));
			view.drawImage(ink, 0, 0);
			view.globalCompositeOperation = "source-in";
			view.fillStyle = colour("--ink");
			view.fillRect(0, 0, SIDE, SIDE);
			view.globalCompositeOperation = "source-over";
		}
		if (cursor) {
			view.strokeStyle = colour("--accent");
			view.lineWidth = cursor.down ? 4 : 2;
			view.beginPath();
			view.arc(cursor.x, cursor.y, PEN / 2, 0, 7);
			view.stroke();
		}
	};
	// The service reads the picture, and says what it saw: here nothing is made of it.
	const look = async ({ image }) => {
		const { encoding } = await post("tasks/digits/encode", { image, ...context.model() }, context.signal);
		return Array.from({ length: 28 }, (_, row) => encoding.values.slice(28 * row, 28 * row + 28).map((value) => 255 * value));
	};
	const forget = () => {
		effectsFigure.hidden = true;
		paintInk(seen, null);
	};
	const { predict, result, drop } = predictor(context, ({ prediction }, input, pixels) => {
		const { label, effects } = prediction.explanation;
		paintInk(seen, pixels);
		paintEffects(picture, effects, pixels, [colour("--for-rgb"), colour("--against-rgb")]);
		effectsFigure.lastChild.textContent = `Ink for and against ${label}`;
		effectsFigure.hidden = false;
		return [
			verdict(prediction, prediction.label),
			bars(prediction.probabilities.map((share, digit) => [digit, share]), "Probability of each digit"),
			warnings(prediction)];
	}, forget, look);
	const ask = () => {
		problem.textContent = "";
		if (taken) predict({ image: taken.image });
		else if (extentOf(strokes) > DOT) predict({ image: ink.toDataURL() });
		else drop(h("p.soft", "Draw a digit, large or small, anywhere on the pad."));
	};
	const soon = throttled(ask, 90);
	const put = (picture) => {
		strokes = [];
		taken = picture;
		draw();
		ask();
	};
	const begin = (at) => {
		taken = null;
		strokes.push([at]);
		draw();
		soon();
	};
	const extend = (...points) => {
		strokes.at(-1).push(...points);
		draw();
		soon();
	};
	const at = (event) => {
		const box = pad.getBoundingClientRect();
		return { x: ((event.clientX - box.left) * SIDE) / box.width, y: ((event.clientY - box.top) * SIDE) / box.height };
	};
	on(pad, "pointerdown", (event) => {
		if (event.button) return;
		pad.setPointerCapture(event.pointerId);
		cursor = null;
		isDown = true;
		begin(at(event));
	});
	on(pad, "pointermove", (event) => {
		if (isDown && strokes.length) extend(...(event.getCoalescedEvents?.() ?? []).map(at), at(event));
	});
	on(pad, "pointerup pointercancel", () => { isDown = false; });
	on(pad, "keydown", (event) => {
		const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
		if (!x && !y && event.key !== " ") return;
		event.preventDefault();
		cursor ??= { x: SIDE / 2, y: SIDE / 4, down: false };
		const keep = (value) => Math.min(SIDE - PEN, Math.max(PEN, value));
		cursor = { x: keep(cursor.x + x * STEP), y: keep(cursor.y + y * STEP), down: cursor.down !== (event.key === " ") };
		const to = { x: cursor.x, y: cursor.y };
		if (!cursor.down) draw();
		else if (event.key === " " || !strokes.length) begin(to);
		else extend(to);
	});
	on(pad, "blur", () => { cursor = null; draw(); });

	const take = async (file) => {
		if (!file) return;
		try { put(await pictureOf(file)); } catch (error) { problem.textContent = error.message; }
	};
	const file = h("input", { type: "file", accept: "image/*", class: "hidden", tabindex: -1, label: "Picture of a digit", onchange: () => { take(file.files[0]); file.value = ""; } });
	on(pad, "dragover", (event) => { event.preventDefault(); pad.classList.add("over"); });
	on(pad, "dragleave", () => pad.classList.remove("over"));
	on(pad, "drop", (event) => { event.preventDefault(); pad.classList.remove("over"); take(event.dataTransfer.files[0]); });
	const example = () => {
		const [shown] = canvasOf(28);
		paintInk(shown, context.task.example.pixels);
		put({ shown, image: shown.toDataURL() });
	};
	addEventListener("themechange", draw, { signal: context.signal });
	place.append(h("div.split",
		h("section.card", { label: "Input" }, pad,
			h("div.row", button("Clear", () => put(null)), button("Example", example),
				button("Choose a picture", () => file.click()), file),
			h("p.hint", "Or drop a picture on the pad: a photograph of paper will do. The service finds the digit in it."), problem),
		h("section.card", { label: "Answer" }, result,
			h("div.small-pictures", h("figure", seen, h("figcaption", "As the model sees it")), effectsFigure))));
	put(null);
	return ask;
}

/** 28 × 28 grey values as white ink on black, as MNIST is. */
function paintInk(canvas, pixels) {
	const view = canvas.getContext("2d");
	const picture = view.createImageData(28, 28);
	picture.data.fill(255);
	(pixels ?? Array(28).fill(Array(28).fill(0))).flat().forEach((value, place) => picture.data.fill(value, 4 * place, 4 * place + 3));
	view.putImageData(picture, 0, 0);
}

function paintEffects(canvas, effects, pixels, [plus, minus]) {
	const view = canvas.getContext("2d");
	paintInk(canvas, pixels.map((row) => row.map((value) => value / 4)));
	const most = Math.max(1e-9, ...effects.flat().map(Math.abs));
	effects.forEach((row, y) => row.forEach((effect, x) => {
		if (!effect) return;
		view.fillStyle = `rgb(${effect > 0 ? plus : minus} / ${Math.sqrt(Math.abs(effect) / most)})`;
		view.fillRect(x, y, 1, 1);
	}));
}
