// A run's page, live.

import { densely, told } from "./api.js";
import { legend, panel } from "./curves.js";
import { alertLine, badge, button, clock, confirmed, facts, h, moment, put, say, throttled, title } from "./dom.js";
import { figuresOf, isFailed } from "./figures.js";
import { mistakesOf } from "./mistakes.js";
import { progressOf } from "./progress.js";
import { removal } from "./removing.js";
import { copyButton } from "./snippet.js";

/** @import { Epoch, Run, RunData, RunEvent } from "../../client/densely.js" */
/** @typedef {ReturnType<typeof layout>} Layout */

const FEW_EPOCHS = 1500; // more are thinned out when the history is first asked for

/** @type {import("./main.js").View["show"]} */
export async function show(place, [id], signal) {
	const run = await densely.run(id, { signal });
	const view = layout(run.data, signal);
	place.append(view.node);
	/** @type {Map<string, Epoch>} */
	const epochs = new Map();
	const add = (/** @type {Epoch} */ row) => epochs.set(`${row.seed ?? ""}/${row.fold ?? ""}/${row.epoch}`, row);
	const draw = throttled(() => view.draw([...epochs.values()], run), 50);
	const isKnown = run.isOver; // a long history at once, thinned out; its log follows
	if (isKnown) (await run.history({ every: thinned(run.data), signal })).forEach(add);
	draw();
	const take = (/** @type {RunEvent} */ { type, data, at }) => {
		if (type === "epoch" && !isKnown) add(data);
		else if (type === "log") view.log(data.message, at);
		draw();
	};
	follow(run, take, view.problem, signal).catch((error) => {
		if (!signal.aborted) view.problem.textContent = told(error);
	});
}

/** Of how many epochs one is shown. @param {RunData} run */
function thinned(run) {
	const fits = (run.validation.folds ?? 0) + run.seeds;
	return Math.ceil(((run.recipe.epochs ?? 1) * fits) / FEW_EPOCHS);
}

/**
 * @param {Run} run
 * @param {(event: RunEvent) => void} take
 * @param {HTMLElement} problem
 * @param {AbortSignal} signal
 */
async function follow(run, take, problem, signal) {
	const onConnection = (/** @type {boolean} */ isThere) => {
		problem.textContent = isThere ? "" : "Connection lost; trying again…";
	};
	let { status } = run;
	for await (const event of run.events({
		signal,
		onConnection,
		away: Infinity,
	})) {
		if (run.status !== status) say(`The run is ${run.status}`);
		({ status } = run);
		take(event);
	}
}

/** @param {RunData} run @param {AbortSignal} signal */
function layout(run, signal) {
	const problem = alertLine();
	const [status, actions] = [h("span"), h("div.row.push")];
	const [progress, figures, mistakes] = [h("div.stack"), h("div.stack"), h("div.stack", { hidden: true })];
	const list = h("ol.log", { tabindex: 0, label: "Log" });
	const panels = [panel("loss"), panel(metricOf(run))];
	const key = legend();
	const charts = h(
		"div.charts",
		panels.map((one) => one.node),
	);
	const node = h(
		"div.stack",
		h(
			"div.head",
			title(run.name || `${run.task} ${run.preset}`),
			status,
			actions,
			h("p.lead.small", h("span.mono", run.id), " · ", h("a", { href: "#/runs" }, "all runs")),
		),
		problem,
		h("section.card", { label: "Progress" }, progress, charts, key),
		mistakes,
		h(
			"div.split",
			h("div.stack", h("section.card", h("h2", "Figures"), figures), h("section.card", h("h2", "Log"), list)),
			h("section.card", h("h2", "Settings"), settings(run), recipe(run)),
		),
	);
	return {
		node,
		problem,
		log: logOf(list),
		draw: drawer({ panels, key, progress, status, actions, figures, mistakes, problem }, signal),
	};
}

/** @param {RunData} run */
const metricOf = ({ recipe: { head } }) =>
	head === "multilabel" ? "f1" : head.endsWith("regression") ? "mae" : "accuracy";

/** @param {RunData} run */
function settings(run) {
	const seeds = run.seeds > 1 ? `${run.seed} and the next ${run.seeds - 1}` : String(run.seed);
	return facts([
		["Task", run.task],
		["Preset", run.preset],
		["Dataset", run.dataset + (run.dataset_is_sample ? " (sample rows, not real data)" : "")],
		["Validation", Object.values(run.validation).join(" ")],
		["Seed", seeds],
		["Activation", run.activate],
		["Queued", moment(run.created_at)],
		run.sweep && ["Sweep", h("a", { href: `#/sweeps/${run.sweep}` }, run.sweep)],
		run.retry_of && ["Retry of", h("a", { href: `#/runs/${run.retry_of}` }, run.retry_of)],
	]);
}

/** @param {RunData} run */
function recipe(run) {
	const text = JSON.stringify(run.recipe, null, 2);
	const code = h("pre", { tabindex: 0, role: "group", label: "Recipe" }, h("code", text));
	return h(
		"details",
		h("summary", "Recipe"),
		h(
			"div.code",
			code,
			copyButton("recipe", () => text),
		),
	);
}

/** @param {HTMLElement} list */
const logOf = (list) => (/** @type {string} */ message, /** @type {string} */ at) => {
	list.append(h("li", clock(at), h("span", message)));
	list.scrollTop = list.scrollHeight;
};

/** What draws the run as it stands. @param {Record<string, any> & { panels: ReturnType<typeof panel>[] }} parts @param {AbortSignal} signal */
function drawer({ panels, key, progress, status, actions, figures, mistakes, problem }, signal) {
	let shown = "";
	return (/** @type {Epoch[]} */ epochs, /** @type {Run} */ run) => {
		const { data } = run;
		for (const one of panels) one.draw(epochs);
		key.hidden = !epochs.length;
		key.lastChild.hidden = !epochs.some((row) => Number.isFinite(row.val_loss));
		put(progress, progressOf(run, epochs[epochs.length - 1]));
		const state = data.status + data.cancel_requested_at + data.model_id;
		if (state === shown) return;
		shown = state;
		put(status, badge(data.status));
		put(actions, actionsOf(run, problem));
		put(figures, figuresOf(data));
		mistakesOf(data, signal).then((found) => {
			put(mistakes, found);
			mistakes.hidden = !found;
		});
	};
}

/** @param {Run} run @param {HTMLElement} problem */
function actionsOf(run, problem) {
	const { data, isOver } = run;
	const act = (/** @type {() => Promise<unknown>} */ doing) => async (/** @type {any} */ event) => {
		event.target.disabled = true;
		await doing().catch((error) => {
			problem.textContent = told(error);
			event.target.disabled = false;
		});
	};
	const cancel = act(async () => {
		await run.cancel();
		say("Cancel requested");
	});
	const retry = act(async () => {
		location.hash = `#/runs/${(await run.retry()).id}`;
	});
	const question = h("p", "It ends within a second and publishes no model.");
	const confirm = async (/** @type {any} */ event) => {
		if (await confirmed("Cancel this run?", question, "Cancel the run")) cancel(event);
	};
	const cancelled = {
		class: "danger",
		disabled: Boolean(data.cancel_requested_at),
	};
	return [
		data.model_id && h("a.button.main", { href: `#/try/${data.task}?model=${data.model_id}` }, "Try it"),
		data.model_id && h("a.button", { href: `#/models/${data.model_id}` }, "Its model"),
		h("a.button", { href: `#/runs/new?from=${run.id}` }, "Edit and run again"),
		h("a.button", { href: `#/sweeps/new?from=${run.id}` }, "Search around this recipe"),
		!isOver && button("Cancel", confirm, cancelled),
		isFailed(data) && !data.trial && button("Retry", retry, { class: "main" }),
		isOver && runRemoval(run.id, problem),
	];
}

/** @param {string} id @param {HTMLElement} problem */
function runRemoval(id, problem) {
	const thing = {
		what: "this run",
		effect: "Its curve, figures and log are lost. Its model stays.",
		remove: () => densely.deleteRun(id),
		gone: () => {
			location.hash = "#/runs";
		},
	};
	return removal(thing, problem);
}
