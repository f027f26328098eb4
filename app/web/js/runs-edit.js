// Name, tags and note of a run, edited in its row.

import { densely, told } from "./api.js";
import { alertLine, button, h, put, say } from "./dom.js";
import { nameOf, tagText } from "./runs-row.js";

/** @import { RunRow } from "../../client/densely.js" */

const LONGEST_NOTE = 2000; // characters
const LONGEST_NAME = 200;

/**
 * A form; `done` gets what was changed, or nothing.
 *
 * @param {Pick<RunRow, "id" | "name" | "preset" | "tags" | "note">} run
 * @param {(changed?: Partial<RunRow>) => void} done
 * @param {AbortSignal} signal
 */
export function editor(run, done, signal) {
	const tags = new Tags(run.tags);
	const name = h("input", { value: run.name ?? "", maxlength: LONGEST_NAME, placeholder: run.preset });
	const note = h("textarea", { rows: 2, maxlength: LONGEST_NOTE, value: run.note });
	const problem = alertLine();
	const save = async (/** @type {Event} */ event) => {
		event.preventDefault();
		const changes = { name: name.value.trim() || null, tags: tags.all(), note: note.value.trim() };
		try {
			const { data } = await densely.updateRun(run.id, changes, { signal });
			say("Saved");
			done({ name: data.name, tags: data.tags, note: data.note });
		} catch (error) {
			if (!signal.aborted) problem.textContent = told(error);
		}
	};
	const keys = (/** @type {KeyboardEvent} */ event) => {
		if (event.key === "Escape") done();
		else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(event);
	};
	return h(
		"form.editor",
		{ label: `Name, tags and note of ${nameOf(run)}`, onsubmit: save, onkeydown: keys },
		h("label", "Name", name),
		tags.node,
		h("label", "Note", note),
		problem,
		h(
			"div.row",
			h("button.main", { type: "submit" }, "Save"),
			button("Cancel", () => done()),
		),
	);
}

/** Tags that can be removed, and a field for more: `key: value`. */
class Tags {
	/** @type {Map<string, string>} */
	#tags;
	#list = h("ul.chips");
	#field = h("input", { placeholder: "key: value", onkeydown: (/** @type {any} */ event) => this.#keys(event) });

	/** @param {Record<string, string>} tags */
	constructor(tags) {
		this.#tags = new Map(Object.entries(tags));
		this.node = h("div.stack.tight", h("label", "Tags", this.#field), this.#list);
		this.#draw();
	}

	#draw() {
		put(
			this.#list,
			[...this.#tags].map((tag) => h("li", this.#chipOf(tag))),
		);
		this.#list.hidden = !this.#tags.size;
	}

	/** @param {[key: string, value: string]} tag */
	#chipOf(tag) {
		const remove = () => {
			this.#tags.delete(tag[0]);
			this.#draw();
			this.#field.focus();
		};
		return button(`${tagText(tag)} ×`, remove, { class: "chip", label: `Remove the tag ${tagText(tag)}` });
	}

	/** Takes what is written: Enter adds it, and saves where nothing is. @param {KeyboardEvent} event */
	#keys(event) {
		if (![",", "Enter"].includes(event.key) || event.ctrlKey || event.metaKey || !this.#field.value.trim()) return;
		event.preventDefault();
		this.#take();
	}

	#take() {
		const [key, value = ""] = this.#field.value.split(/[:=](.*)/s).map((/** @type {string} */ part) => part.trim());
		if (key) this.#tags.set(key, value);
		this.#field.value = "";
		this.#draw();
	}

	/** All, with what is still written in the field. @returns {Record<string, string>} */
	all() {
		this.#take();
		return Object.fromEntries(this.#tags);
	}
}
