// A pad to draw a digit on, or a picture of one.

import { alertLine, bars, button, h, on, throttled } from "./dom.js";
import { canvasOf, colour, inkOfFile, reduced } from "./pad.js";
import { predictor, verdict, warnings } from "./predictions.js";

const SIDE = 336; // pixels of the pad's own canvas
const PEN = 26;
const STEP = 12; // of the pen, with the arrow keys

export async function show(place, context) {
	const pad = h("canvas.pad", { width: SIDE, height: SIDE, tabindex: 0, role: "img",
		label: "Pad to draw a digit on. Arrow keys move the pen, space puts it down or lifts it." });
	const [ink, pen] = canvasOf(SIDE);
	Object.assign(pen, { lineCap: "round", lineJoin: "round", lineWidth: PEN });
	const seen = h("canvas", { width: 28, height: 28, role: "img", label: "The digit as the model sees it" });
	const picture = h("canvas", { width: 28, height: 28, role: "img", label: "Pixels that speak for and against the answer" });
	const effectsFigure = h("figure", { hidden: true }, picture, h("figcaption"));
	const problem = alertLine();
	let down = null;
	let cursor = null;
	let pixels = null;

	const draw = () => {
		const view = pad.getContext("2d");
		view.clearRect(0, 0, SIDE, SIDE);
		view.drawImage(ink, 0, 0);
		view.globalCompositeOperation = "source-in";
		view.fillStyle = colour("--ink");
		view.fillRect(0, 0, SIDE, SIDE);
		view.globalCompositeOperation = "source-over";
		if (cursor) {
			view.strokeStyle = colour("--accent");
			view.lineWidth = cursor.down ? 4 : 2;
			view.beginPath();
			view.arc(cursor.x, cursor.y, PEN / 2, 0, 7);
			view.stroke();
		}
	};
	const { predict, result, drop } = predictor(context, ({ prediction }, input) => {
		const { label, effects } = prediction.explanation;
		paintEffects(picture, effects, input.pixels, [colour("--for-rgb"), colour("--against-rgb")]);
		effectsFigure.lastChild.textContent = `Ink for and against ${label}`;
		effectsFigure.hidden = false;
		return [
			verdict(prediction, prediction.label),
			bars(prediction.probabilities.map((share, digit) => [digit, share]), "Probability of each digit"),
			warnings(prediction)];
	}, () => { effectsFigure.hidden = true; });
	const ask = () => {
		problem.textContent = "";
		pixels = reduced(ink);
		paintInk(seen, pixels);
		if (pixels) { predict({ pixels }); return; }
		drop(h("p.soft", "Draw a digit, large or small, anywhere on the pad."));
	};
	const soon = throttled(ask, 90);
	/** In place of what is there, a picture in the middle. */
	const redraw = (picture, width, height) => {
		pen.clearRect(0, 0, SIDE, SIDE);
		pen.drawImage(picture, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
		draw();
		ask();
	};
	const clear = () => redraw(ink, 0, 0);
	const stroke = (from, to) => {
		pen.beginPath();
		pen.moveTo(from.x, from.y);
		pen.lineTo(to.x, to.y);
		pen.stroke();
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
		down = at(event);
		stroke(down, down);
	});
	on(pad, "pointermove", (event) => {
		if (!down) return;
		for (const one of [...(event.getCoalescedEvents?.() ?? []), event]) { const to = at(one); stroke(down, to); down = to; }
	});
	for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { down = null; });
	on(pad, "keydown", (event) => {
		const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
		if (!x && !y && event.key !== " ") return;
		event.preventDefault();
		cursor ??= { x: SIDE / 2, y: SIDE / 4, down: false };
		if (event.key === " ") cursor.down = !cursor.down;
		const keep = (value) => Math.min(SIDE - PEN, Math.max(PEN, value));
		const to = { ...cursor, x: keep(cursor.x + x * STEP), y: keep(cursor.y + y * STEP) };
		const from = cursor;
		cursor = to;
		if (to.down) stroke(from, to); else draw();
	});
	on(pad, "blur", () => { cursor = null; draw(); });

	const take = async (file) => {
		if (!file) return;
		try {
			const picture = await inkOfFile(file, SIDE);
			redraw(picture, picture.width, picture.height);
		} catch (error) { problem.textContent = error.message; }
	};
	const file = h("input", { type: "file", accept: "image/*", class: "hidden", tabindex: -1, label: "Picture of a digit", onchange: () => { take(file.files[0]); file.value = ""; } });
	on(pad, "dragover", (event) => { event.preventDefault(); pad.classList.add("over"); });
	on(pad, "dragleave", () => pad.classList.remove("over"));
	on(pad, "drop", (event) => { event.preventDefault(); pad.classList.remove("over"); take(event.dataTransfer.files[0]); });
	const example = () => {
		const [small, brush] = canvasOf(28);
		const rows = context.task.example.pixels;
		rows.forEach((row, y) => row.forEach((value, x) => { brush.fillStyle = `rgb(0 0 0 / ${value / 255})`; brush.fillRect(x, y, 1, 1); }));
		redraw(small, SIDE, SIDE);
	};
	addEventListener("themechange", draw, { signal: context.signal });
	place.append(h("div.split",
		h("section.card", { label: "Input" }, pad,
			h("div.row", button("Clear", clear), button("Example", example),
				button("Choose a picture", () => file.click()), file),
			h("p.hint", "Or drop a picture on the pad. It is reduced here in the browser; dark ink on light paper is turned round."), problem),
		h("section.card", { label: "Answer" }, result,
			h("div.small-pictures", h("figure", seen, h("figcaption", "As the model sees it")), effectsFigure))));
	clear();
	return () => pixels && ask();
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
