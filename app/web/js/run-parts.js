// Parts of a run's page: what it was asked for, and what can be done with it.

import { densely, told } from "./api.js";
import { button, confirmed, facts, h, moment, say } from "./dom.js";
import { isFailed } from "./figures.js";
import { removal } from "./removing.js";
import { copyButton } from "./snippet.js";

/** @import { Run, RunData } from "../../client/densely.js" */

/** @param {RunData} run */
export function settings(run) {
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
export function recipe(run) {
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

/** @param {Run} run @param {HTMLElement} problem @param {() => void} changed */
export function actionsOf(run, problem, changed) {
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
	const isArchived = Boolean(data.archived_at);
	const archive = act(async () => {
		await run.update({ archived: !isArchived });
		say(isArchived ? "Restored" : "Archived: lists leave it out");
		changed();
	});
	const question = h("p", "It ends within a second and publishes no model.");
	const confirm = async (/** @type {any} */ event) => {
		if (await confirmed("Cancel this run?", question, "Cancel the run", "Leave it", true)) cancel(event);
	};
	const cancelled = { class: "danger", disabled: Boolean(data.cancel_requested_at) };
	return [
		data.model_id && h("a.button.main", { href: `#/try/${data.task}?model=${data.model_id}` }, "Try it"),
		data.model_id && h("a.button", { href: `#/models/${data.model_id}` }, "Its model"),
		h("a.button", { href: `#/runs/new?from=${run.id}` }, "Edit and run again"),
		h("a.button", { href: `#/sweeps/new?from=${run.id}` }, "Search around this recipe"),
		!isOver && button("Cancel", confirm, cancelled),
		isFailed(data) && !data.trial && button("Retry", retry, { class: "main" }),
		isOver && button(isArchived ? "Restore" : "Archive", archive),
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
