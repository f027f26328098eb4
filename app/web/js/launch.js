// Launch a run: fields are checked while typing, and again by the service.

import { densely, openapi, told } from "./api.js";
import { alertLine, button, h, on, put, title } from "./dom.js";
import { Fields, options } from "./fields.js";
import { differing, misfits, RecipeField, within } from "./recipe.js";
import { check } from "./schema.js";
import { snippet } from "./snippet.js";

/** @import { Preset, Recipe, RunData, Task, TaskDetail, TrainSettings } from "../../client/densely.js" */
/** @import { Misfit } from "./schema.js" */

const MAIN = ["epochs", "batch_size", "optimizer.learning_rate", "members"]; // with fields of their own
/** @type {Record<string, string>} */
const PARTS = { holdout: "size", kfold: "folds" }; // what a validation needs to know

/** Shows the form; `#/runs/new?from=<id>` starts from a run's settings. @type {import("./main.js").View["show"]} */
export async function show(place, _, signal) {
	const given = new URLSearchParams(location.hash.split("?")[1]);
	const from = given.get("from");
	const [description, tasks, old] = await Promise.all([
		openapi(),
		densely.tasks({ signal }),
		from ? densely.run(from, { signal }) : null,
	]);
	const lead = "Start from a preset and change what you like. Empty fields keep the preset’s values.";
	const form = new Form(description, tasks, signal);
	place.append(h("div.head", title("New run"), h("p.lead", lead)), form.node);
	form.start(old?.data, { task: given.get("task"), dataset: given.get("dataset") });
}

class Form {
	#fields = new Fields();
	#recipe = new RecipeField();
	#about = h("p.soft.small.wide");
	#problem = alertLine();
	#launch = h("button.main", "Launch");
	#box = snippet();
	/** @type {string | null} */
	#whole = null; // the recipe as it was taken from a preset
	/** @type {Record<string, string>} */
	#keys = {}; // the same request again is the same run

	/** @param {any} description the service's, of OpenAPI @param {Task[]} tasks @param {AbortSignal} signal */
	constructor(description, tasks, signal) {
		this.description = description;
		/** @type {Record<string, Task | TaskDetail>} */
		this.tasks = Object.fromEntries(tasks.map((task) => [task.name, task]));
		this.signal = signal;
		this.node = h(
			"form.stack",
			{
				novalidate: true,
				onsubmit: (/** @type {Event} */ event) => this.#submit(event),
			},
			h("div.split", this.#settings(), this.#recipeCard()),
			this.#box.node,
		);
		const { inputs } = this.#fields;
		on(inputs.task, "change", () => this.#changeTask());
		on(inputs.preset, "change", () => this.#changePreset());
		for (const name of MAIN) on(inputs[`recipe.${name}`], "input", () => this.#intoRecipe(name));
		on(this.#recipe.node, "input", () => this.#fromRecipe());
		on(this.node, "input", () => this.#update());
	}

	/**
	 * @param {RunData | undefined} old a run whose settings are taken
	 * @param {{ task: string | null, dataset: string | null }} given what the address names
	 */
	start(old, given) {
		const { inputs } = this.#fields;
		const wanted = old?.task ?? given.task ?? "";
		inputs.task.value = wanted in this.tasks ? wanted : Object.keys(this.tasks)[0];
		this.#pickTask();
		if (old) this.#take(old);
		else if (given.dataset) this.#pickDataset(given.dataset);
		this.#update();
	}

	#settings() {
		const fields = this.#fields;
		const titles = Object.values(this.tasks).map((task) => /** @type {[string, string]} */ ([task.name, task.title]));
		const name = h("input", { maxlength: 200 });
		return h(
			"section.card",
			h("h2", "Main settings"),
			h(
				"div.grid",
				fields.select("task", "Task", titles),
				fields.select("preset", "Preset"),
				fields.select("dataset", "Dataset"),
				this.#about,
				fields.number("recipe.epochs", "Epochs"),
				fields.number("recipe.batch_size", "Batch size"),
				fields.number("recipe.optimizer.learning_rate", "Learning rate"),
				fields.number("recipe.members", "Networks averaged"),
				fields.select("validation", "Validation", VALIDATIONS),
				fields.number("validation.size", "Rows held out"),
				fields.number("validation.folds", "Folds"),
				fields.number("seed", "Seed", "drawn"),
				fields.number("seeds", "How many seeds", "1"),
				fields.select("activate", "Activate the model", ACTIVATIONS),
				fields.field("name", "Name", name),
			),
			this.#problem,
			h("div.row", this.#launch),
		);
	}

	#recipeCard() {
		const clear = button("Clear", () => this.#replace({}));
		return h(
			"section.card",
			h("h2", "Recipe"),
			this.#fields.field("recipe", "Fields that replace the preset’s, as JSON", this.#recipe.node),
			h(
				"div.row",
				button("Take the whole preset", () => this.#takeWhole()),
				clear,
			),
		);
	}

	/** @returns {Preset} */
	get #preset() {
		return this.tasks[this.#fields.value("task")].presets[this.#fields.value("preset")];
	}

	/** Main fields and JSON follow each other, except while the JSON is unfinished. @param {string} name */
	#intoRecipe(name) {
		this.#recipe.set(name, this.#fields.inputs[`recipe.${name}`].valueAsNumber, this.#preset.recipe);
	}

	#fromRecipe() {
		const fields = this.#recipe.parsed;
		if (!fields) return;
		for (const name of MAIN) this.#fields.inputs[`recipe.${name}`].value = within(fields, name) ?? "";
	}

	#showPreset() {
		const { description, recipe } = this.#preset;
		this.#about.textContent = description;
		for (const name of MAIN) this.#fields.inputs[`recipe.${name}`].placeholder = within(recipe, name);
	}

	#pickTask() {
		const { inputs } = this.#fields;
		const name = this.#fields.value("task");
		const taken = (/** @type {TaskDetail} */ task) => {
			this.tasks[name] = task; // it tells more than the list
			this.#update();
		};
		densely.task(name, { signal: this.signal }).then(taken, () => {});
		const { presets, datasets } = this.tasks[name];
		put(inputs.preset, options(Object.entries(presets).map(([key, one]) => [key, `${key}: ${one.description}`])));
		put(inputs.dataset, options(datasets.map((one) => [one.name, one.name + whereOf(one)])));
		const real = datasets.find((one) => one.here && !one.is_sample) ?? datasets.at(-1);
		inputs.dataset.value = real?.name ?? "";
		this.#showPreset();
	}

	/** One that is not listed is a version before the latest. @param {string} name */
	#pickDataset(name) {
		const { dataset } = this.#fields.inputs;
		if (![...dataset.options].some((/** @type {HTMLOptionElement} */ one) => one.value === name)) {
			dataset.append(...options([[name, name]]));
		}
		dataset.value = name;
	}

	#changeTask() {
		this.#replace({}); // a recipe is of its task
		this.#pickTask();
	}

	#changePreset() {
		this.#showPreset();
		if (this.#recipe.node.value === this.#whole) this.#takeWhole();
	}

	/** @param {RunData} run */
	#take(run) {
		const { inputs } = this.#fields;
		const plain = {
			preset: run.preset,
			dataset: run.dataset,
			activate: run.activate,
			seed: run.seed,
			seeds: run.seeds,
		};
		this.#pickDataset(run.dataset);
		for (const [name, value] of Object.entries(plain)) inputs[name].value = value;
		this.#showPreset();
		const { kind, ...sizes } = run.validation;
		inputs.validation.value = kind;
		for (const [part, size] of Object.entries(sizes)) inputs[`validation.${part}`].value = size;
		this.#recipe.write(differing(run.recipe, this.#preset.recipe));
		this.#fromRecipe();
	}

	/** What is asked for. @returns {TrainSettings & { task: string }} */
	get #request() {
		const { value } = {
			value: (/** @type {string} */ name) => this.#fields.value(name),
		};
		/** @type {Record<string, any>} */
		const made = {};
		for (const name of ["task", "preset", "dataset", "activate", "name"]) if (value(name)) made[name] = value(name);
		for (const name of ["seed", "seeds"]) if (value(name)) made[name] = Number(value(name));
		const fields = this.#recipe.patch;
		if (Object.keys(fields).length) made.recipe = fields;
		const kind = value("validation");
		if (kind) made.validation = { kind };
		const part = PARTS[kind];
		if (part && value(`validation.${part}`)) made.validation[part] = Number(value(`validation.${part}`));
		return /** @type {any} */ (made);
	}

	/** Checks what is asked for, and shows it; whether it is in order. */
	#update() {
		for (const [kind, part] of Object.entries(PARTS)) {
			this.#fields.hide(`validation.${part}`, this.#fields.value("validation") !== kind);
		}
		const errors = this.#check();
		this.#problem.textContent = this.#fields.tell(errors);
		return !errors.length;
	}

	/** @returns {Misfit[]} */
	#check() {
		try {
			const made = this.#request;
			const errors = check(made, this.description.components.schemas.TrainRequest, this.description);
			this.#box.show("train", made);
			return errors.length ? errors : misfits(this.tasks[made.task], made.recipe ?? {});
		} catch (/** @type {any} */ error) {
			return [{ field: "recipe", message: error.message }];
		}
	}

	/** @param {object} fields */
	#replace(fields) {
		this.#recipe.write(fields);
		this.#fromRecipe();
		this.#update();
	}

	#takeWhole() {
		this.#replace(this.#preset.recipe);
		this.#whole = this.#recipe.node.value;
	}

	/** @param {Event} event */
	async #submit(event) {
		event.preventDefault();
		if (!this.#update()) {
			this.node.querySelector('[aria-invalid="true"]').focus();
			return;
		}
		this.#launch.disabled = true;
		const { task, ...settings } = this.#request;
		try {
			const idempotencyKey = (this.#keys[JSON.stringify(this.#request)] ??= `page-${Math.random()}`);
			const run = await densely.train(task, { ...settings, idempotencyKey });
			location.hash = `#/runs/${run.id}`;
		} catch (/** @type {any} */ error) {
			this.#launch.disabled = false;
			const errors = error.errors?.length ? error.errors : [{ field: "", message: told(error) }];
			this.#problem.textContent = this.#fields.tell(errors);
		}
	}
}

/** @type {[string, string][]} */
const VALIDATIONS = [
	["", "the preset’s"],
	["none", "none"],
	["holdout", "holdout"],
	["kfold", "k-fold"],
];
/** @type {[string, string][]} */
const ACTIVATIONS = [
	["if_better", "if better"],
	["always", "always"],
	["never", "never"],
];

/** @param {Task["datasets"][number]} dataset */
const whereOf = ({ is_sample: isSample, here }) => (isSample ? " (toy rows, seconds)" : here ? "" : " (is fetched)");
