// What a sweep varies, a row for each field. The JSON beside it says the same; either follows the other.

import { button, freshId, h, on, put } from "./dom.js";
import { options } from "./fields.js";

/** @import { Axis } from "../../client/densely.js" */
/** @typedef {Record<string, Axis>} Space */

/** @type {[string, string][]} */
const KINDS = [
	["choice", "one of"],
	["range", "between"],
	["log_range", "log between"],
];
/** What a new row of each kind begins with. @type {Record<string, Axis>} */
const STARTS = {
	choice: { kind: "choice", values: [16, 32, 64] },
	range: { kind: "range", low: 0.1, high: 0.5 },
	log_range: { kind: "log_range", low: 0.0001, high: 0.1 },
};

export class SpaceRows {
	#rows = h("ul.space");
	#known = h("datalist", { id: freshId("paths") });

	/** @param {(space: Space) => void} changed */
	constructor(changed) {
		this.changed = changed;
		this.node = h(
			"div.stack",
			this.#rows,
			this.#known,
			h(
				"div.row",
				button("Add a field", () => this.#add()),
			),
		);
	}

	/** @param {string[]} paths of fields that the recipe has */
	suggest(paths) {
		put(this.#known, options(paths.map((path) => /** @type {[string, string]} */ ([path, path]))));
	}

	/** @param {Space} space */
	show(space) {
		put(
			this.#rows,
			Object.entries(space).map(([path, axis]) => this.#row(path, axis)),
		);
	}

	#add() {
		const row = this.#row("", STARTS.choice);
		this.#rows.append(row);
		row.querySelector("input").focus();
	}

	#tell() {
		const rows = [...this.#rows.children].map((/** @type {any} */ row) => row.axis());
		const paths = rows.map(([path]) => path);
		[...this.#rows.children].forEach((row, place) => {
			const isTwice = paths.indexOf(paths[place]) !== place; // the last one counts
			row.querySelector("input")?.setAttribute("aria-invalid", String(isTwice));
		});
		this.changed(Object.fromEntries(rows.filter(([path]) => path)));
	}

	/** @param {string} path @param {Axis} start */
	#row(path, start) {
		let axis = start;
		const field = h("input.mono", { value: path, list: this.#known.id, label: "Field", placeholder: "layers.0.units" });
		const kind = h("select", { label: "How it varies" }, options(KINDS));
		kind.value = axis.kind;
		const values = h("span.row.values");
		const node = h(
			"li",
			field,
			kind,
			values,
			button("✕", () => this.#remove(node), { label: `Remove ${path || "it"}` }),
		);
		const draw = () => put(values, inputsOf(axis));
		on(kind, "change", () => {
			axis = { ...STARTS[kind.value], ...(axis.when && { when: axis.when }) };
			draw();
		});
		draw();
		node.axis = () => [field.value.trim(), read(values, axis)];
		on(node, "input change", () => this.#tell());
		return node;
	}

	/** @param {HTMLElement} row */
	#remove(row) {
		row.remove();
		this.#tell();
		/** @type {HTMLElement} */ (this.node.querySelector(":scope > .row button")).focus();
	}
}

/** @param {Axis} axis */
function inputsOf(axis) {
	if (axis.kind === "choice") {
		return h("input.mono", { value: textOf(axis.values), label: "Values", "data-part": "values" });
	}
	const number = (/** @type {"low" | "high"} */ part, /** @type {string} */ label) =>
		h("input", { type: "number", step: "any", value: axis[part], label, "data-part": part });
	return [number("low", "From"), h("span", "to"), number("high", "To")];
}

/** The axis with what its inputs have; what a row does not show stays. @param {HTMLElement} values @param {Axis} axis */
function read(values, axis) {
	const parts = [...values.querySelectorAll("input")].map((input) => {
		const text = input.value.trim();
		return [
			input.dataset.part,
			axis.kind === "choice" ? valuesOf(text, axis.values) : text === "" ? null : Number(text),
		];
	});
	return { ...axis, ...Object.fromEntries(parts) };
}

/** @param {any[] | Record<string, any>} values */
const textOf = (values) =>
	Array.isArray(values) ? values.map((one) => JSON.stringify(one)).join(", ") : JSON.stringify(values);

/** `16, 32`, `adam, sgd`, or JSON. @param {string} text @param {any[] | Record<string, any>} before */
function valuesOf(text, before) {
	const whole = json(Array.isArray(before) ? `[${text}]` : text);
	if (whole !== undefined) return whole;
	const parts = text.split(",").map((part) => part.trim());
	return parts.filter(Boolean).map((part) => json(part) ?? part);
}

/** @param {string} text @returns {any} undefined where it is none */
function json(text) {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** The dotted paths of what a recipe has, down to its plain values. @param {any} part @param {string} [at] @returns {string[]} */
export function pathsOf(part, at = "") {
	if (part === null || typeof part !== "object") return at ? [at] : [];
	return Object.entries(part)
		.filter(([name]) => name !== "kind")
		.flatMap(([name, value]) => pathsOf(value, at ? `${at}.${name}` : name));
}
