// A part of the recipe, or the validation: which kind, and a field for each of its settings.

import { h, on, put } from "./dom.js";
import { options } from "./fields.js";
import { folded, kindsOf, settingsOf, wayBack, wordsOf } from "./part-fields.js";

/** @import { Bound, Place } from "./part-fields.js" */

/**
 * How a part is shown: `none` is what to say where there is none, `kinds` are those that suit, `start` is what a new one
 * of a kind begins with, `first` are the settings that are always in view.
 *
 * @typedef {object} PartWords
 * @property {string} [title]
 * @property {string} [none]
 * @property {() => string[]} [kinds]
 * @property {Record<string, string>} [words]
 * @property {Record<string, any>} [start]
 * @property {string[]} [first]
 */

export class PartField {
	#input = h("select");
	#settings = h("div.grid.wide");
	/** @type {Bound[]} */
	#bounds = [];
	#shown = "";

	/** @param {Place} place @param {string} path @param {any} schema @param {PartWords} [how] */
	constructor(place, path, schema, how = {}) {
		this.place = place;
		this.path = path;
		this.how = how;
		this.forms = kindsOf(schema, place.root);
		this.isPlain = !("kind" in Object.values(this.forms)[0].properties); // is there, or is not
		const name = this.isPlain ? path : `${path}.kind`;
		const head = place.fields.field(name, how.title ?? wordsOf(path), this.#input);
		this.back = wayBack(head, this.#input, () => this.#set(undefined));
		this.node = h("div.part", head, this.#settings);
		on(this.#input, "input", () => this.#pick(this.#input.value));
	}

	/** @param {any} part */
	#kindOf(part) {
		if (!part) return "";
		return this.isPlain ? "on" : part.kind;
	}

	get #usual() {
		return this.place.draft.usual(this.path);
	}

	/** @param {any} part */
	#set(part) {
		this.place.draft.set(this.path, part);
		this.place.changed();
	}

	/** @param {string} kind */
	#pick(kind) {
		if (kind === this.#kindOf(this.#usual)) this.#set(undefined);
		else this.#set(kind ? { ...(!this.isPlain && { kind }), ...this.how.start?.[kind] } : null);
	}

	/** Those that suit, and the one that is there. @param {string} kind @returns {[string, string][]} */
	#choices(kind) {
		const { kinds, words = {}, none } = this.how;
		const suiting = kinds?.() ?? Object.keys(this.forms);
		const offered = !kind || suiting.includes(kind) ? suiting : [kind, ...suiting];
		const pairs = offered.map((one) => /** @type {[string, string]} */ ([one, words[one] ?? one.replaceAll("_", " ")]));
		return none ? [["", none], ...pairs] : pairs;
	}

	/** @param {string} kind */
	#build(kind) {
		this.#shown = kind;
		for (const one of this.#bounds) this.place.fields.forget(one.path);
		const preset = () => (this.#kindOf(this.#usual) === kind ? this.#usual : {});
		this.#bounds = settingsOf(this.place, this.path, this.forms[kind], preset);
		put(this.#settings, folded(this.#bounds, this.how.first));
		this.node.classList.toggle("open", this.#bounds.length > 0);
	}

	sync() {
		const kind = this.#kindOf(this.place.draft.value(this.path));
		const choices = this.#choices(kind);
		put(this.#input, options(choices));
		this.#input.value = kind;
		const usual = this.#kindOf(this.#usual);
		this.back(usual === kind ? null : (choices.find(([one]) => one === usual)?.[1] ?? usual));
		if (this.#shown !== kind) this.#build(kind);
		for (const one of this.#bounds) one.sync();
	}
}
