// What a task says of the recipes that it takes.

/** @import { Task, TaskDetail } from "../../client/densely.js" */
/** @import { Misfit } from "./schema.js" */
/** @typedef {Record<string, any>} Patch */

/** What the task's description says against a recipe. @param {Task | TaskDetail} task @param {Patch} patch @returns {Misfit[]} */
export function misfits(task, { head, features }) {
	const kinds = [...new Set(Object.values(task.presets).map((preset) => preset.recipe.features.kind))];
	const heads = "heads" in task ? task.heads : undefined;
	const wrong = (/** @type {string | undefined} */ given, /** @type {string[] | undefined} */ known) =>
		given && known && !known.includes(given) ? `task ${task.name} takes ${known.join(", ")}` : null;
	return [
		{ field: "recipe.head", message: wrong(head, heads) },
		{ field: "recipe.features.kind", message: wrong(features?.kind, kinds) },
	].filter(/** @returns {misfit is Misfit} */ (misfit) => misfit.message !== null);
}
