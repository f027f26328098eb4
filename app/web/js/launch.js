// Launch a run: fields are checked while typing, and again by the service.

import { get, openapi, post } from "./api.js";
import { alertLine, button, freshId, h, on, put, title } from "./dom.js";
import { check } from "./schema.js";
import { snippet } from "./snippet.js";

const MAIN = ["epochs", "batch_size", "optimizer.learning_rate"]; // with fields of their own

const within = (fields, path) => path.split(".").reduce((part, key) => part?.[key], fields);

/** Shows the form; `#/runs/new?from=<id>` starts from a run's settings. */
export async function show(place, _, signal) {
	const from = new URLSearchParams(location.hash.split("?")[1]).get("from");
	const [description, { items }, old] = await Promise.all([openapi(), get("tasks", signal), from && get(`runs/${from}`, signal)]);
	const tasks = Object.fromEntries(items.map((task) => [task.name, task]));
	const inputs = {}; // by dotted path in the request, as are their lines for hints
	const hints = {};
	const field = (name, title, input) => {
		const id = freshId("hint");
		Object.assign(input, { id: freshId("field") }).setAttribute("aria-describedby", id);
		inputs[name] = input;
		hints[name] = h("span.hint", { id });
		return h("div.label", { "data-field": name }, h("label", { for: input.id }, title), input, hints[name]);
	};
	const options = (pairs) => pairs.map(([value, text]) => h("option", { value }, text));
	const select = (name, title, pairs = []) => field(name, title, h("select", options(pairs)));
	const number = (name, title, placeholder) => field(name, title, h("input", { type: "number", step: "any", placeholder }));
	const recipe = h("textarea.mono", { rows: 12, spellcheck: "false", value: "{}" });
	const about = h("p.soft.small.wide");
	const problem = alertLine();
	const launch = h("button.main", "Launch");
	const box = snippet();
	const value = (name) => inputs[name].value;
	const preset = () => tasks[value("task")].presets[value("preset")];

	const patch = () => {
		const found = JSON.parse(recipe.value.trim() || "{}");
		if (found?.constructor !== Object) throw new Error('an object is needed, for example {"epochs": 8}');
		return found;
	};
	const parsed = () => { try { return patch(); } catch { return null; } };
	const write = (fields) => { recipe.value = JSON.stringify(fields, null, 2); };
	// Main fields and JSON follow each other, except while the JSON is unfinished.
	const intoRecipe = (name) => {
		const fields = parsed();
		if (!fields) return;
		const given = inputs[`recipe.${name}`].valueAsNumber;
		const [part, ...inner] = name.split(".");
		if (Number.isNaN(given)) delete fields[part];
		else fields[part] = inner.length ? { ...preset().recipe[part], ...fields[part], [inner]: given } : given;
		write(fields);
	};
	const fromRecipe = () => {
		const fields = parsed();
		if (fields) for (const name of MAIN) inputs[`recipe.${name}`].value = within(fields, name) ?? "";
	};
	const showPreset = () => {
		about.textContent = preset().description;
		for (const name of MAIN) inputs[`recipe.${name}`].placeholder = within(preset().recipe, name);
	};
	const pickTask = () => {
		const name = value("task");
		get(`tasks/${name}`, signal).then((task) => { tasks[name] = task; update(); }, () => {}); // it tells more than the list
		const { presets, datasets } = tasks[name];
		put(inputs.preset, options(Object.entries(presets).map(([name, { description }]) => [name, `${name}: ${description}`])));
		put(inputs.dataset, options(datasets.map((one) => [one.name, one.name + (one.is_sample ? " (toy rows, seconds)" : one.here ? "" : " (is fetched)")])));
		inputs.dataset.value = (datasets.find((one) => one.here && !one.is_sample) ?? datasets.at(-1)).name;
		showPreset();
	};
	const take = (run) => {
		for (const name of ["preset", "dataset", "activate", "seed", "seeds"]) inputs[name].value = run[name];
		showPreset();
		const { kind, ...sizes } = run.validation;
		inputs.validation.value = kind;
		for (const [part, size] of Object.entries(sizes)) inputs[`validation.${part}`].value = size;
		write(Object.fromEntries(Object.entries(run.recipe).filter(([name, one]) => JSON.stringify(one) !== JSON.stringify(preset().recipe[name]))));
		fromRecipe();
	};
	const request = () => {
		const made = {};
		for (const name of ["task", "preset", "dataset", "activate", "name"]) if (value(name).trim()) made[name] = value(name).trim();
		for (const name of ["seed", "seeds"]) if (value(name)) made[name] = Number(value(name));
		const fields = patch();
		if (Object.keys(fields).length) made.recipe = fields;
		const kind = value("validation");
		if (kind) made.validation = { kind };
		const part = { holdout: "size", kfold: "folds" }[kind];
		if (part && value(`validation.${part}`)) made.validation[part] = Number(value(`validation.${part}`));
		return made;
	};
	/** Each error stands beside the field of its path, or the nearest one above it; those of the recipe there too. */
	const tell = (errors) => {
		const texts = {};
		const loose = [];
		for (const { field: path, message } of errors) {
			let name = path;
			while (name && !(name in inputs)) name = name.slice(0, Math.max(0, name.lastIndexOf(".")));
			if (!name) loose.push(`${path}: ${message}`);
			for (const one of new Set([name, path.startsWith("recipe.") ? "recipe" : name])) {
				texts[one] = [...(texts[one] ?? []), one === path ? message : `${path}: ${message}`];
			}
		}
		problem.textContent = loose.join("; ");
		for (const [name, input] of Object.entries(inputs)) {
			hints[name].textContent = texts[name]?.join("; ") ?? "";
			input.setAttribute("aria-invalid", name in texts);
		}
	};
	const update = () => {
		for (const [kind, part] of [["holdout", "size"], ["kfold", "folds"]]) inputs[`validation.${part}`].parentElement.hidden = value("validation") !== kind;
		let errors;
		try {
			const made = request();
			errors = check(made, description.components.schemas.TrainRequest, description);
			if (!errors.length) errors = misfits(tasks[made.task], made.recipe ?? {});
			box.show("train", made);
		} catch (error) { errors = [{ field: "recipe", message: error.message }]; }
		tell(errors);
		return !errors.length;
	};
	const replace = (fields) => { write(fields); fromRecipe(); update(); };
	let whole = null; // the recipe as it was taken from a preset
	const takeWhole = () => { replace(preset().recipe); whole = recipe.value; };
	const keys = {}; // the same request again is the same run
	const submit = async (event) => {
		event.preventDefault();
		if (!update()) { form.querySelector('[aria-invalid="true"]').focus(); return; }
		launch.disabled = true;
		try {
			const run = await post("train", request(), undefined, { "Idempotency-Key": (keys[JSON.stringify(request())] ??= `page-${Math.random()}`) });
			location.hash = `#/runs/${run.id}`;
		} catch (error) {
			launch.disabled = false;
			tell(error.errors?.length ? error.errors : [{ field: "", message: error.message }]);
		}
	};
	const form = h("form.stack", { novalidate: true, onsubmit: submit }, h("div.split",
		h("section.card", h("h2", "Main settings"),
			h("div.grid", select("task", "Task", items.map((task) => [task.name, task.title])), select("preset", "Preset"), select("dataset", "Dataset"), about,
				number("recipe.epochs", "Epochs"), number("recipe.batch_size", "Batch size"), number("recipe.optimizer.learning_rate", "Learning rate"),
				select("validation", "Validation", [["", "the preset’s"], ["none", "none"], ["holdout", "holdout"], ["kfold", "k-fold"]]),
				number("validation.size", "Rows held out"), number("validation.folds", "Folds"), number("seed", "Seed", "drawn"), number("seeds", "How many seeds", "1"),
				select("activate", "Activate the model", [["if_better", "if better"], ["always", "always"], ["never", "never"]]), field("name", "Name", h("input", { maxlength: 200 }))),
			problem, h("div.row", launch)),
		h("section.card", h("h2", "Recipe"), field("recipe", "Fields that replace the preset’s, as JSON", recipe),
			h("div.row", button("Take the whole preset", takeWhole), button("Clear", () => replace({}))))), box.node);
	place.append(h("div.head", title("New run"), h("p.lead", "Start from a preset and change what you like. Empty fields keep the preset’s values.")), form);
	inputs.task.value = old?.task ?? "sentiment";
	pickTask();
	if (old) take(old);
	update();
	on(inputs.task, "change", () => { replace({}); pickTask(); }); // a recipe is of its task
	on(inputs.preset, "change", () => {
		showPreset();
		if (recipe.value === whole) takeWhole();
	});
	for (const name of MAIN) on(inputs[`recipe.${name}`], "input", () => intoRecipe(name));
	on(recipe, "input", fromRecipe);
	on(form, "input", update);
}

/** What the task's description says against a recipe. */
function misfits({ name, heads, presets }, { head, features }) {
	const kinds = [...new Set(Object.values(presets).map((preset) => preset.recipe.features.kind))];
	return [["recipe.head", head, heads], ["recipe.features.kind", features?.kind, kinds]]
		.filter(([, given, known]) => given && known && !known.includes(given))
		.map(([field, , known]) => ({ field, message: `task ${name} takes ${known.join(", ")}` }));
}
