// A recipe as JSON: the fields that replace those of the preset.

import { h } from "./dom.js";

/** @import { Recipe, Task, TaskDetail } from "../../client/densely.js" */
/** @import { Misfit } from "./schema.js" */
/** @typedef {Record<string, any>} Patch */

export class RecipeField {
	node = h("textarea.mono", { rows: 12, spellcheck: "false", value: "{}" });

	/** What is written there; throws where that is no JSON object. @returns {Patch} */
	get patch() {
		const found = JSON.parse(this.node.value.trim() || "{}");
		if (found?.constructor !== Object) throw new Error('an object is needed, for example {"epochs": 8}');
		return found;
	}

	/** The same, or null while it is unfinished. */
	get parsed() {
		try {
			return this.patch;
		} catch {
			return null;
		}
	}

	/** @param {object} fields */
	write(fields) {
		this.node.value = JSON.stringify(fields, null, 2);
	}

	/**
	 * Sets a field, or takes it away where the value is NaN. What stands beside it within its part comes from the preset.
	 *
	 * @param {string} name its path
	 * @param {number} value
	 * @param {Recipe} preset
	 */
	set(name, value, preset) {
		const fields = this.parsed;
		if (!fields) return;
		const [part, inner] = name.split(".");
		if (Number.isNaN(value)) delete fields[part];
		else fields[part] = inner ? { ...within(preset, part), ...fields[part], [inner]: value } : value;
		this.write(fields);
	}
}

/** What lies at a dotted path. @param {any} fields @param {string} path */
export const within = (fields, path) => path.split(".").reduce((part, key) => part?.[key], fields);

/** The fields of a recipe that are not those of another. @param {Recipe} recipe @param {Patch} other */
export function differing(recipe, other) {
	const isOther = (/** @type {[string, unknown]} */ [name, one]) => JSON.stringify(one) !== JSON.stringify(other[name]);
	return Object.fromEntries(Object.entries(recipe).filter(isOther));
}

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
