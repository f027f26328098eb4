// The training that is being asked for: what is not the task's or the preset's, and what it comes to with those.

/** @import { Preset, Recipe, RunData, Task, TaskDetail } from "../../client/densely.js" */
/** @typedef {Record<string, any>} Values */

const NULLABLE = ["early_stopping", "augmentation", "schedule", "averaging"]; // fields of which null is a value
/** @type {Values} */
const DEFAULTS = { seeds: 1, activate: "if_better", tags: {}, name: "", note: "", webhook: "" };

/** @param {unknown} one @param {unknown} other */
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** What lies at a dotted path. @param {any} fields @param {string} path */
export const within = (fields, path) => path.split(".").reduce((part, key) => part?.[key], fields);

export class Draft {
	/** @type {Values} */
	#given = {};

	/** @param {Record<string, Task | TaskDetail>} tasks */
	constructor(tasks) {
		this.tasks = tasks;
	}

	/** The request, without what is the same anyhow. @returns {any} */
	get request() {
		return this.#given;
	}

	/** Takes a whole request, as somebody wrote it. @param {Values} given */
	replace(given) {
		this.#given = given;
	}

	get task() {
		return Object.hasOwn(this.tasks, this.#given.task) ? this.tasks[this.#given.task] : Object.values(this.tasks)[0];
	}

	/** @returns {Preset} */
	get preset() {
		const { presets } = this.task;
		const name = this.#given.preset ?? "baseline";
		return Object.hasOwn(presets, name) ? presets[name] : Object.values(presets)[0];
	}

	/** The complete recipe. @returns {Recipe} */
	get recipe() {
		const patch = isObject(this.#given.recipe) ? this.#given.recipe : {};
		const said = Object.entries(patch).filter(([name, value]) => value !== null || NULLABLE.includes(name));
		return { ...this.preset.recipe, ...Object.fromEntries(said) };
	}

	/** What stands at a path, of the request or by default. @param {string} path */
	value(path) {
		const [first, ...rest] = path.split(".");
		const part = this.#part(first);
		return rest.length ? within(part, rest.join(".")) : part;
	}

	/** What the preset has there. @param {string} path */
	usual(path) {
		const { recipe, validation } = this.preset;
		return within({ ...DEFAULTS, recipe, validation, preset: "baseline" }, path);
	}

	/** @param {string} name */
	#part(name) {
		if (name === "recipe") return this.recipe;
		return this.#given[name] ?? (name === "validation" ? this.preset.validation : DEFAULTS[name]);
	}

	/** Sets what stands at a path; undefined leaves it to the preset, or to the service. @param {string} path @param {any} value */
	set(path, value) {
		const [first, ...rest] = path.split(".");
		if (first === "recipe") this.#setRecipe(rest, value);
		else if (rest.length) this.#put(first, changed(this.#part(first), rest, value));
		else this.#put(first, value);
	}

	/** @param {string[]} way @param {any} value */
	#setRecipe([name, ...rest], value) {
		const usual = within(this.preset.recipe, name);
		const part = rest.length ? changed(within(this.recipe, name), rest, value) : value;
		const { [name]: _, ...patch } = isObject(this.#given.recipe) ? this.#given.recipe : {};
		if (part !== undefined && !same(part, usual)) patch[name] = part;
		this.#put("recipe", Object.keys(patch).length ? patch : undefined);
	}

	/** @param {string} name @param {any} value */
	#put(name, value) {
		const isUsual = value === undefined || same(value, this.usual(name));
		if (isUsual) delete this.#given[name];
		else this.#given = ordered({ ...this.#given, [name]: value });
	}

	/** Another task: a recipe is of its task. @param {string} task */
	pickTask(task) {
		const { preset, dataset, recipe, validation, ...kept } = this.#given;
		this.#given = ordered({ ...kept, task });
		const { datasets } = this.task;
		const real = datasets.find((one) => one.here && !one.is_sample) ?? datasets.at(-1);
		if (real) this.set("dataset", real.name);
		if (!("baseline" in this.task.presets)) this.set("preset", Object.keys(this.task.presets)[0]);
	}

	/**
	 * As a run was asked for, with some fields of its recipe changed.
	 *
	 * @param {RunData} run
	 * @param {Partial<Recipe>} [change]
	 */
	take(run, change = {}) {
		const { task, preset, dataset, seed, seeds, activate, tags, validation } = run;
		this.pickTask(task);
		for (const [name, value] of Object.entries({ preset, dataset, seed, seeds, activate, tags, validation })) {
			this.set(name, value);
		}
		if (!(preset in this.task.presets)) this.set("preset", Object.keys(this.task.presets)[0]);
		for (const [name, value] of Object.entries({ ...run.recipe, ...change })) this.set(`recipe.${name}`, value);
	}
}

const ORDER = "task preset dataset recipe validation seed seeds activate name note tags webhook".split(" ");

/** @param {Values} given */
function ordered(given) {
	const names = [...ORDER, ...Object.keys(given)].filter((name) => name in given);
	return Object.fromEntries(names.map((name) => [name, given[name]]));
}

/** @param {any} value @returns {value is Values} */
const isObject = (value) => value?.constructor === Object;

/** A part with another value at a path within it; undefined takes it away. @param {any} part @param {string[]} way @param {any} value @returns {any} */
function changed(part, [name, ...rest], value) {
	const inner = rest.length ? changed(part?.[name], rest, value) : value;
	if (Array.isArray(part)) return part.map((one, place) => (String(place) === name ? inner : one));
	const { [name]: _, ...others } = part ?? {};
	if (inner === undefined) return others;
	return part && name in part ? { ...part, [name]: inner } : { ...others, [name]: inner };
}
