// The versions of each task; one is active, or the one before again.

import { densely, told } from "./api.js";
import { alertLine, badge, button, confirmed, h, moment, put, say, scores, title } from "./dom.js";
import { toyNotice } from "./toys.js";

/** @import { Activation, Model, Task } from "../../client/densely.js" */

/** @type {import("./main.js").View["show"]} */
export async function show(place, _, signal) {
	const problem = alertLine();
	const list = h("div.stack");
	place.append(
		h("div.head", title("Models"), h("p.lead", "The active version of a task answers its predictions.")),
		problem,
		list,
	);
	const draw = async () => {
		const [all, models] = await Promise.all([densely.tasks({ signal }), densely.models({ limit: 500, signal })]);
		const tasks = all.filter((task) => !task.own || models.some((model) => model.task === task.name));
		// Of a single model nothing can be rolled back.
		const latestChange = async (/** @type {Task} */ { name }) =>
			models.filter((model) => model.task === name).length > 1
				? (await densely.activations(name, { limit: 1, signal }))[0]
				: undefined;
		const changes = await Promise.all(tasks.map(latestChange));
		const notices = await Promise.all(tasks.map((task) => toyNotice(task, draw, problem, signal)));
		const changed = { draw, problem };
		put(
			list,
			tasks.map((task, number) => {
				const own = models.filter((model) => model.task === task.name);
				return section(task, own, changes[number], notices[number], changed);
			}),
		);
	};
	await draw();
}

/** @typedef {{ draw: () => unknown, problem: HTMLElement }} Changed what is called after a change, and where errors stand */

/**
 * @param {Task} task
 * @param {Model[]} models
 * @param {Activation | undefined} latest
 * @param {HTMLElement | null} notice
 * @param {Changed} changed
 */
function section(task, models, latest, notice, changed) {
	const version = models.find((model) => model.active)?.version ?? 0;
	const before = models.find((model) => model.id === latest?.previous_model_id && model.version < version);
	const back = (/** @type {Model} */ model) => () => activate(model, changed, "Roll back");
	return h(
		"section.card",
		{ label: task.title },
		h(
			"div.row",
			h("h2", task.title),
			!notice &&
				before &&
				button(`Roll back to version ${before.version}`, back(before), {
					class: "push",
				}),
		),
		notice,
		models.length ? table(task, models, changed) : h("p.soft", "None yet."),
	);
}

/** @param {Task} task @param {Model[]} models @param {Changed} changed */
function table(task, models, changed) {
	const heads = ["Version", "Dataset", "Test", "Guessing", "Made", ""];
	const head = (/** @type {string} */ text) => h("th", { scope: "col" }, text || h("span.hidden", "Actions"));
	return h(
		"div.scroll.cards",
		h(
			"table",
			h("caption.hidden", `Models of ${task.name}, newest first`),
			h("thead", h("tr", heads.map(head))),
			h(
				"tbody",
				models.map((model) => row(model, changed)),
			),
		),
	);
}

/** @param {Model} model @param {Changed} changed */
function row(model, changed) {
	const label = `Version ${model.version} of ${model.task}`;
	const use = button("Activate", () => activate(model, changed), {
		label: `Activate version ${model.version} of ${model.task}`,
	});
	return h(
		"tr",
		{ "data-model": model.id },
		h(
			"th",
			{ scope: "row" },
			h("a", { href: `#/models/${model.id}`, label }, `Version ${model.version}`),
			" ",
			model.active && badge("active"),
			model.active && model.dataset_is_sample && [" ", badge("toy")],
		),
		h("td", { "data-head": "Dataset" }, model.dataset, model.dataset_is_sample && h("span.soft.small", " toy rows")),
		scores(model.metrics),
		h("td.soft", { "data-head": "Made" }, moment(model.created_at)),
		h("td.right", !model.active && use),
	);
}

/** Asks, then makes the model the active one. @param {Model} model @param {Changed} changed */
export async function activate(model, { draw, problem }, word = "Activate") {
	const question = `${word === "Activate" ? "Activate" : "Roll back to"} version ${model.version}?`;
	const effect = `From then on it answers every prediction of ${model.task} that asks for no other version.`;
	if (!(await confirmed(question, h("p", effect), word))) return;
	try {
		await densely.activate(model.task, model.id);
		problem.textContent = "";
		say(`Version ${model.version} of ${model.task} is active`);
		await draw();
	} catch (error) {
		problem.textContent = told(error);
	}
}
