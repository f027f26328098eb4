// What can be done with many runs at once.

import { densely, told } from "./api.js";
import { alertLine, bytes, confirmed, counted, h, on, put, say } from "./dom.js";
import { nameOf } from "./runs-row.js";

/** @import { RunAction, RunActionDone, RunRow } from "../../client/densely.js" */

const MOST = 500; // runs of a request
const isOver = (/** @type {RunRow} */ { status }) => !["queued", "running"].includes(status);

/** In the order of their buttons: word, what was done, to which runs. @type {Record<RunAction, [word: string, past: string, fits: (run: RunRow) => boolean]>} */
export const ACTIONS = {
	cancel: ["Cancel", "Cancelled", (run) => !isOver(run)],
	retry: ["Retry", "Queued again", (run) => ["failed", "cancelled"].includes(run.status)],
	archive: ["Archive", "Archived", (run) => isOver(run) && !run.archived_at],
	restore: ["Restore", "Restored", (run) => Boolean(run.archived_at)],
	delete: ["Delete", "Deleted", isOver],
};

/**
 * Does it, as many at a time as a request holds.
 *
 * @param {RunAction} action
 * @param {string[]} ids
 * @param {AbortSignal} signal
 * @param {{ models?: boolean, dry_run?: boolean }} [options]
 * @returns {Promise<RunActionDone>}
 */
export async function act(action, ids, signal, options) {
	/** @type {RunActionDone} */
	const all = { action, dry_run: false, done: [], refused: [], created: [], frees: { bytes: 0, runs: 0, models: 0 } };
	for (let start = 0; start < ids.length; start += MOST) {
		const found = await densely.actOnRuns(action, ids.slice(start, start + MOST), { ...options, signal });
		all.done.push(...found.done);
		all.refused.push(...found.refused);
		all.created.push(...found.created);
		for (const name of /** @type {const} */ (["bytes", "runs", "models"])) all.frees[name] += found.frees[name];
	}
	return all;
}

/**
 * Asks what has to be asked; the options, or null where it is not wanted.
 *
 * @param {RunAction} action
 * @param {RunRow[]} runs
 * @param {AbortSignal} signal
 * @returns {Promise<{ models?: boolean } | null>}
 */
export async function asked(action, runs, signal) {
	if (action === "delete") return askToDelete(runs, signal);
	if (action !== "cancel") return {};
	const question = `Cancel ${counted(runs.length, "run")}?`;
	const effect = h("p", "Those that are going end within a second. They publish no model.");
	return (await confirmed(question, effect, `Cancel ${them(runs)}`, "Leave it", true)) ? {} : null;
}

/** @param {RunRow[]} runs */
const them = (runs) => (runs.length === 1 ? "the run" : counted(runs.length, "run"));

/** @param {RunRow[]} runs @param {AbortSignal} signal */
async function askToDelete(runs, signal) {
	const models = h("input", { type: "checkbox" });
	const effect = h("div.stack.tight", { "aria-live": "polite" });
	const withModels = runs.filter((run) => run.model_id).length;
	let looks = 0;
	const look = async () => {
		looks += 1;
		const mine = looks;
		const options = { models: models.checked, dry_run: true };
		put(effect, h("p.soft", "Looking at what that frees …"));
		const ids = runs.map(({ id }) => id);
		const found = await act("delete", ids, signal, options).catch((error) => alertLine(told(error)));
		if (mine === looks) put(effect, "frees" in found ? effectOf(found, runs) : found);
	};
	on(models, "change", look);
	look();
	const content = [
		h("p", "Curves, figures and logs are lost for good. Archiving keeps them out of the way instead."),
		withModels > 0 && h("label.check", models, `Delete ${withModels === 1 ? "the model" : `${withModels} models`} too`),
		effect,
	];
	const isWanted = await confirmed(
		`Delete ${counted(runs.length, "run")}?`,
		content,
		`Delete ${them(runs)}`,
		"Keep them",
		true,
	);
	return isWanted ? { models: models.checked } : null;
}

/** What would be freed, and what would stay. @param {RunActionDone} found @param {RunRow[]} runs */
function effectOf({ frees, refused }, runs) {
	const models = frees.models ? ` and ${counted(frees.models, "model")}` : "";
	const space = frees.bytes ? bytes(frees.bytes) : "no files";
	return [
		h("p.freed", `Deletes ${counted(frees.runs, "run")}${models}, which frees ${space}.`),
		refused.length > 0 && h("p", `${counted(refused.length, "run")} would stay:`),
		refusals(refused, runs),
	];
}

/** @param {RunActionDone["refused"]} refused @param {RunRow[]} runs */
export const refusals = (refused, runs) =>
	refused.length > 0 &&
	h(
		"ul.faults",
		refused.map(({ run, reason }) => h("li", `${callOf(run, runs)}: ${reason}`)),
	);

/** @param {string} id @param {RunRow[]} runs */
function callOf(id, runs) {
	const run = runs.find((one) => one.id === id);
	return run ? `${nameOf(run)} (${id})` : id;
}

/**
 * What was done, in words; `undo` leads back where there is a way.
 *
 * @param {RunActionDone} found
 * @param {RunRow[]} runs
 * @param {import("./dom.js").Child} undo
 */
export function outcomeOf({ action, done, refused, created, frees }, runs, undo) {
	const [, past] = ACTIONS[/** @type {RunAction} */ (action)];
	const models = frees.models ? ` and ${counted(frees.models, "model")}` : "";
	const freed = action === "delete" ? `${models}${frees.bytes ? `, ${bytes(frees.bytes)} freed` : ""}` : "";
	const words = done.length ? `${past} ${counted(done.length, "run")}${freed}.` : "";
	const more = refused.length ? `${counted(refused.length, "run")} refused:` : "";
	say(`${words} ${more}`);
	return [
		h(
			"div.row",
			words && h("span", words),
			created.slice(0, 5).map((id) => h("a.mono", { href: `#/runs/${id}` }, id)),
			created.length > 5 && h("span", `and ${created.length - 5} more`),
			done.length > 0 && undo,
		),
		more && h("p", more),
		refusals(refused, runs),
	];
}
