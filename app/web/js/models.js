// The versions of each task; one is active, or the one before again.

import { get, replace } from "./api.js";
import { alertLine, badge, button, confirmed, h, moment, put, say, scores, title } from "./dom.js";
import { toyNotice } from "./toys.js";

export async function show(place, _, signal) {
	const problem = alertLine();
	const list = h("div.stack");
	place.append(h("div.head", title("Models"), h("p.lead", "The active version of a task answers its predictions.")), problem, list);
	const draw = async () => {
		const [tasks, models] = await Promise.all([get("tasks", signal), get("models?limit=500", signal)]);
		const histories = await Promise.all(tasks.items.map((task) => get(`tasks/${task.name}/active-model/history?limit=1`, signal)));
		const notices = await Promise.all(tasks.items.map((task) => toyNotice(task, draw, problem, signal)));
		put(list, tasks.items.map((task, number) =>
			section(task, models.items.filter((model) => model.task === task.name), histories[number].items[0], notices[number], draw, problem)));
	};
	await draw();
}

function section(task, models, latest, notice, changed, problem) {
	const version = models.find((model) => model.active)?.version;
	const before = models.find((model) => model.id === latest?.previous_model_id && model.version < version);
	return h("section.card", { label: task.title },
		h("div.row", h("h2", task.title), !notice && before && button(`Roll back to version ${before.version}`, () => activate(before, changed, problem, "Roll back"), { class: "push" })),
		notice,
		models.length ? h("div.scroll.cards", h("table", h("caption.hidden", `Models of ${task.name}, newest first`),
			h("thead", h("tr", ["Version", "Dataset", "Test", "Guessing", "Made", ""].map((head) => h("th", { scope: "col" }, head || h("span.hidden", "Actions"))))),
			h("tbody", models.map((model) => row(model, changed, problem))))) : h("p.soft", "None yet."));
}

function row(model, changed, problem) {
	return h("tr", { "data-model": model.id },
		h("th", { scope: "row" }, h("a", { href: `#/models/${model.id}`, label: `Version ${model.version} of ${model.task}` }, `Version ${model.version}`), " ", model.active && badge("active"), model.active && model.dataset_is_sample && [" ", badge("toy")]),
		h("td", { "data-head": "Dataset" }, model.dataset, model.dataset_is_sample && h("span.soft.small", " toy rows")),
		scores(model.metrics),
		h("td.soft", { "data-head": "Made" }, moment(model.created_at)),
		h("td.right", !model.active && button("Activate", () => activate(model, changed, problem), { label: `Activate version ${model.version} of ${model.task}` })));
}

/** Asks, then makes the model the active one, then calls `changed`. */
export async function activate(model, changed, problem, word = "Activate") {
	const title = `${word === "Activate" ? "Activate" : "Roll back to"} version ${model.version}?`;
	if (!(await confirmed(title, h("p", `From then on it answers every prediction of ${model.task} that asks for no other version.`), word))) return;
	try {
		await replace(`tasks/${model.task}/active-model`, { model_id: model.id });
		problem.textContent = "";
		say(`Version ${model.version} of ${model.task} is active`);
		await changed();
	} catch (error) { problem.textContent = error.message; }
}
