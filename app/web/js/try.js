// Try it: a tab for each task; each shows the request that it has just made.

import { densely } from "./api.js";
import { alertLine, button, h, on, title } from "./dom.js";
import { snippet } from "./snippet.js";
import { taskBar } from "./task-bar.js";
import { toyNotice } from "./toys.js";

/** @import { Fields, Model, TaskDetail } from "../../client/densely.js" */
/** @import { Context } from "./predictions.js" */

/** @typedef {(place: HTMLElement, context: Context) => () => void} Form it fills the place; what it gives asks again */

/** @type {Record<string, () => Promise<{ show: Form }>>} */
const FORMS = {
	text: () => import("./try-text.js"),
	image: () => import("./try-image.js"),
	table: () => import("./try-table.js"),
	plane: () => import("./try-plane.js"),
};

/** Shows the form of a task. @type {import("./main.js").View["show"]} */
export async function show(place, [name], signal) {
	const tasks = await densely.tasks({ signal });
	const chosen = tasks.find((task) => task.name === name) ?? tasks[0];
	const [task, models, form] = await Promise.all([
		densely.task(chosen.name, { signal }),
		densely.models({ task: chosen.name, signal }),
		FORMS[chosen.kind](),
	]);
	const problem = alertLine();
	const anew = () => dispatchEvent(new Event("hashchange")); // shows all anew
	const notice = await toyNotice(task, anew, problem, signal);
	const choice = modelChoice(task, models);
	const body = h("div.stack");
	place.append(
		taskBar("try", tasks, task, signal),
		h(
			"div.head",
			title(task.title),
			h("div.row.push", "Model", h("span", choice)),
			task.description && h("p.lead", task.description),
		),
		h("div.stack", notice, problem, body),
	);
	const wanted = new URLSearchParams(location.hash.split("?")[1]).get("model");
	const asked = models.find((model) => model.id === wanted && !model.active);
	if (asked) choice.value = String(asked.version);
	if (task.active_model || asked) ask(body, form.show, task, choice, signal);
	else body.append(h("p.note", "No model of this task is active: train one under Runs, or activate one under Models."));
}

/**
 * @param {HTMLElement} body
 * @param {Form} form
 * @param {TaskDetail} task
 * @param {HTMLSelectElement} choice
 * @param {AbortSignal} signal
 */
function ask(body, form, task, choice, signal) {
	const box = snippet();
	const model = () => (choice.value === "active" ? {} : { model: Number(choice.value) });
	const again = form(body, {
		task,
		signal,
		model,
		show: (request) => box.show("predict", request),
	});
	on(choice, "change", again);
	body.append(box.node);
}

/** @param {TaskDetail} task @param {Model[]} models @returns {HTMLSelectElement} */
function modelChoice({ active_model: active }, models) {
	const words = (/** @type {Model} */ model) =>
		`version ${model.version}, ${model.dataset}${model.dataset_is_sample ? " (toy rows)" : ""}`;
	return h(
		"select",
		{ label: "Model" },
		h("option", { value: "active" }, `active (version ${active?.version ?? "–"})`),
		models.map((model) => h("option", { value: model.version }, words(model))),
	);
}

/** The task's examples as buttons, and `more` beside them. @param {TaskDetail} task @param {(input: Fields) => void} use @param {...any} more */
export const examples = ({ examples: found }, use, ...more) =>
	h(
		"div.row",
		h("span.soft.small", "Examples"),
		found.map((one) => button(one.title, () => use(one.input))),
		more,
	);
