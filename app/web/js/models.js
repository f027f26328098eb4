// The versions of each task; one is active, or the one before again.

import { activate, historyOf, noticePlace } from "./activation.js";
import { densely, told } from "./api.js";
import { alertLine, badge, button, counted, h, moment, on, put, scores, throttled, title } from "./dom.js";
import { options } from "./fields.js";
import { moreButton } from "./more.js";
import { toyNotice } from "./toys.js";

/** @import { Activation, Model, Task } from "../../client/densely.js" */
/** @import { Changed } from "./activation.js" */

const FEW = 4; // versions of a task that are shown before all are asked for
const PAGE = 50;
const MOST_TASKS = 20; // shown at once

const isHere = () => location.hash.split("?")[0] === "#/models";

/** What the address asks for. */
const asked = () => {
	const query = new URLSearchParams(location.hash.split("?")[1]);
	return { task: query.get("task") ?? "", q: query.get("q") ?? "" };
};

/** @param {{ task: string, q: string }} query */
function addressOf(query) {
	const given = Object.entries(query).filter(([, value]) => value);
	return given.length ? `#/models?${new URLSearchParams(given)}` : "#/models";
}

/** @type {import("./main.js").View["show"]} */
export async function show(place, _, signal) {
	const [problem, notice, list] = [alertLine(), noticePlace(), h("div.stack")];
	const tasks = await densely.tasks({ signal });
	let drawings = 0;
	const draw = async () => {
		drawings += 1;
		const [mine, query] = [drawings, asked()];
		list.setAttribute("aria-busy", "true");
		const found = await (query.task || query.q ? searched(tasks, query, changed, signal) : overview(changed, signal));
		if (mine !== drawings) return; // something else has been asked for meanwhile
		list.removeAttribute("aria-busy");
		put(list, found);
	};
	/** @type {Changed} */
	const changed = { draw, problem, notice };
	place.append(
		h(
			"div.head",
			title("Models"),
			filters(tasks, draw, problem, signal),
			h("p.lead", "The active version of a task answers its predictions."),
		),
		h("div.stack", problem, notice, list),
	);
	await draw();
}

/** Task and words; what they say is in the address. @param {Task[]} tasks @param {() => Promise<void>} draw @param {HTMLElement} problem @param {AbortSignal} signal */
function filters(tasks, draw, problem, signal) {
	const query = asked();
	const pairs = tasks.map(({ name, title: text }) => /** @type {[string, string]} */ ([name, text]));
	const task = h("select", { label: "Task" }, options([["", "All tasks"], ...pairs]));
	const words = h("input", {
		type: "search",
		label: "Find models",
		placeholder: "Dataset, run, id or v3",
		maxlength: 200,
	});
	[task.value, words.value] = [query.task, query.q];
	const ask = () => {
		if (signal.aborted || !isHere()) return; // the address is another view's
		history.replaceState(null, "", addressOf({ task: task.value, q: words.value.trim() }));
		draw().catch((error) => {
			problem.textContent = told(error);
		});
	};
	on(task, "change", ask);
	on(words, "input", throttled(ask, 250));
	return h("div.row.push.filters", words, task);
}

/** Every task with its newest versions. @param {Changed} changed @param {AbortSignal} signal */
async function overview(changed, signal) {
	const [tasks, active, newest] = await Promise.all([
		densely.tasks({ signal }),
		densely.models({ active: true, limit: 500, signal }),
		densely.get("models", { limit: PAGE, active: false }, { signal }),
	]);
	const models = [...active, .../** @type {Model[]} */ (newest.items)];
	const has = (/** @type {Task} */ { name }) => models.some((model) => model.task === name);
	const isPart = newest.next !== null;
	const shown = tasks.filter((task) => !task.own || isPart || has(task));
	const rest = h("div.stack");
	const sections = (/** @type {Task[]} */ some) =>
		Promise.all(some.map((task) => section(task, models, isPart, changed, signal)));
	const showAll = async () => {
		put(rest, await sections(shown.slice(MOST_TASKS)));
		more.remove();
	};
	const more = moreButton(`Show all ${counted(shown.length, "task")}`, showAll, changed.problem);
	return [await sections(shown.slice(0, MOST_TASKS)), rest, shown.length > MOST_TASKS && h("div.row", more)];
}

/**
 * @param {Task} task
 * @param {Model[]} models
 * @param {boolean} isPart whether there may be more models than these
 * @param {Changed} changed
 * @param {AbortSignal} signal
 */
async function section(task, models, isPart, changed, signal) {
	const own = models.filter((model) => model.task === task.name).sort((one, other) => other.version - one.version);
	const active = own.find((model) => model.active);
	const [first, ...others] = active ? [active, ...own.filter((model) => model !== active)] : own;
	const few = own.filter((model) => model === first || others.slice(0, FEW - 1).includes(model));
	const notice = await toyNotice(task, changed.draw, changed.problem, signal);
	const isAlone = own.length < 2 && !isPart;
	const latest = active && !isAlone ? (await densely.activations(task.name, { limit: 1, signal }))[0] : undefined;
	return h(
		"section.card",
		{ label: task.title },
		h("div.row", h("h2", task.title), !notice && rollBack(latest, active, changed)),
		notice,
		own.length ? table(few, `Models of ${task.name}, newest first`, changed) : h("p.soft", noneOf(isPart)),
		allOf(task, own.length, few.length, isPart),
	);
}

/** @param {boolean} isPart */
const noneOf = (isPart) => (isPart ? "None is active, and none of the newest is of this task." : "None yet.");

/** The way to all of a task's models. @param {Task} task @param {number} known @param {number} shown @param {boolean} isPart */
function allOf({ name }, known, shown, isPart) {
	if (!known && !isPart) return null;
	const all = h("a", { href: addressOf({ task: name, q: "" }) }, "All versions and changes");
	return h("p.small", all, known > shown || isPart ? "" : h("span.soft", ` (${known})`));
}

/** The way back to the version before, if an older one was active. @param {Activation | undefined} latest @param {Model | undefined} active @param {Changed} changed */
function rollBack(latest, active, changed) {
	const { previous_model_id: id, previous_version: version, task } = latest ?? {};
	if (!id || !version || !task || !active || latest?.model_id !== active.id || version > active.version) return null;
	const back = () => activate({ id, version, task }, changed, "Roll back");
	return button(`Roll back to version ${version}`, back, { class: "push" });
}

/**
 * The models that the address asks for, page by page; of one task also its changes.
 *
 * @param {Task[]} tasks
 * @param {{ task: string, q: string }} query
 * @param {Changed} changed
 * @param {AbortSignal} signal
 */
async function searched(tasks, { task: name, q }, changed, signal) {
	const task = tasks.find((one) => one.name === name);
	const label = task?.title ?? "Models that were found";
	const query = { limit: PAGE, ...(name && { task: name }), ...(q && { q }) };
	const [notice, found, changes] = await Promise.all([
		task && toyNotice(task, changed.draw, changed.problem, signal),
		pages(query, changed, signal),
		task && historyOf(name, changed, signal),
	]);
	return [
		h("section.card", { label }, h("h2", label), notice, found),
		changes && h("section.card", { label: "Changes" }, h("h2", "Which version was active"), changes),
	];
}

/** A table that grows by a page at a press. @param {{ task?: string, q?: string, limit: number }} query @param {Changed} changed @param {AbortSignal} signal */
async function pages(query, changed, signal) {
	const { task, q } = query;
	const page = await densely.get("models", query, { signal });
	if (!page.items.length) return h("p.empty", q ? "No model has that." : "None yet.");
	const shown = table(page.items, task ? `Models of ${task}, newest first` : "Models, newest first", changed, !task);
	let cursor = page.next;
	const ask = async () => {
		const following = await densely.get("models", { ...query, cursor }, { signal });
		shown.querySelector("tbody").append(...following.items.map((/** @type {Model} */ one) => row(one, changed, !task)));
		cursor = following.next;
		if (cursor === null) more.remove();
	};
	const more = moreButton("Show more", ask, changed.problem);
	return [shown, cursor !== null && h("div.row", more)];
}

/** @param {Model[]} models @param {string} caption @param {Changed} changed @param {boolean} [isOfSeveral] tasks */
function table(models, caption, changed, isOfSeveral = false) {
	const heads = ["Version", "Dataset", "Test", "Guessing", "Made", ""];
	const head = (/** @type {string} */ text) => h("th", { scope: "col" }, text || h("span.hidden", "Actions"));
	return h(
		"div.scroll.cards",
		h(
			"table",
			h("caption.hidden", caption),
			h("thead", h("tr", heads.map(head))),
			h(
				"tbody",
				models.map((model) => row(model, changed, isOfSeveral)),
			),
		),
	);
}

/** @param {Model} model @param {Changed} changed @param {boolean} isOfSeveral */
function row(model, changed, isOfSeveral) {
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
			h(
				"a",
				{ href: `#/models/${model.id}`, label },
				isOfSeveral ? `${model.task}, version ${model.version}` : `Version ${model.version}`,
			),
			" ",
			model.active && badge("active"),
			model.active && model.dataset_is_sample && [" ", badge("toy")],
			model.name && h("span.soft.small.line.cut", { title: model.name }, model.name),
		),
		h("td", { "data-head": "Dataset" }, model.dataset, model.dataset_is_sample && h("span.soft.small", " toy rows")),
		scores(model.metrics),
		h("td.soft", { "data-head": "Made" }, moment(model.created_at)),
		h("td.right", !model.active && use),
	);
}
