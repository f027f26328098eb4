// Try it: a tab for each task; each shows the request that it has just made.

import { get } from "./api.js";
import { alertLine, h, on, title } from "./dom.js";
import { snippet } from "./snippet.js";
import { toyNotice } from "./toys.js";

const TASKS = { sentiment: "Film review", newswire: "Newswire", digits: "Digit", housing: "Housing", planar: "Plane" };
const FILES = { sentiment: "text", newswire: "text" };

/** Shows the form of a task. Its module appends it to an element and returns a function that asks again. */
export async function show(place, [name], signal) {
	const chosen = name in TASKS ? name : "sentiment";
	const [form, task, models] = await Promise.all([import(`./try-${FILES[chosen] ?? chosen}.js`), get(`tasks/${chosen}`, signal), get(`models?task=${chosen}`, signal)]);
	const choice = h("select", { label: "Model" }, h("option", { value: "active" }, `active (version ${task.active_model?.version ?? "–"})`),
		models.items.map((model) => h("option", { value: model.version }, `version ${model.version}, ${model.dataset}${model.dataset_is_sample ? " (toy rows)" : ""}`)));
	const problem = alertLine();
	const notice = await toyNotice(task, () => dispatchEvent(new Event("hashchange")), problem, signal); // which shows all anew
	const box = snippet();
	const body = h("div.stack");
	place.append(
		h("nav.subnav", { label: "Tasks" }, Object.entries(TASKS).map(([key, title]) =>
			h("a", { href: `#/try/${key}`, "aria-current": key === chosen ? "page" : null }, title))),
		h("div.head", title(task.title),
			h("div.row.push", "Model", h("span", choice)),
			h("p.lead", task.description)),
		h("div.stack", notice, problem, body));
	if (!task.active_model) {
		body.append(h("p.note", "No model of this task is active: train one under Runs, or activate one under Models."));
		return;
	}
	const model = () => (choice.value === "active" ? {} : { model: Number(choice.value) });
	const context = { task, signal, model, show: (request) => box.show("predict", request) };
	const again = await form.show(body, context);
	on(choice, "change", again);
	body.append(box.node);
}
