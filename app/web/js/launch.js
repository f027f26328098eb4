// Launch a run: the fields and the JSON are two views of one request, which the service looks at while it is made.

import { densely, openapi, told } from "./api.js";
import { alertLine, h, jsonOf, on, title } from "./dom.js";
import { Draft } from "./draft.js";
import { Fields } from "./fields.js";
import { Settings } from "./launch-settings.js";
import { LayerBuilder } from "./layers.js";
import { formOf } from "./part-fields.js";
import { Outlook } from "./outlook.js";
import { misfits } from "./recipe.js";
import { check } from "./schema.js";
import { snippet } from "./snippet.js";

/** @import { Preview, RunData, Task, TaskDetail } from "../../client/densely.js" */
/** @import { Misfit } from "./schema.js" */
/** @typedef {{ kind: string, title: string, message: string, change: any, change_text: string | null }} Advice */

/**
 * Shows the form; `#/runs/new?from=<id>` starts from a run's settings, `&change=<kind>` with what is advised for it.
 *
 * @type {import("./main.js").View["show"]}
 */
export async function show(place, _, signal) {
	const given = new URLSearchParams(location.hash.split("?")[1]);
	const from = given.get("from");
	const [description, tasks, old, advice] = await Promise.all([
		openapi(),
		densely.tasks({ signal }),
		from ? densely.run(from, { signal }) : null,
		from && given.get("change") ? advised(from, given.get("change"), signal) : undefined,
	]);
	const form = new Form(description, tasks, signal);
	place.append(h("div.head", title("New run"), h("p.lead", leadOf(from, advice))), form.node);
	form.start(old?.data, advice?.change ?? {}, { task: given.get("task"), dataset: given.get("dataset") });
}

/** What is advised for a run; null: that no more. @param {string} run @param {string | null} kind @param {AbortSignal} signal */
async function advised(run, kind, signal) {
	const { items } = await densely.get(`runs/${encodeURIComponent(run)}/advice`, {}, { signal });
	return /** @type {Advice[]} */ (items).find((one) => one.kind === kind && one.change) ?? null;
}

/** @param {string | null} from @param {Advice | null | undefined} advice */
function leadOf(from, advice) {
	if (!from) return "Start from a preset and change what you like: what is not as in the preset is marked.";
	const run = ["From ", h("a", { href: `#/runs/${from}` }, from), ": "];
	if (advice === undefined) return [...run, "its settings, with another seed if you clear it."];
	if (!advice) return [...run, "its settings. What was advised for it is not advised any more."];
	return [
		...run,
		h("b", advice.title),
		`. ${advice.message} `,
		h("b", advice.change_text ?? "Its recipe is changed"),
		".",
	];
}

class Form {
	#fields = new Fields(() => "json");
	#problem = alertLine();
	#launch = h("button.main", "Launch");
	#json = h("textarea.mono", { rows: 14, spellcheck: "false", autocapitalize: "off" });
	#box = snippet();
	/** @type {Record<string, string>} */
	#keys = {}; // the same request again is the same run
	/** @type {Set<string>} */
	#learnt = new Set();
	/** @type {string | null} */
	#unread = null; // what is wrong with the JSON, while it is none
	/** @type {Misfit[]} */
	#refused = []; // what the service says of the request as it stands

	/** @param {any} description the service's, of OpenAPI @param {Task[]} tasks @param {AbortSignal} signal */
	constructor(description, tasks, signal) {
		this.description = description;
		this.signal = signal;
		/** @type {Record<string, Task | TaskDetail>} */
		this.tasks = Object.fromEntries(tasks.map((task) => [task.name, task]));
		this.draft = new Draft(this.tasks);
		const changed = () => this.#changed();
		const place = { draft: this.draft, fields: this.#fields, root: description, changed };
		const { properties } = description.components.schemas.RecipePatch;
		this.settings = new Settings(place, (task) => this.#pickTask(task));
		this.layers = new LayerBuilder(place, formOf(properties.layers, description));
		this.outlook = new Outlook(signal, (preview, errors) => this.#looked(preview, errors));
		const onsubmit = (/** @type {Event} */ event) => this.#submit(event);
		this.node = h("form.stack", { novalidate: true, onsubmit }, this.#parts(), this.#box.node);
		on(this.#json, "input", () => this.#read());
		on(this.#json, "blur", () => !this.#unread && this.#write());
	}

	#parts() {
		const { what, training, judging, about } = this.settings;
		const outlook = h("section.card", h("h2", "What it will be"), this.outlook.node, this.#problem);
		outlook.append(h("div.row", this.#launch));
		const hint = "The request as JSON: fields and JSON follow each other";
		const json = h("section.card", h("h2", "JSON"), this.#fields.field("json", hint, this.#json));
		return h(
			"div.split.launch",
			h("div.stack", what, this.layers.node, training, judging, about),
			h("div.stack", outlook, json),
		);
	}

	/**
	 * @param {RunData | undefined} old a run whose settings are taken
	 * @param {any} change of its recipe
	 * @param {{ task: string | null, dataset: string | null }} given what the address names
	 */
	start(old, change, given) {
		const wanted = old?.task ?? given.task ?? "";
		const task = Object.hasOwn(this.tasks, wanted) ? wanted : Object.keys(this.tasks)[0];
		this.#pickTask(task);
		if (old && old.task === task) this.draft.take(old, change);
		else if (given.dataset) this.draft.set("dataset", given.dataset);
		this.#changed();
	}

	/** @param {string} name */
	#pickTask(name) {
		this.draft.pickTask(name);
		this.#learn(name);
	}

	/** Asks for what the list does not tell of a task. @param {string} name */
	#learn(name) {
		if (this.#learnt.has(name)) return;
		this.#learnt.add(name);
		const taken = (/** @type {TaskDetail} */ task) => {
			this.tasks[name] = task;
			this.#changed();
		};
		densely.task(name, { signal: this.signal }).then(taken, () => {});
	}

	/** The fields or the JSON have changed the request: whatever does not have the focus follows. */
	#changed() {
		this.#unread = null;
		this.#refused = [];
		this.#sync();
		if (document.activeElement !== this.#json) this.#write();
		this.#tell();
	}

	/** What is of another form than the fields take leaves them as they were: the check says what is wrong. */
	#sync() {
		try {
			this.settings.sync();
			this.layers.sync();
		} catch (error) {
			if (!this.#check().length) throw error;
		}
	}

	#write() {
		this.#json.value = jsonOf(this.draft.request);
	}

	/** Takes what the JSON says, once it can be read. */
	#read() {
		try {
			const given = JSON.parse(this.#json.value.trim() || "{}");
			if (given?.constructor !== Object) throw new Error('an object is needed, for example {"task": "…"}');
			this.draft.replace(given);
		} catch (/** @type {any} */ error) {
			this.#unread = error.message;
			this.#tell();
			return;
		}
		this.#learn(this.draft.task.name);
		this.#changed();
	}

	/** Checks what is asked for, and says what is wrong with it; whether it is in order. */
	#tell() {
		const errors = this.#check();
		const isSound = !errors.length;
		this.#problem.textContent = this.#fields.tell(isSound ? this.#refused : errors);
		this.outlook.ask(isSound ? this.draft.request : null);
		if (isSound) this.#box.show("train", this.draft.request);
		else this.layers.show(null);
		return isSound;
	}

	/** @returns {Misfit[]} */
	#check() {
		if (this.#unread) return [{ field: "json", message: this.#unread }];
		const { request } = this.draft;
		const errors = check(request, this.description.components.schemas.TrainRequest, this.description);
		if (errors.length) return errors;
		const isKnown = Object.hasOwn(this.tasks, request.task);
		if (!isKnown) return [{ field: "task", message: `there is no task ${request.task}` }];
		return misfits(this.draft.task, request.recipe ?? {});
	}

	/** @param {Preview | null} preview @param {Misfit[]} errors what the service refuses */
	#looked(preview, errors) {
		this.#refused = errors;
		this.layers.show(preview);
		this.#problem.textContent = this.#fields.tell(errors);
	}

	/** @param {Event} event */
	async #submit(event) {
		event.preventDefault();
		if (!this.#tell()) {
			this.node.querySelector('[aria-invalid="true"]')?.focus();
			return;
		}
		this.#launch.disabled = true;
		const { task, ...settings } = this.draft.request;
		try {
			const idempotencyKey = (this.#keys[JSON.stringify(this.draft.request)] ??= `page-${Math.random()}`);
			const run = await densely.train(task, { ...settings, idempotencyKey });
			location.hash = `#/runs/${run.id}`;
		} catch (/** @type {any} */ error) {
			this.#launch.disabled = false;
			this.#looked(null, error.errors?.length ? error.errors : [{ field: "", message: told(error) }]);
		}
	}
}
