// The answer in one line that stays in sight where there is no room for it beside the input.

import { briefOf } from "./answers.js";
import { h, put } from "./dom.js";

/** @import { Prediction, TaskDetail } from "../../client/densely.js" */
/** @import { Limits } from "./answers.js" */

/** The answer's card says all of it, to a screen reader too. @param {TaskDetail} task @param {() => Limits} limits */
export function atHand(task, limits) {
	const node = h("p.at-hand", { "aria-hidden": "true" });
	const show = (/** @type {Prediction | null} */ prediction) =>
		put(node, prediction && briefOf(task, prediction, limits()));
	return { node, show };
}
