// A picture: drawn on a pad, or from a file.

import { densely } from "./api.js";
import { alertLine, button, h, on, throttled } from "./dom.js";
import { Drawing } from "./drawing.js";
import { keep, kept } from "./kept.js";
import { canvasOf, colour, pictureOf } from "./pad.js";
import { Predictor } from "./predictions.js";
import { resolve } from "./schema.js";
import { examples } from "./try.js";

/** @import { Prediction, TaskDetail } from "../../client/densely.js" */
/** @import { Picture, Point } from "./pad.js" */
/** @typedef {{ width: number, height: number, channels: number, most: number }} Size of a picture as the model sees it; `most` is full ink, or light */
/** @typedef {{ image: string }} Input */

/** What to do while there is nothing. @param {Size} size */
const hintFor = ({ channels }) =>
	channels === 1 ? "Draw something, large or small, anywhere on the pad." : "Choose a picture.";

/** @type {import("./try.js").Form} */
export function show(place, context) {
	const { task, signal } = context;
	const size = sizeOf(task.input_schema);
	const seen = seenBy(size);
	const problem = alertLine();
	const warning = h("p.warning");
	const predictor = new Predictor(context, {
		found: (/** @type {Prediction} */ prediction, _, values) => seen.show(values, prediction.explanation),
		warned: { image: warning, pixels: warning },
		forget: seen.forget,
		also: (/** @type {Input} */ input) => lookAt(input, context),
	});
	const ask = () => {
		problem.textContent = "";
		const { image } = drawing;
		keep(task.name, "input", drawing.state);
		if (image) predictor.predict({ image });
		else predictor.drop(h("p.soft", hintFor(size)));
	};
	const drawing = new Drawing(throttled(ask, 90), signal, size.channels === 1);
	const put = (/** @type {Picture | null} */ picture) => {
		drawing.put(picture);
		ask();
	};
	place.append(
		h(
			"div.split",
			h("section.card", { label: "Input" }, drawing.node, controls(task, size, drawing.node, put, [warning, problem])),
			h("section.card", { label: "Answer" }, predictor.result, seen.node, task.notice && h("p.note", task.notice)),
		),
	);
	begin(task, size, put, (strokes) => {
		drawing.trace(strokes);
		ask();
	});
	return ask;
}

/**
 * The service reads a picture, and says what it saw: here nothing is made of it.
 *
 * @param {Input} input
 * @param {import("./predictions.js").Context} context
 */
async function lookAt({ image }, { task, choice, signal }) {
	const { encoding } = await densely.encode(task.name, { image }, { ...choice.options(), signal });
	return encoding.values;
}

/**
 * Puts back what was there, else the example of pictures that nobody draws.
 *
 * @param {TaskDetail} task
 * @param {Size} size
 * @param {(picture: Picture | null) => void} put
 * @param {(strokes: Point[][]) => void} trace
 */
function begin(task, size, put, trace) {
	const before = kept(task.name, "input");
	put(null);
	if (before?.strokes?.length && size.channels === 1) trace(before.strokes);
	else if (before?.image) pictureOf(fileOf(before.image)).then(put, () => {});
	else if (scalingOf(task) && !before) exampleOf(task.example, size).then(put);
}

/** A picture's size, from the form of its rows of pixels. @param {any} schema @returns {Size} */
export function sizeOf(schema) {
	const forms = [resolve(schema.properties.pixels, schema)];
	for (const form of forms) {
		const row = form.items && resolve(form.items, schema);
		if (row?.type === "array") {
			const pixel = resolve(row.items, schema);
			const isGrey = pixel.type !== "array";
			return {
				width: row.maxItems,
				height: form.maxItems,
				channels: isGrey ? 1 : pixel.maxItems,
				most: (isGrey ? pixel : resolve(pixel.items, schema)).maximum,
			};
		}
		forms.push(...[...(form.anyOf ?? []), ...(form.oneOf ?? [])].map((one) => resolve(one, schema)));
	}
	throw new Error("The task does not say how large its pictures are.");
}

/**
 * Buttons below the pad, which also takes a picture that is dropped on it.
 *
 * @param {TaskDetail} task
 * @param {Size} size
 * @param {HTMLCanvasElement} pad
 * @param {(picture: Picture | null) => void} put
 * @param {[HTMLElement, HTMLElement]} lines warnings, and what is wrong with a file
 */
function controls(task, size, pad, put, [warning, problem]) {
	const take = async (/** @type {File | undefined} */ file) => {
		if (!file) return;
		await pictureOf(file).then(put, (error) => {
			problem.textContent = error.message;
		});
	};
	const change = () => {
		take(file.files[0]);
		file.value = "";
	};
	const file = h("input", {
		type: "file",
		accept: "image/*",
		class: "hidden",
		tabindex: -1,
		label: "Picture",
		onchange: change,
	});
	acceptDrops(pad, take);
	return [
		examples(
			task,
			(input) => exampleOf(input, size).then(put),
			button("Clear", () => put(null)),
			button("Choose a picture", () => file.click()),
			file,
		),
		h("p.hint", hintOf(task)),
		warning,
		problem,
	];
}

/** The picture of an example. @param {any} input @param {Size} size @returns {Promise<Picture>} */
async function exampleOf({ pixels, image }, size) {
	if (pixels) return pictureFrom(pixels, size);
	return pictureOf(fileOf(image));
}

/** A picture of the model's own size. @param {any} pixels rows of numbers, or of lists of them @param {Size} size @returns {Picture} */
function pictureFrom(pixels, { width, height, channels, most }) {
	const [shown] = canvasOf(width, height);
	const values = /** @type {number[]} */ (pixels.flat(2));
	paint(
		shown,
		values.map((value) => value / most),
		channels,
	);
	return { shown, image: shown.toDataURL() };
}

/** A picture in base64, with or without `data:` before it. @param {string} given */
function fileOf(given) {
	const image = given.replace(/^data:[^,]*,/, "");
	const bytes = Uint8Array.from(atob(image), (character) => character.charCodeAt(0));
	return new File([bytes], "example", { type: image.startsWith("/9j/") ? "image/jpeg" : "image/png" });
}

/** What a picture that is no digit's becomes. @type {Record<string, string>} */
const SCALED = {
	fit: "The model sees the whole of it.",
	centre: "The model sees what differs from its ground, in the middle.",
	crop: "The model sees the square in its middle.",
};

/** How pictures that are no written signs are read. @param {TaskDetail} task @returns {string | undefined} */
const scalingOf = ({ input_schema: { properties } }) => properties.image.scaling;

/** @param {TaskDetail} task */
function hintOf(task) {
	const scaled = SCALED[scalingOf(task) ?? ""];
	if (scaled) return `Or drop a picture, a PNG or JPEG of any size. ${scaled}`;
	return "Or drop a picture on the pad: a photograph of paper will do. The service finds what is drawn on it.";
}

/** @param {HTMLCanvasElement} pad @param {(file: File | undefined) => void} take */
function acceptDrops(pad, take) {
	on(pad, "dragover", (event) => {
		event.preventDefault();
		pad.classList.add("over");
	});
	on(pad, "dragleave", () => pad.classList.remove("over"));
	on(pad, "drop", (event) => {
		event.preventDefault();
		pad.classList.remove("over");
		take(event.dataTransfer.files[0]);
	});
}

/** The picture as the model sees it, and what speaks for and against the answer. @param {Size} size */
function seenBy({ width, height, channels }) {
	const seen = h("canvas", {
		width,
		height,
		role: "img",
		label: "The picture as the model sees it",
	});
	const effects = h("canvas", {
		width,
		height,
		role: "img",
		label: "Pixels that speak for and against the answer",
	});
	const figure = h("figure", { hidden: true }, effects, h("figcaption"));
	return {
		node: h("div.small-pictures", h("figure", seen, h("figcaption", "As the model sees it")), figure),
		/** @param {number[]} values row by row, 0 to 1 @param {{ label: string | number | null, effects: number[][] | number[][][] }} explanation */
		show(values, explanation) {
			paint(seen, values, channels);
			paintEffects(effects, explanation.effects.flat(2), values, channels);
			const { label } = explanation;
			const against = label === null ? "that raise and lower the answer" : `for and against ${label}`;
			figure.lastChild.textContent = `${channels === 1 && label !== null ? "Ink" : "Pixels"} ${against}`;
			figure.hidden = false;
		},
		forget() {
			figure.hidden = true;
			paint(seen, [], channels);
		},
	};
}

/** Row by row, 0 to 1; nothing is black. @param {HTMLCanvasElement} canvas @param {number[]} values @param {number} channels */
function paint(canvas, values, channels) {
	const view = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
	const picture = view.createImageData(canvas.width, canvas.height);
	for (let place = 0; place < picture.data.length / 4; place += 1) {
		for (let part = 0; part < 3; part += 1) {
			picture.data[4 * place + part] = 255 * (values[place * channels + (part % channels)] ?? 0);
		}
		picture.data[4 * place + 3] = 255;
	}
	view.putImageData(picture, 0, 0);
}

/** Of a pixel's colours together. @param {HTMLCanvasElement} canvas @param {number[]} effects @param {number[]} values @param {number} channels */
function paintEffects(canvas, effects, values, channels) {
	const [plus, minus] = [colour("--for-rgb"), colour("--against-rgb")];
	const view = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
	const dim = values.map((value) => value / 4);
	paint(canvas, dim, channels);
	const sums = Array.from({ length: effects.length / channels }, (_, place) =>
		effects.slice(place * channels, (place + 1) * channels).reduce((sum, effect) => sum + effect, 0),
	);
	const most = sums.reduce((found, effect) => Math.max(found, Math.abs(effect)), 1e-9);
	sums.forEach((effect, place) => {
		if (!effect) return;
		view.fillStyle = `rgb(${effect > 0 ? plus : minus} / ${Math.sqrt(Math.abs(effect) / most)})`;
		view.fillRect(place % canvas.width, Math.floor(place / canvas.width), 1, 1);
	});
}
