// The fields of a form, by the dotted path of what they stand for; each has a line for what is wrong with it.

import { freshId, h } from "./dom.js";

/** @import { Misfit } from "./schema.js" */

/** Options of a <select>. @param {[value: string, text: string][]} pairs */
export const options = (pairs) => pairs.map(([value, text]) => h("option", { value }, text));

export class Fields {
	/** @type {Record<string, any>} */
	inputs = {};
	/** @type {Record<string, HTMLElement>} */
	#hints = {};

	/** @param {(path: string) => string} [echo] another field where an error of a path is told too */
	constructor(echo = (path) => (path.startsWith("recipe.") ? "recipe" : "")) {
		this.echo = echo;
	}

	/** A field with its label. @param {string} name @param {string} title @param {any} input */
	field(name, title, input) {
		const id = freshId("hint");
		input.id = freshId("field");
		input.setAttribute("aria-describedby", id);
		this.inputs[name] = input;
		this.#hints[name] = h("span.hint", { id });
		return h("div.label", { "data-field": name }, h("label", { for: input.id }, title), input, this.#hints[name]);
	}

	/** The field is no longer there. @param {string} name */
	forget(name) {
		delete this.inputs[name];
		delete this.#hints[name];
	}

	/** @param {string} name @param {string} title @param {[value: string, text: string][]} [pairs] */
	select(name, title, pairs = []) {
		return this.field(name, title, h("select", options(pairs)));
	}

	/** @param {string} name @param {string} title @param {string} [placeholder] */
	number(name, title, placeholder) {
		return this.field(name, title, h("input", { type: "number", step: "any", placeholder }));
	}

	/** @param {string} name @returns {string} */
	value(name) {
		return this.inputs[name].value.trim();
	}

	/** @param {string} name @param {boolean} isHidden */
	hide(name, isHidden) {
		this.inputs[name].parentElement.hidden = isHidden;
	}

	/**
	 * Says each error beside the field of its path, or the nearest one above it, and where it is echoed. What has no
	 * field is given back.
	 *
	 * @param {Misfit[]} errors
	 */
	tell(errors) {
		/** @type {Record<string, string[]>} */
		const texts = {};
		const loose = [];
		for (const { field: path, message } of errors) {
			const name = this.#nearest(path);
			if (!name) loose.push(path ? `${path}: ${message}` : message);
			for (const one of new Set([name, this.echo(path) || name])) {
				(texts[one] ??= []).push(one === path ? message : `${path}: ${message}`);
			}
		}
		this.#hint(texts);
		return loose.join("; ");
	}

	/** @param {Record<string, string[]>} texts by field */
	#hint(texts) {
		for (const [name, input] of Object.entries(this.inputs)) {
			this.#hints[name].textContent = texts[name]?.join("; ") ?? "";
			input.setAttribute("aria-invalid", name in texts);
		}
	}

	/** The field of a path or of what holds it; empty without any. @param {string} path */
	#nearest(path) {
		let name = path;
		while (name && !(name in this.inputs)) name = name.slice(0, Math.max(0, name.lastIndexOf(".")));
		return name;
	}
}
