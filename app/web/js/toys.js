// A model of toy rows that answers in the place of a real one: said loudly, with one click back.

import { get, replace } from "./api.js";
import { button, h, say } from "./dom.js";

/** A notice if the active model of `task` is of the sample; `changed` is called when another one is active. */
export async function toyNotice(task, changed, problem, signal) {
	const toy = task.active_model;
	if (!toy?.dataset_is_sample) return null;
	const real = await lastReal(task.name, signal);
	const back = async () => {
		try {
			await replace(`tasks/${task.name}/active-model`, { model_id: real.id });
			say(`Version ${real.version} of ${task.name} is active`);
			await changed();
		} catch (error) { problem.textContent = error.message; }
	};
	return h("div.caution.row", { role: "note" },
		h("p", h("strong", `A toy answers: version ${toy.version} was trained on the bundled sample, not on real data.`), " ",
			real ? `Version ${real.version} was trained on ${real.dataset}.` : "Train one on real data under Runs."),
		real && button(`Go back to version ${real.version}`, back, { class: "main push", label: `Go back to version ${real.version} of ${task.name}` }));
}

/** The model of real data that was active last, else the newest; undefined without any. */
async function lastReal(task, signal) {
	const [{ items: models }, { items: changes }] = await Promise.all([get(`models?task=${task}&limit=500`, signal), get(`tasks/${task}/active-model/history?limit=500`, signal)]);
	const real = models.filter((model) => !model.dataset_is_sample);
	const before = changes.map((change) => real.find((model) => model.id === change.model_id)).find(Boolean);
	return before ?? real[0];
}
