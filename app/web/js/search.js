// Begin a sweep: around a run's recipe, or over a space of one's own.

import { densely, openapi, told } from "./api.js";
import { alertLine, h, jsonOf, on, put, title } from "./dom.js";
import { Fields, options } from "./fields.js";
import { check } from "./schema.js";
import { snippet } from "./snippet.js";
import { SpaceRows, pathsOf } from "./space.js";

/** @import { SweepRequest, Task } from "../../client/densely.js" */

/** @type {[string, string][]} */
const METHODS = [
	["tpe", "TPE: learns which are good"],
	["random", "random"],
	["grid", "grid: every combination"],
	["cma_es", "CMA-ES: for numbers"],
];
/** @type {[string, string][]} */
const PRUNERS = [
	["successive_halving", "successive halving"],
	["median", "worse than the median"],
	["", "never"],
];
/** @type {[string, string][]} */
const ACTIVATIONS = [
	["if_better", "if better"],
	["never", "never"],
];
/** @type {SweepRequest["space"]} */
const START = { "optimizer.learning_rate": { kind: "log_range", low: 0.0001, high: 0.1 } };
const DIRECT = ["task", "preset", "dataset", "name"]; // fields that are sent as they are

/** Shows the form; `#/sweeps/new?from=<run>` proposes a space around it. @type {import("./main.js").View["show"]} */
export async function show(place, _, signal) {
	const given = new URLSearchParams(location.hash.split("?")[1]);
	const from = given.get("from");
	const [description, tasks, run] = await Promise.all([
		openapi(),
		densely.tasks({ signal }),
		from ? densely.run(from, { signal }) : null,
	]);
	const proposed = run && (await run.space({ signal }));
	const form = new Form(description, tasks);
	const lead = from
		? h(
				"p.lead",
				"Around ",
				h("a", { href: `#/runs/${from}` }, from),
				": what may vary is proposed, and can be changed.",
			)
		: h("p.lead", "Name fields of the recipe and what they may be. The best of many is then trained on all rows.");
	place.append(h("div.head", title(from ? "Search around this recipe" : "New sweep"), lead), form.node);
	form.start(proposed, given.get("task"));
}

class Form {
	#fields = new Fields();
	#problem = alertLine();
	#start = h("button.main", "Start the search");
	#box = snippet();
	#rows = new SpaceRows((space) => {
		this.#fields.inputs.space.value = jsonOf(space);
		this.#update();
	});
	/** @type {Partial<SweepRequest>} */
	#proposed = {};
	/** @type {Record<string, string>} */
	#keys = {}; // the same request again is the same sweep

	/** @param {any} description the service's, of OpenAPI @param {Task[]} tasks */
	constructor(description, tasks) {
		this.description = description;
		/** @type {Record<string, Task>} */
		this.tasks = Object.fromEntries(tasks.map((task) => [task.name, task]));
		const onsubmit = (/** @type {Event} */ event) => this.#submit(event);
		const split = h("div.split", this.#settings(), this.#space());
		this.node = h("form.stack", { novalidate: true, onsubmit }, split, this.#box.node);
		on(this.#fields.inputs.task, "change", () => this.#pickTask());
		on(this.#fields.inputs.preset, "change", () => this.#suggest());
		on(this.#fields.inputs.space, "input", () => this.#follow());
		on(this.node, "input", () => this.#update());
	}

	#settings() {
		const fields = this.#fields;
		const titles = Object.values(this.tasks).map((task) => /** @type {[string, string]} */ ([task.name, task.title]));
		return h(
			"section.card",
			h("h2", "Settings"),
			h(
				"div.grid",
				fields.select("task", "Task", titles),
				fields.select("preset", "Preset"),
				fields.select("dataset", "Dataset"),
				fields.select("method.kind", "Method", METHODS),
				fields.number("budget.trials", "Trials", "20"),
				fields.number("budget.minutes", "Minutes at most", "no limit"),
				fields.select("pruner.kind", "Stop hopeless trials", PRUNERS),
				fields.number("seed", "Seed", "drawn"),
				fields.select("activate", "Activate the winner’s model", ACTIVATIONS),
				fields.field("name", "Name", h("input", { maxlength: 200 })),
			),
			this.#problem,
			h("div.row", this.#start),
		);
	}

	#space() {
		const area = (/** @type {number} */ rows) =>
			h("textarea.mono", { rows, spellcheck: "false", autocapitalize: "off" });
		return h(
			"section.card",
			h("h2", "Space"),
			this.#rows.node,
			this.#fields.field("space", "What varies, by field of the recipe, as JSON", area(10)),
			this.#fields.field("recipe", "Fields that replace the preset’s, as JSON", area(5)),
		);
	}

	/** @param {SweepRequest | null} proposed @param {string | null} task */
	start(proposed, task) {
		const { inputs } = this.#fields;
		this.#proposed = proposed ?? {};
		const wanted = proposed?.task ?? task ?? "";
		inputs.task.value = wanted in this.tasks ? wanted : Object.keys(this.tasks)[0];
		this.#pickTask();
		this.#take({ preset: inputs.preset.value, space: START, ...this.#proposed });
		this.#update();
	}

	/** @param {Partial<SweepRequest>} proposed */
	#take({ preset, dataset, method, budget, space, recipe = {} }) {
		const { inputs } = this.#fields;
		inputs.preset.value = preset;
		if (dataset) this.#pickDataset(dataset);
		inputs["method.kind"].value = method?.kind ?? "tpe";
		inputs["budget.trials"].value = budget?.trials ?? "";
		inputs.space.value = jsonOf(space);
		this.#follow();
		this.#suggest();
		inputs.recipe.value = jsonOf(recipe);
	}

	#pickTask() {
		const { inputs } = this.#fields;
		const { presets, datasets } = this.tasks[this.#fields.value("task")];
		put(inputs.preset, options(Object.entries(presets).map(([key, one]) => [key, `${key}: ${one.description}`])));
		put(inputs.dataset, options(datasets.map(({ name }) => [name, name])));
		const real = datasets.find((one) => one.here && !one.is_sample) ?? datasets.at(-1);
		inputs.dataset.value = real?.name ?? "";
		this.#suggest();
	}

	/** The rows show what the JSON says, if it is any. */
	#follow() {
		try {
			this.#rows.show(this.#json("space"));
		} catch {
			// whoever types it is told beside it
		}
	}

	/** Fields that the preset has. */
	#suggest() {
		const { presets } = this.tasks[this.#fields.value("task")];
		this.#rows.suggest(pathsOf(presets[this.#fields.value("preset")]?.recipe ?? {}));
	}

	/** One that is not listed is a version before the latest. @param {string} name */
	#pickDataset(name) {
		const { dataset } = this.#fields.inputs;
		dataset.value = name;
		if (dataset.value === name) return;
		dataset.append(...options([[name, name]]));
		dataset.value = name;
	}

	/** What is asked for; throws where a text is no JSON, with its field. @returns {SweepRequest} */
	get #request() {
		const value = (/** @type {string} */ name) => this.#fields.value(name);
		const number = (/** @type {string} */ name) => (value(name) ? Number(value(name)) : undefined);
		const { validation, metric, generation } = this.#proposed;
		/** @type {Record<string, any>} */
		const made = Object.fromEntries(DIRECT.filter(value).map((name) => [name, value(name)]));
		const pruner = value("pruner.kind");
		return /** @type {any} */ (
			JSON.parse(
				JSON.stringify({
					...made,
					recipe: this.#json("recipe"),
					validation: made.task === this.#proposed.task ? validation : undefined,
					metric: metric ?? undefined,
					generation,
					space: this.#json("space"),
					method: { kind: value("method.kind") },
					pruner: pruner ? { kind: pruner } : null,
					budget: { trials: number("budget.trials"), minutes: number("budget.minutes") },
					seed: number("seed"),
					activate: value("activate"),
				}),
			)
		);
	}

	/** @param {string} name */
	#json(name) {
		try {
			return JSON.parse(this.#fields.value(name) || "{}");
		} catch (/** @type {any} */ error) {
			throw Object.assign(error, { field: name });
		}
	}

	/** Checks what is asked for, and shows it; whether it is in order. */
	#update() {
		const errors = this.#check();
		this.#problem.textContent = this.#fields.tell(errors);
		return !errors.length;
	}

	#check() {
		try {
			const made = this.#request;
			const { schemas } = this.description.components;
			const errors = check(made, schemas["SweepRequest-Input"] ?? schemas.SweepRequest, this.description);
			this.#box.show("sweeps", made);
			return errors;
		} catch (/** @type {any} */ error) {
			return [{ field: error.field ?? "space", message: error.message }];
		}
	}

	/** @param {Event} event */
	async #submit(event) {
		event.preventDefault();
		if (!this.#update()) {
			this.node.querySelector('[aria-invalid="true"]')?.focus();
			return;
		}
		this.#start.disabled = true;
		const { task, space, ...settings } = this.#request;
		try {
			const idempotencyKey = (this.#keys[JSON.stringify(this.#request)] ??= `page-${Math.random()}`);
			const sweep = await densely.search(task, space, { ...settings, idempotencyKey });
			location.hash = `#/sweeps/${sweep.id}`;
		} catch (/** @type {any} */ error) {
			this.#start.disabled = false;
			const errors = error.errors?.length ? error.errors : [{ field: "", message: told(error) }];
			this.#problem.textContent = this.#fields.tell(errors);
		}
	}
}
