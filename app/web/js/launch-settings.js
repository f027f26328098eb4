// The fields of a run but for its layers: what is trained on what, how, how it is judged, what it is called.

import { h, put } from "./dom.js";
import { Chips } from "./chips.js";
import { options } from "./fields.js";
import { PartField } from "./part.js";
import { bound, formOf } from "./part-fields.js";

/** @import { Task } from "../../client/densely.js" */
/** @import { Bound, Place } from "./part-fields.js" */

/** @type {Record<string, string>} */
const VALIDATIONS = { none: "none", holdout: "holdout", kfold: "k-fold" };
const ACTIVATIONS = { if_better: "if better", always: "always", never: "never" };

/** @param {Task["datasets"][number]} dataset */
const whereOf = ({ is_sample: isSample, here }) => (isSample ? " (toy rows, seconds)" : here ? "" : " (is fetched)");

export class Settings {
	/** @type {Bound[]} */
	#bounds = [];
	#about = h("p.soft.small.wide");

	/** @param {Place} place @param {(task: string) => void} pickTask */
	constructor(place, pickTask) {
		this.place = place;
		const { schemas } = place.root.components;
		this.request = schemas.TrainRequest.properties;
		this.recipe = schemas.RecipePatch.properties;
		this.what = h("section.card", h("h2", "What is trained"), this.#what(pickTask));
		this.training = h("section.card", h("h2", "Training"), this.#training());
		this.judging = h("section.card", h("h2", "How it is judged"), this.#judging());
		this.about = h("section.card", h("h2", "This run"), this.#naming());
	}

	sync() {
		for (const one of this.#bounds) one.sync();
	}

	/** @param {Bound} one */
	#keep(one) {
		this.#bounds.push(one);
		return one.node;
	}

	/** A field of the request. @param {string} name @param {any} [how] */
	#plain(name, how) {
		return this.#keep(bound(this.place, name, formOf(this.request[name] ?? {}, this.place.root), how));
	}

	/** A field of the recipe. @param {string} name @param {any} [how] */
	#own(name, how) {
		return this.#keep(bound(this.place, `recipe.${name}`, formOf(this.recipe[name], this.place.root), how));
	}

	/** A part of the recipe. @param {string} name @param {import("./part.js").PartWords} [how] */
	#part(name, how) {
		return this.#keep(new PartField(this.place, `recipe.${name}`, this.recipe[name], how));
	}

	/** Choices that follow from the task. @param {string} name @param {() => [string, string][]} pairsOf */
	#choice(name, pairsOf) {
		const { draft, fields, changed } = this.place;
		const input = h("select", { oninput: () => (draft.set(name, input.value), changed()) });
		const node = fields.field(name, name[0].toUpperCase() + name.slice(1), input);
		const sync = () => {
			const value = draft.value(name) ?? "";
			const pairs = pairsOf();
			const isKnown = !value || pairs.some(([one]) => one === value); // if not, it may be a version before the latest
			put(input, options(isKnown ? pairs : [...pairs, [value, value]]));
			input.value = value || pairs[0]?.[0];
		};
		return this.#keep({ node, sync, path: name });
	}

	/** @param {(task: string) => void} pickTask */
	#what(pickTask) {
		const { draft, fields, changed } = this.place;
		const titles = Object.values(draft.tasks).map((task) => /** @type {[string, string]} */ ([task.name, task.title]));
		const task = fields.select("task", "Task", titles);
		const input = fields.inputs.task;
		input.addEventListener("input", () => (pickTask(input.value), changed()));
		const sync = () => {
			input.value = draft.task.name;
			this.#about.textContent = draft.preset.description;
		};
		const presets = () => Object.entries(draft.task.presets).map(([key, one]) => [key, `${key}: ${one.description}`]);
		const datasets = () => draft.task.datasets.map((one) => [one.name, one.name + whereOf(one)]);
		return h(
			"div.grid",
			this.#keep({ node: task, sync, path: "task" }),
			this.#choice("preset", () => /** @type {[string, string][]} */ (presets())),
			this.#choice("dataset", () => /** @type {[string, string][]} */ (datasets())),
			this.#about,
			this.#part("features", {
				title: "Inputs become",
				kinds: () => [...new Set(Object.values(draft.task.presets).map((one) => one.recipe.features.kind))],
				first: ["words", "max_features", "max_n", "weights", "numbers", "exclude"],
			}),
		);
	}

	#training() {
		const { draft } = this.place;
		const start = { on: { monitor: "val_loss", patience: 10, restore_best: true } };
		const extra = h(
			"div.grid",
			this.#part("averaging", { title: "Weights averaged over the steps", none: "no" }),
			this.#own("label_smoothing"),
			this.#own("precision"),
			this.#own("loss"),
			this.#own("head", { title: "Answer (head)" }),
			this.#only(() => draft.recipe.head === "regression", this.#own("targets")),
			this.#only(
				() => draft.task.kind === "image",
				this.#part("augmentation", { title: "Pictures changed at random", none: "no", words: { on: "yes" } }),
			),
		);
		return [
			h(
				"div.grid",
				this.#own("epochs"),
				this.#own("batch_size"),
				this.#own("members"),
				this.#own("class_weights"),
				this.#part("optimizer", { first: ["learning_rate"] }),
				this.#part("schedule", { title: "Learning rate over time", none: "it stays" }),
				this.#part("early_stopping", { none: "never", words: { on: "when it no longer improves" }, start }),
			),
			h("details", h("summary", "More"), extra),
		];
	}

	/** A field that not every task has. @param {() => boolean} applies @param {any} node */
	#only(applies, node) {
		return this.#keep({ node, sync: () => (node.hidden = !applies()), path: "" });
	}

	#judging() {
		const validation = new PartField(this.place, "validation", this.request.validation, {
			title: "Validation",
			words: VALIDATIONS,
			start: { holdout: { size: 1000 }, kfold: { folds: 4 } },
		});
		return h(
			"div.grid",
			this.#keep(validation),
			this.#plain("seed", { placeholder: "drawn" }),
			this.#plain("seeds", { title: "How many seeds" }),
			this.#choiceOf("activate", "Activate the model", ACTIVATIONS),
		);
	}

	/** @param {string} name @param {string} title @param {Record<string, string>} words */
	#choiceOf(name, title, words) {
		const input = h("select", options(Object.entries(words)));
		const write = (/** @type {string} */ value) => (input.value = value);
		return this.#plain(name, { title, control: { input, read: () => input.value, write } });
	}

	#naming() {
		const { draft, fields, changed } = this.place;
		const tags = new Chips((given) => {
			draft.set("tags", given);
			changed();
		});
		const field = fields.field("tags", "Tags", tags.input);
		field.append(tags.list);
		return h(
			"div.grid",
			this.#plain("name"),
			this.#keep({ node: field, sync: () => tags.write(draft.value("tags")), path: "tags" }),
			this.#plain("webhook", { title: "Webhook, told when it has ended", placeholder: "an http or https URL" }),
			"note" in this.request && this.#note(),
		);
	}

	#note() {
		const input = h("textarea", { rows: 2, maxlength: 2000 });
		const write = (/** @type {string} */ value) => (input.value = value ?? "");
		const note = this.#plain("note", { control: { input, read: () => input.value || undefined, write } });
		note.classList.add("wide");
		return note;
	}
}
