// A model of toy rows that answers in the place of a real one: said loudly, with one click back.

import { densely, told } from "./api.js";
import { button, h, say } from "./dom.js";

/** @import { Task } from "../../client/densely.js" */

const MOST = 500; // models and changes that are looked at

/**
 * A notice if the active model of a task is of the sample; `changed` is called when another one is active.
 *
 * @param {Task} task
 * @param {() => unknown} changed
 * @param {HTMLElement} problem
 * @param {AbortSignal} signal
 */
export async function toyNotice(task, changed, problem, signal) {
	const toy = task.active_model;
	if (!toy?.dataset_is_sample) return null;
	const real = await lastReal(task.name, signal);
	const back = (/** @type {import("../../client/densely.js").Model} */ model) => async () => {
		try {
			await densely.activate(task.name, model.id);
			say(`Version ${model.version} of ${task.name} is active`);
			await changed();
		} catch (error) {
			problem.textContent = told(error);
		}
	};
	const advice = real
		? `Version ${real.version} was trained on ${real.dataset}.`
		: "Train one on real data under Runs.";
	return h(
		"div.caution.row",
		{ role: "note" },
		h(
			"p",
			h("strong", `A toy answers: version ${toy.version} was trained on the bundled sample, not on real data.`),
			` ${advice}`,
		),
		real &&
			button(`Go back to version ${real.version}`, back(real), {
				class: "main push",
				label: `Go back to version ${real.version} of ${task.name}`,
			}),
	);
}

/** The model of real data that was active last, else the newest; undefined without any. @param {string} task @param {AbortSignal} signal */
async function lastReal(task, signal) {
	const [models, changes] = await Promise.all([
		densely.models({ task, limit: MOST, signal }),
		densely.activations(task, { limit: MOST, signal }),
	]);
	const real = models.filter((model) => !model.dataset_is_sample);
	const before = changes.map((change) => real.find((model) => model.id === change.model_id)).find(Boolean);
	return before ?? real[0];
}
