// Tags as chips: `key: value`, added by Enter or a comma, removed by a click or by Backspace.

import { button, h, on, put, say } from "./dom.js";

/** @typedef {Record<string, string>} Tags */

/** A field of tags: `write(tags)` shows others, `changed(tags)` is told what they become. */
export class Chips {
	input = h("input", { placeholder: "key: value", spellcheck: "false", autocomplete: "off", maxlength: 265 });
	list = h("ul.chips", { label: "Added so far" });
	/** @type {Tags} */
	#tags = {};

	/**
	 * @param {(tags: Tags) => void} changed
	 * @param {boolean} [isLeft] whether to add what is written when the field is left; not where `all()` is asked for it,
	 *     since a button that is being pressed would move away from under the pointer
	 */
	constructor(changed, isLeft = true) {
		this.changed = changed;
		on(this.input, "keydown", (event) => this.#press(event));
		if (isLeft) on(this.input, "blur", () => this.#add());
	}

	/** @param {Tags} tags */
	write(tags) {
		this.#tags = tags ?? {};
		put(
			this.list,
			Object.entries(this.#tags).map(([key, value]) => this.#chip(key, value)),
		);
		this.list.hidden = !this.list.firstChild;
	}

	/** All, with what is still written in the field. */
	all() {
		this.#add();
		return this.#tags;
	}

	/** @param {string} key @param {string} value */
	#chip(key, value) {
		const words = value ? `${key}: ${value}` : key;
		return h(
			"li",
			button(`${words} ×`, () => this.#remove(key), { class: "chip", label: `Remove the tag ${words}` }),
		);
	}

	/** @param {KeyboardEvent} event */
	#press(event) {
		const isEmpty = !this.input.value.trim();
		if (event.ctrlKey || event.metaKey) return; // for the form
		if (event.key === "," || (event.key === "Enter" && !isEmpty)) {
			event.preventDefault(); // an empty one sends the form, as anywhere else
			this.#add();
		} else if (event.key === "Backspace" && isEmpty && this.list.lastChild) {
			this.#remove(Object.keys(this.#tags).at(-1) ?? "");
		}
	}

	#add() {
		const [key, value = ""] = this.input.value.split(/[:=](.*)/s).map((/** @type {string} */ part) => part.trim());
		if (!key) return;
		this.input.value = "";
		this.#take({ ...this.#tags, [key]: value });
	}

	/** @param {string} key */
	#remove(key) {
		const { [key]: _, ...rest } = this.#tags;
		this.#take(rest);
		say(`Tag ${key} removed`);
		this.input.focus();
	}

	/** @param {Tags} tags */
	#take(tags) {
		this.write(tags);
		this.changed(tags);
	}
}
