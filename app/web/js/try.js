// Try it: a tab for each task; each shows the request that it has just made.

import { get } from "./api.js";
import { h } from "./dom.js";
import { snippet } from "./snippet.js";

const TASKS = { sentiment: "Film review", newswire: "Newswire", digits: "Digit", housing: "Housing", planar: "Plane" };
const FORMS = {
	sentiment: () => import("./try-text.js"),
	newswire: () => import("./try-text.js"),
	digits: () => import("./try-digits.js"),
	housing: () => import("./try-housing.js"),
	planar: () => import("./try-planar.js"),
};

/** Shows the form of a task. */
export async function show(place, [name], signal) {
	const chosen = name in FORMS ? name : "sentiment";
	const [form, task, models] = await Promise.all([FORMS[chosen](), get(`tasks/${chosen}`, signal), get(`models?task=${chosen}`, signal)]);
	const choice = h("select", h("option", { value: "active" }, `active (version ${task.active_model?.version ?? "–"})`),
		models.items.map((model) => h("option", { value: model.version }, `version ${model.version}, ${model.dataset}`)));
	const box = snippet();
	const body = h("div.stack");
	place.append(
		h("nav.subnav", { "aria-label": "Tasks" }, Object.entries(TASKS).map(([key, title]) =>
			h("a", { href: `#/try/${key}`, "aria-current": key === chosen ? "page" : null }, title))),
		h("div.head", h("h1", { tabindex: -1 }, task.title),
			h("label.row.push", { style: { "grid-auto-flow": "column" } }, "Model", h("span", choice)),
			h("p.lead", task.description)),
		body);
	if (!task.active_model) {
		body.append(h("p.note", "No model of this task is active: train one under Runs, or activate one under Models."));
		return;
	}
	const model = () => (choice.value === "active" ? {} : { model: Number(choice.value) });
	const context = { task, signal, model, show: (request) => box.show("POST", "predict", request) };
	const again = await form.show(body, context);
	choice.addEventListener("change", again);
	body.append(box.node);
}
