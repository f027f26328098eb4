// Launch a run: a preset, some of its fields changed, all checked while typing and again by the service.

import { get, openapi, post } from "./api.js";
import { button, debounced, freshId, h } from "./dom.js";
import { check } from "./schema.js";
import { snippet } from "./snippet.js";

/** Shows the form; `#/runs/new?from=<id>` starts from a run's settings. */
export async function show(place, _, signal) {
	const from = new URLSearchParams(location.hash.split("?")[1]).get("from");
	const [description, tasks, old] = await Promise.all([openapi(), get("tasks", signal), from ? get(`runs/${from}`, signal) : null]);
	const form = new Form(description, tasks.items, old);
	place.append(h("div.head", h("h1", { tabindex: -1 }, "New run"), h("p.lead", "Start from a preset and change what you like. Empty fields keep the preset’s values.")), form.node);
	form.pickTask();
	if (old) form.take(old);
	form.update();
}

class Form {
	constructor(description, tasks, old) {
		this.description = description;
		this.tasks = Object.fromEntries(tasks.map((task) => [task.name, task]));
		this.hints = {}; // by dotted path in the request
		this.inputs = {};
		const select = (name, title, options) => this.field(name, title, h("select", options.map(([value, text]) => h("option", { value }, text))));
		const number = (name, title, attributes = {}) => this.field(name, title, h("input", { type: "number", step: 1, inputmode: "decimal", ...attributes }));
		this.recipe = h("textarea.mono", { rows: 12, spellcheck: "false", value: "{}" });
		this.preset = h("code");
		this.about = h("p.soft.small");
		this.problem = h("p.error", { role: "alert" });
		this.snippet = snippet();
		this.launch = h("button.main", { type: "submit" }, "Launch");
		const chosen = old?.task ?? "sentiment";
		this.node = h("form.stack", { novalidate: true, onsubmit: (event) => { event.preventDefault(); this.submit(); } },
			h("div.split",
				h("section.card", h("h2", "Main settings"),
					h("div.grid", select("task", "Task", tasks.map((task) => [task.name, task.title])), select("preset", "Preset", []), select("dataset", "Dataset", []),
						h("div.wide", this.about),
						number("recipe.epochs", "Epochs"), number("recipe.batch_size", "Batch size"), number("recipe.optimizer.learning_rate", "Learning rate", { step: "any" }),
						select("validation", "Validation", [["", "the preset’s"], ["none", "none"], ["holdout", "holdout"], ["kfold", "k-fold"]]),
						number("validation.size", "Rows held out"), number("validation.folds", "Folds"),
						number("seed", "Seed", { placeholder: "drawn" }), number("seeds", "How many seeds", { placeholder: "1" }),
						select("activate", "Activate the model", [["if_better", "if better"], ["always", "always"], ["never", "never"]]),
						this.field("name", "Name", h("input", { maxlength: 200 }))),
					this.problem, h("div.row", this.launch)),
				h("section.card", h("h2", "Recipe"),
					this.field("recipe", "Fields that replace the preset’s, as JSON", this.recipe),
					h("div.row", button("Take the whole preset", () => this.write(this.presetRecipe())), button("Clear", () => this.write({}))),
					h("details", h("summary", "The preset’s recipe"), h("pre", { tabindex: 0, role: "group", "aria-label": "The preset’s recipe" }, this.preset)))),
			this.snippet.node);
		this.inputs.task.value = chosen;
		this.inputs.task.addEventListener("change", () => this.pickTask());
		this.inputs.preset.addEventListener("change", () => this.showPreset());
		for (const name of ["epochs", "batch_size", "optimizer.learning_rate"]) this.inputs[`recipe.${name}`].addEventListener("input", () => this.intoRecipe(name));
		this.recipe.addEventListener("input", () => this.fromRecipe());
		const soon = debounced(() => this.update(), 80);
		this.node.addEventListener("input", soon);
		this.node.addEventListener("change", soon);
	}

	/** A labelled control with a line for its hint. */
	field(name, title, input) {
		const id = freshId("hint");
		input.setAttribute("aria-describedby", id);
		this.inputs[name] = input;
		this.hints[name] = h("span.hint", { id });
		const label = freshId("field");
		input.id = label;
		return h("div.label", { "data-field": name }, h("label", { for: label }, title), input, this.hints[name]);
	}

	presetRecipe() { return this.tasks[this.inputs.task.value].presets[this.inputs.preset.value].recipe; }

	pickTask() {
		const task = this.tasks[this.inputs.task.value];
		const options = (pairs) => pairs.map(([value, text]) => h("option", { value }, text));
		this.inputs.preset.replaceChildren(...options(Object.keys(task.presets).map((name) => [name, name])));
		this.inputs.dataset.replaceChildren(...options(task.datasets.map((one) => [one.name, one.name + (one.is_sample ? " (toy rows, seconds)" : one.here ? "" : " (is fetched)")])));
		this.inputs.dataset.value = (task.datasets.find((one) => one.here && !one.is_sample) ?? task.datasets.at(-1)).name;
		this.showPreset();
	}

	showPreset() {
		const recipe = this.presetRecipe();
		this.about.textContent = this.tasks[this.inputs.task.value].presets[this.inputs.preset.value].description;
		this.preset.textContent = JSON.stringify(recipe, null, 2);
		this.inputs["recipe.epochs"].placeholder = recipe.epochs;
		this.inputs["recipe.batch_size"].placeholder = recipe.batch_size;
		this.inputs["recipe.optimizer.learning_rate"].placeholder = recipe.optimizer.learning_rate;
		this.fromRecipe();
	}

	/** The settings of an earlier run. */
	take(run) {
		for (const name of ["preset", "dataset", "activate"]) this.inputs[name].value = run[name];
		this.showPreset();
		this.inputs.seed.value = run.seed;
		this.inputs.seeds.value = run.seeds > 1 ? run.seeds : "";
		this.inputs.validation.value = run.validation.kind;
		for (const part of ["size", "folds"]) this.inputs[`validation.${part}`].value = run.validation[part] ?? "";
		const preset = this.presetRecipe();
		this.write(Object.fromEntries(Object.entries(run.recipe).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(preset[name]))));
	}

	write(patch) {
		this.recipe.value = JSON.stringify(patch, null, 2);
		this.fromRecipe();
		this.update();
	}

	patch() {
		const patch = JSON.parse(this.recipe.value.trim() || "{}");
		if (typeof patch !== "object" || patch === null || Array.isArray(patch)) throw new Error("an object is needed, for example {\"epochs\": 8}");
		return patch;
	}

	/** A main field was changed: into the JSON. */
	intoRecipe(name) {
		let patch;
		try { patch = this.patch(); } catch { return; } // not while the JSON is being typed
		const input = this.inputs[`recipe.${name}`];
		if (name === "optimizer.learning_rate") {
			if (input.value) patch.optimizer = { ...this.presetRecipe().optimizer, ...patch.optimizer, learning_rate: input.valueAsNumber };
			else delete patch.optimizer;
		} else if (input.value) patch[name] = input.valueAsNumber;
		else delete patch[name];
		this.recipe.value = JSON.stringify(patch, null, 2);
	}

	/** The JSON was changed: into the main fields. */
	fromRecipe() {
		let patch;
		try { patch = this.patch(); } catch { return; }
		const set = (name, value) => { this.inputs[`recipe.${name}`].value = value ?? ""; };
		set("epochs", patch.epochs);
		set("batch_size", patch.batch_size);
		set("optimizer.learning_rate", patch.optimizer?.learning_rate);
	}

	request() {
		const value = (name) => this.inputs[name].value;
		const request = { task: value("task"), preset: value("preset"), dataset: value("dataset"), activate: value("activate") };
		const patch = this.patch();
		if (Object.keys(patch).length) request.recipe = patch;
		for (const name of ["seed", "seeds"]) if (value(name)) request[name] = Number(value(name));
		if (value("name").trim()) request.name = value("name").trim();
		const kind = value("validation");
		if (kind) request.validation = { kind };
		for (const [of, part] of [["holdout", "size"], ["kfold", "folds"]]) if (kind === of && value(`validation.${part}`)) request.validation[part] = Number(value(`validation.${part}`));
		return request;
	}

	/** Check everything that is filled in; show what is wrong beside its field. */
	update() {
		const kind = this.inputs.validation.value;
		this.node.querySelector('[data-field="validation.size"]').hidden = kind !== "holdout";
		this.node.querySelector('[data-field="validation.folds"]').hidden = kind !== "kfold";
		this.problem.textContent = "";
		let errors;
		try {
			const request = this.request();
			errors = check(request, this.description.components.schemas.TrainRequest, this.description);
			this.snippet.show("POST", "train", request);
		} catch (error) { errors = [{ field: "recipe", message: error.message }]; }
		this.tell(errors);
		return !errors.length;
	}

	/** Each error goes to the field of its path, or to the nearest one above it, with the rest of the path. */
	tell(errors) {
		const texts = {};
		for (const { field, message } of errors) {
			let name = field;
			while (name && !(name in this.inputs)) name = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "";
			const text = name === field ? message : `${field}: ${message}`;
			for (const place of new Set([name, field.startsWith("recipe.") ? "recipe" : name])) {
				const whole = place === field ? message : place === name ? text : `${field}: ${message}`;
				if (place) texts[place] = texts[place] ? `${texts[place]}; ${whole}` : whole;
				else this.problem.textContent = text;
			}
		}
		for (const [name, input] of Object.entries(this.inputs)) {
			this.hints[name].textContent = texts[name] ?? "";
			this.hints[name].classList.toggle("bad", name in texts);
			if (name in texts) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
		}
	}

	async submit() {
		if (!this.update()) { this.node.querySelector('[aria-invalid="true"]')?.focus(); return; }
		this.launch.disabled = true;
		try {
			const key = { "Idempotency-Key": `page-${Date.now()}-${Math.random().toString(36).slice(2)}` };
			const run = await post("train", this.request(), undefined, key);
			location.hash = `#/runs/${run.id}`;
		} catch (error) {
			this.launch.disabled = false;
			if (error.errors?.length) this.tell(error.errors);
			else this.problem.textContent = error.message;
		}
	}
}
