// The plane in the model's colours; a click asks for a point.

import { effectOf, naming } from "./answers.js";
import { alertLine, h, on, throttled } from "./dom.js";
import { keep, kept } from "./kept.js";
import { Plane } from "./plane.js";
import { Predictor } from "./predictions.js";

/** @import { Prediction, TaskDetail } from "../../client/densely.js" */
/** @typedef {{ point: number[] }} Input */
/** @typedef {{ name: string, node: any }} Axis */

const USUAL = { least: -1, greatest: 1, step: 0.1 }; // of an axis without a range

/** @type {import("./try.js").Form} */
export function show(place, context) {
	const { task, signal } = context;
	const axes = axesOf(task, kept(task.name, "input") ?? task.example);
	const warning = h("p.warning");
	const plane = new Plane(axes.map(({ range }) => range));
	const point = () => axes.map(({ node }) => node.valueAsNumber);
	const draw = () => plane.draw(point());
	const predictor = new Predictor(context, {
		found: (/** @type {Prediction} */ prediction) => effects(prediction, task),
		warned: { point: warning },
	});
	const ask = () => {
		draw();
		const isWhole = point().every(Number.isFinite);
		if (isWhole) keep(task.name, "input", { point: point() });
		if (isWhole) predictor.predict({ point: point() });
		else predictor.drop(alertLine("Both coordinates need a number."));
	};
	const colour = (/** @type {number[] | null} */ shares) => {
		plane.shares = shares;
		if (shares) ask();
		else draw();
	};
	const colours = new Predictor(context, {
		found: (/** @type {Prediction[]} */ predictions, /** @type {Input[]} */ _) =>
			colour(predictions.map((one) => shareOf(one, task))),
		forget: () => colour(null),
	});
	const soon = throttled(ask, 80);
	for (const { node } of axes) on(node, "input", soon);
	plane.onMove(point, (moved) => {
		write(axes, moved);
		ask();
	});
	addEventListener("themechange", draw, { signal });
	place.append(layout(task, plane, axes, colours.result, [warning, predictor.result]));
	const again = () => colours.predict(plane.cells().map((cell) => ({ point: cell })));
	again();
	return again;
}

/** @param {Axis[]} axes @param {number[]} point */
const write = (axes, point) =>
	point.forEach((value, axis) => {
		axes[axis].node.value = value.toFixed(2);
	});

/** @param {TaskDetail} task */
const labelsOf = ({ answer }) => (answer.kind === "one_of" ? answer.labels : []);

/** The probability of the second label, which colours the plane. @param {Prediction} prediction @param {TaskDetail} task */
const shareOf = ({ label, probability = 0 }, task) => (label === labelsOf(task)[1] ? probability : 1 - probability);

/** The names of both. @param {TaskDetail} task */
export const axisNames = ({ ranges }) => (Object.keys(ranges).length === 2 ? Object.keys(ranges) : ["x1", "x2"]);

/** @param {TaskDetail} task @param {any} input where they begin */
function axesOf(task, input) {
	const { ranges, input_schema: schema } = task;
	const { minimum, maximum } = schema.properties.point.items;
	return axisNames(task).map((name, place) => {
		const range = ranges[name] ?? USUAL;
		const value = /** @type {number[]} */ (input.point)[place];
		const { step } = range;
		return {
			name,
			range,
			node: h("input", {
				type: "number",
				step,
				min: minimum,
				max: maximum,
				value,
			}),
		};
	});
}

/** The effect of each coordinate. @param {Prediction} prediction @param {TaskDetail} task */
function effects({ explanation }, task) {
	const side = explanation.label === labelsOf(task)[1] ? "class-1" : "class-0";
	/** @type {[string, number][]} */
	const rows = Object.entries(explanation.effects);
	return h(
		"ul",
		{ label: "Effect of each coordinate", class: `bars num ${side}` },
		rows.map(([axis, effect]) => {
			const [, figure, bar] = effectOf(effect, 1);
			return h("li", h("span", axis), bar, h("span.right", figure));
		}),
	);
}

/**
 * @param {TaskDetail} task
 * @param {Plane} plane
 * @param {Axis[]} axes
 * @param {HTMLElement} problem
 * @param {HTMLElement[]} answer
 */
function layout(task, plane, axes, problem, answer) {
	const [zero, one] = labelsOf(task).map(naming(task));
	return h(
		"div.split",
		h(
			"section.card",
			{ label: "The plane" },
			plane.node,
			problem,
			h(
				"p.soft.small.class-1",
				h("span.key", one),
				" ",
				h("span.key.minus", zero),
				" The fainter, the less sure; on the line both are as probable.",
			),
		),
		h(
			"section.card",
			{ label: "Point and answer" },
			h(
				"div.grid",
				axes.map(({ name, node }) => h("label", name, node)),
			),
			answer,
			task.notice && h("p.note", task.notice),
		),
	);
}
