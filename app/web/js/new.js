// A new task out of a file: drop it, see what was found, correct it, train on it.

import { densely, sender, told } from "./api.js";
import { ANSWERS, askingCard } from "./asking.js";
import { button, bytes, h, on, put, say, title } from "./dom.js";
import { dropZone, sending } from "./drop.js";
import { Fields, options } from "./fields.js";
import { balance, cautions, columnTable, summary } from "./findings.js";
import { preview } from "./preview.js";
import { refusal } from "./refusals.js";
import { nameFrom, Roles, titleFrom } from "./roles.js";

/** @import { Look, Task } from "../../client/densely.js" */
/** @import { Role } from "./roles.js" */

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
/** @type {[string, string][]} */
const SCALINGS = [
	["fit", "whole, with a border"],
	["centre", "by its centre of mass"],
	["crop", "its middle"],
];
const KINDS = { text: "Texts", table: "A table", image: "Pictures" };
const LEAD =
	"Drop a file of rows with their answers. What is in it is found out; you correct it, train on it, and ask.";
const HINT =
	"CSV, TSV, JSON, JSON Lines or Parquet, also as .gz; for pictures a zip with a folder for each label, or base64 in a column.";

/** @type {import("./main.js").View["show"]} */
export async function show(place, _, signal) {
	const tasks = await densely.tasks({ signal });
	place.append(h("div.head", title("New task"), h("p.lead", LEAD)), new NewTask(tasks, signal).node);
}

class NewTask {
	#roles = new Roles();
	#fields = new Fields();
	#refusal = refusal();
	#asking = askingCard((spec) => this.#ask(spec));
	#isSound = false; // whether the service would make a task of the file as the fields stand
	#sending = sending();
	#found = h("div.stack", { hidden: true });
	#rows = h("section.card", { label: "First rows" });
	#about = h("section.card", { label: "What was found" });
	#state = h("p.soft.small", { role: "status" });
	#create = button("Create and train", () => this.#make(true), { class: "main" });
	#only = button("Create without training", () => this.#make(false));
	#stop = button("Stop", () => this.#going?.abort(), { hidden: true });
	/** @type {File | null} */
	#file = null;
	/** @type {Look | null} */
	#look = null;
	/** @type {AbortController | undefined} */
	#going; // what is under way

	/** @param {Task[]} tasks @param {AbortSignal} signal */
	constructor(tasks, signal) {
		this.signal = signal;
		this.taken = tasks.map((task) => task.name);
		this.zone = dropZone({ words: "Drop a file here", hint: HINT, take: (file) => this.#take(file) });
		put(
			this.#found,
			this.#rows,
			h("div.split", this.#settings(), this.#about),
			h("div.row", this.#create, this.#only, this.#stop),
		);
		this.node = h(
			"div.stack",
			this.zone.node,
			this.#state,
			this.#refusal.node,
			this.#asking.node,
			this.#found,
			this.#sending.node,
		);
	}

	#settings() {
		const fields = this.#fields;
		const name = h("input", { maxlength: 40, spellcheck: "false", autocomplete: "off" });
		const grid = h(
			"div.grid",
			fields.field("name", "Name, as requests call it", name),
			fields.field("title", "Title", h("input", { maxlength: 80 })),
			fields.select("answer", "The answer is", ANSWERS),
			fields.field("unit", "Unit", h("input", { maxlength: 40, placeholder: "none" })),
			fields.number("from", "From"),
			fields.number("to", "To"),
			fields.field("separator", "Between labels", h("input", { maxlength: 3 })),
			fields.number("size", "Pixels of a side"),
			fields.select("colours", "Colours", [
				["grey", "grey"],
				["rgb", "colours"],
			]),
			fields.select("scaling", "How pictures are scaled", SCALINGS),
		);
		const { inputs } = fields;
		on(inputs.name, "input", () => this.#check());
		on(inputs.answer, "change", () => this.#again());
		for (const one of ["unit", "from", "to", "separator", "size", "colours", "scaling"]) {
			on(inputs[one], "change", () => this.#again());
		}
		return h("section.card", h("h2", "The task"), grid);
	}

	/** @param {File} file */
	#take(file) {
		this.#file = file;
		this.#look = null;
		this.#isSound = false;
		this.#asking.node.hidden = true;
		this.#roles = new Roles();
		this.#found.hidden = true;
		this.zone.shrink(`${file.name}, ${bytes(file.size)}`);
		this.#fields.inputs.name.value = nameFrom(file.name, this.taken);
		this.#fields.inputs.title.value = titleFrom(file.name);
		this.#ask({});
	}

	/** Asks what the file would become, as the fields and roles say. */
	#again() {
		const { inputs } = this.#fields;
		const value = (/** @type {string} */ name) => inputs[name].value;
		this.#roles.answer = {
			kind: value("answer"),
			unit: value("unit"),
			from: value("from"),
			to: value("to"),
			separator: value("separator"),
		};
		this.#roles.image = { size: value("size"), colours: value("colours"), scaling: value("scaling") };
		this.#isSound = false;
		this.#show();
		this.#check();
		if (!this.#roles.gap) this.#ask(this.#roles.spec);
	}

	/** @param {string} source @param {Role} role */
	#change(source, role) {
		this.#roles.give(source, role);
		this.#fields.inputs.answer.value = this.#roles.answer.kind;
		this.#again();
	}

	/** @param {Pick<import("../../client/densely.js").NewTask, "kind" | "answer">} spec */
	async #ask(spec) {
		const file = /** @type {File} */ (this.#file);
		const signal = this.#begin("Looking at the file …");
		const { mapping } = this.#roles;
		const how = { signal, ...(mapping && { mapping }), onProgress: this.#sending.tell };
		try {
			const name = nameFrom(file.name, this.taken); // that of the field may be unfinished
			const look = await sender.lookAtTask({ name, ...spec }, file, how);
			if (signal.aborted) return;
			this.#look = look;
			this.#isSound = true;
			this.#asking.node.hidden = true;
			this.#roles.take(look);
			this.#fill();
			this.#end(`Found in ${file.name}: ${KINDS[/** @type {"text"} */ (look.kind.kind)].toLowerCase()}.`);
		} catch (error) {
			if (!signal.aborted) this.#fail(error);
		}
	}

	/** Makes the task. @param {boolean} train */
	async #make(train) {
		const file = /** @type {File} */ (this.#file);
		if (!this.#check()) {
			this.node.querySelector('[aria-invalid="true"]')?.focus();
			return;
		}
		const signal = this.#begin("", true);
		const { mapping, spec } = this.#roles;
		const task = { name: this.#fields.value("name"), title: this.#fields.value("title"), ...spec };
		try {
			const how = { train, signal, ...(mapping && { mapping }), onProgress: this.#sending.tell };
			const { dataset, run } = await sender.createTask(task, file, how);
			if (this.signal.aborted) return;
			say(`The task ${task.name} is made`);
			location.hash = run ? `#/runs/${run.id}` : `#/data/${task.name}/${dataset?.name}`;
		} catch (error) {
			if (this.signal.aborted) return;
			if (signal.aborted) this.#end("Stopped: nothing was kept.");
			else this.#fail(error);
		}
	}

	/** @param {string} words @param {boolean} [isMaking] */
	#begin(words, isMaking = false) {
		this.#going?.abort();
		this.#going = new AbortController();
		this.#refusal.clear();
		this.#state.textContent = words;
		this.#found.setAttribute("aria-busy", String(!isMaking));
		this.#create.disabled = this.#only.disabled = true;
		this.#stop.hidden = !isMaking;
		return AbortSignal.any([this.#going.signal, this.signal]);
	}

	/** @param {string} words */
	#end(words) {
		this.#state.textContent = words;
		this.#found.removeAttribute("aria-busy");
		this.#sending.end();
		this.#stop.hidden = true;
		this.#check();
	}

	/** @param {any} error */
	#fail(error) {
		this.#end("");
		if (error.status === 409) this.#fields.tell([{ field: "name", message: told(error) }]);
		else this.#refusal.tell(error);
		if (error.status === 422 && !this.#look) this.#asking.offer(/** @type {File} */ (this.#file));
	}

	/** Whether the task can be made as the fields stand; what is wrong is said beside them. */
	#check() {
		const name = this.#fields.value("name");
		const gap = this.#roles.gap;
		const wrong = !NAME.test(name)
			? "a-z, 0-9 and -, from a letter on, at most 40"
			: this.taken.includes(name) && "there is a task of this name";
		this.#fields.tell(wrong ? [{ field: "name", message: wrong }] : []);
		if (gap && this.#look) this.#state.textContent = gap;
		this.#create.disabled = this.#only.disabled = Boolean(gap) || !this.#isSound;
		return !gap && !wrong;
	}

	/** Shows what was found. */
	#fill() {
		const { findings } = /** @type {Look} */ (this.#look);
		const { inputs } = this.#fields;
		const { answer, image } = this.#roles;
		const { kind: asked, ...rest } = answer;
		inputs.answer.value = asked;
		for (const [name, value] of Object.entries({ ...rest, ...image })) inputs[name].value = value;
		this.#show();
		put(
			this.#about,
			h("h2", "What was found"),
			summary(findings),
			findings.labels.length > 0 && [h("h3", "Rows of each label"), balance(findings.labels)],
			cautions(findings),
			h("details", h("summary", "The columns as figures"), columnTable(findings.columns)),
		);
		this.#found.hidden = false;
	}

	/** The first rows, and the fields that this kind of task has. */
	#show() {
		if (!this.#look) return;
		const roles = this.#roles;
		const focused = document.activeElement?.getAttribute("data-column");
		const kind = KINDS[/** @type {"text"} */ (roles.kind)];
		put(
			this.#rows,
			h("h2", "First rows"),
			h(
				"p.soft.small",
				`${kind} in, ${roles.kind === "image" ? "" : "by the columns below; "}the answer out. Correct what is wrong.`,
			),
			preview(this.#look.findings, roles, (source, role) => this.#change(source, role)),
		);
		if (focused) this.#rows.querySelector(`[data-column="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
		const { kind: asked } = roles.answer;
		this.#fields.hide("unit", asked !== "number");
		this.#fields.hide("from", asked !== "rating");
		this.#fields.hide("to", asked !== "rating");
		this.#fields.hide("separator", asked !== "several_of");
		for (const one of ["size", "colours", "scaling"]) this.#fields.hide(one, roles.kind !== "image");
		put(this.#fields.inputs.answer, options(ANSWERS.filter(([one]) => roles.kind !== "image" || one !== "several_of")));
		this.#fields.inputs.answer.value = asked;
	}
}
