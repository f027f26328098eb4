// A picture: drawn on a pad, or from a file.

import { answerOf } from "./answers.js";
import { densely } from "./api.js";
import { alertLine, button, h, on, throttled } from "./dom.js";
import { Drawing } from "./drawing.js";
import { canvasOf, colour, pictureOf } from "./pad.js";
import { Predictor } from "./predictions.js";
import { resolve } from "./schema.js";
import { examples } from "./try.js";

/** @import { Fields, Prediction, TaskDetail } from "../../client/densely.js" */
/** @import { Picture } from "./pad.js" */
/** @typedef {{ width: number, height: number, most: number }} Size of a picture as the model sees it; `most` is full ink */
/** @typedef {{ image: string }} Input */

/** @type {import("./try.js").Form} */
export function show(place, context) {
	const { task, model, signal } = context;
	const size = sizeOf(task.input_schema);
	const seen = seenBy(size);
	const problem = alertLine();
	// The service reads the picture, and says what it saw: here nothing is made of it.
	const look = async (/** @type {Input} */ { image }) => {
		const { encoding } = await densely.encode(task.name, { image }, { ...model(), signal });
		return encoding.values;
	};
	const predictor = new Predictor(context, {
		found: (/** @type {Prediction} */ prediction, _, values) => {
			seen.show(values, prediction.explanation);
			return answerOf(task, prediction);
		},
		forget: seen.forget,
		also: look,
	});
	const ask = () => {
		problem.textContent = "";
		const { image } = drawing;
		if (image) predictor.predict({ image });
		else predictor.drop(h("p.soft", "Draw something, large or small, anywhere on the pad."));
	};
	const drawing = new Drawing(throttled(ask, 90), signal);
	const put = (/** @type {Picture | null} */ picture) => {
		drawing.put(picture);
		ask();
	};
	place.append(
		h(
			"div.split",
			h("section.card", { label: "Input" }, drawing.node, controls(task, size, drawing.node, put, problem)),
			h("section.card", { label: "Answer" }, predictor.result, seen.node, task.notice && h("p.note", task.notice)),
		),
	);
	put(null);
	return ask;
}

/** A picture's size, from the form of its rows of pixels. @param {any} schema @returns {Size} */
export function sizeOf(schema) {
	const forms = [resolve(schema.properties.pixels, schema)];
	for (const form of forms) {
		const row = form.items && resolve(form.items, schema);
		if (row?.type === "array") {
			return {
				width: row.maxItems,
				height: form.maxItems,
				most: resolve(row.items, schema).maximum,
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
 * @param {HTMLElement} problem
 */
function controls(task, size, pad, put, problem) {
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
	const use = (/** @type {Fields} */ { pixels }) => {
		const [shown] = canvasOf(size.width, size.height);
		paintInk(
			shown,
			/** @type {number[][]} */ (pixels).flat().map((value) => value / size.most),
		);
		put({ shown, image: shown.toDataURL() });
	};
	return [
		examples(
			task,
			use,
			button("Clear", () => put(null)),
			button("Choose a picture", () => file.click()),
			file,
		),
		h("p.hint", "Or drop a picture on the pad: a photograph of paper will do. The service finds what is drawn on it."),
		problem,
	];
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
function seenBy({ width, height }) {
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
		/** @param {number[]} values row by row, 0 to 1 @param {{ label: string | number, effects: number[][] }} explanation */
		show(values, explanation) {
			paintInk(seen, values);
			paintEffects(effects, explanation.effects.flat(), values);
			figure.lastChild.textContent = `Ink for and against ${explanation.label}`;
			figure.hidden = false;
		},
		forget() {
			figure.hidden = true;
			paintInk(seen, []);
		},
	};
}

/** White ink on black, row by row, 0 to 1; nothing is black. @param {HTMLCanvasElement} canvas @param {number[]} values */
function paintInk(canvas, values) {
	const view = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
	const picture = view.createImageData(canvas.width, canvas.height);
	for (let place = 0; place < picture.data.length / 4; place += 1) {
		picture.data.fill(255 * (values[place] ?? 0), 4 * place, 4 * place + 3);
		picture.data[4 * place + 3] = 255;
	}
	view.putImageData(picture, 0, 0);
}

/** @param {HTMLCanvasElement} canvas @param {number[]} effects @param {number[]} values */
function paintEffects(canvas, effects, values) {
	const [plus, minus] = [colour("--for-rgb"), colour("--against-rgb")];
	const view = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
	paintInk(
		canvas,
		values.map((value) => value / 4),
	);
	const most = effects.reduce((found, effect) => Math.max(found, Math.abs(effect)), 1e-9);
	effects.forEach((effect, place) => {
		if (!effect) return;
		view.fillStyle = `rgb(${effect > 0 ? plus : minus} / ${Math.sqrt(Math.abs(effect) / most)})`;
		view.fillRect(place % canvas.width, Math.floor(place / canvas.width), 1, 1);
	});
}
