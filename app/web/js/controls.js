// The fields of a table's columns: a number, one of some names, true or false, a day. Each may be left out if it is optional.

import { h, on, put } from "./dom.js";
import { options } from "./fields.js";

/** @import { Range } from "../../client/densely.js" */

/**
 * A column as a form needs it.
 *
 * @typedef {object} Column
 * @property {string} name
 * @property {string} words
 * @property {"number" | "category" | "flag" | "date"} type
 * @property {Range | undefined} range of numbers
 * @property {string[]} values of categories
 * @property {boolean} isNeeded
 */

/**
 * A field: `write` shows a value, `read` gives it; undefined is none, NaN what is no value.
 *
 * @typedef {object} Control
 * @property {any[]} nodes
 * @property {() => any} read
 * @property {(value: any) => void} write
 * @property {(isWrong: boolean) => void} mark
 */

const MOST_CHOICES = 60; // of a list to choose from; more are suggested while typing
const [NONE, ANOTHER] = ["", "\0"]; // choices that are no values

/** @param {Column} column @param {() => void} changed @returns {Control} */
export function controlOf(column, changed) {
	if (column.type === "number") return numberControl(column, changed);
	if (column.type === "flag") return flagControl(column, changed);
	if (column.type === "date") return dateControl(column, changed);
	const isShort = column.values.length > 0 && column.values.length <= MOST_CHOICES;
	return isShort ? choiceControl(column, changed) : nameControl(column, changed);
}

/** @param {Column} column */
const labelOf = ({ name, words }) => (words ? `${name}: ${words}` : name);

/** @param {Column} column */
const emptyText = ({ isNeeded }) => (isNeeded ? "" : "none");

/** @param {HTMLElement} field */
const marker = (field) => (/** @type {boolean} */ isWrong) => {
	if (isWrong) field.setAttribute("aria-invalid", "true");
	else field.removeAttribute("aria-invalid");
};

/** A slider too, where it is known in which range the values lie. @param {Column} column @param {() => void} changed @returns {Control} */
function numberControl(column, changed) {
	const { name, range } = column;
	const field = h("input", { type: "number", step: "any", label: labelOf(column), placeholder: emptyText(column) });
	const slider = range
		? h("input", { type: "range", min: range.least, max: range.greatest, step: range.step, label: `${name}, slider` })
		: h("span");
	on(slider, "input", () => {
		field.value = slider.value;
		changed();
	});
	on(field, "input", () => {
		slider.value = field.value;
		changed();
	});
	return {
		nodes: [slider, field],
		read: () => (field.value === "" && !field.validity.badInput ? undefined : field.valueAsNumber),
		write(value) {
			field.value = value ?? "";
			slider.value = field.value;
		},
		mark: marker(field),
	};
}

/** @param {Column} column @param {() => void} changed @returns {Control} */
function flagControl(column, changed) {
	/** @type {[string, string][]} */
	const choices = [
		["true", "true"],
		["false", "false"],
	];
	const select = h("select.whole", { label: labelOf(column) }, options(withNone(column, choices)));
	on(select, "change", changed);
	return {
		nodes: [select],
		read: () => (select.value === NONE ? undefined : select.value === "true"),
		write(value) {
			select.value = value === null || value === undefined ? NONE : String(value);
		},
		mark: marker(select),
	};
}

/** @param {Column} column @param {[string, string][]} choices @returns {[string, string][]} */
const withNone = ({ isNeeded }, choices) => (isNeeded ? choices : [[NONE, "not known"], ...choices]);

/** @param {Column} column @param {() => void} changed @returns {Control} */
function dateControl(column, changed) {
	const field = h("input.whole", { type: "date", label: labelOf(column) });
	on(field, "input", changed);
	return {
		nodes: [field],
		read: () => field.value || undefined,
		write(value) {
			field.value = value ?? "";
		},
		mark: marker(field),
	};
}

/** Names to choose from, or another one. @param {Column} column @param {() => void} changed @returns {Control} */
function choiceControl(column, changed) {
	const known = column.values.map((value) => /** @type {[string, string]} */ ([value, value]));
	const choices = options([...withNone(column, known), [ANOTHER, "another …"]]);
	const select = h("select", { label: labelOf(column) }, choices);
	const other = h("input", { label: `${labelOf(column)}, another`, hidden: true, maxlength: 1000 });
	on(select, "change", () => {
		other.hidden = select.value !== ANOTHER;
		if (!other.hidden) other.focus();
		changed();
	});
	on(other, "input", changed);
	return {
		nodes: [h("span.whole.choice", select, other)],
		read: () => (select.value === ANOTHER ? other.value : select.value) || undefined,
		write(value) {
			const isKnown = value === null || value === undefined || column.values.includes(value);
			select.value = isKnown ? (value ?? NONE) : ANOTHER;
			other.hidden = isKnown;
			other.value = isKnown ? "" : value;
		},
		mark: marker(select),
	};
}

/** A name, with suggestions. @param {Column} column @param {() => void} changed @returns {Control} */
function nameControl(column, changed) {
	const id = `known-${column.name}`;
	const field = h("input", {
		label: labelOf(column),
		list: column.values.length ? id : null,
		placeholder: emptyText(column),
		maxlength: 1000,
		autocomplete: "off",
	});
	on(field, "input", changed);
	const list = h("datalist", { id });
	put(list, options(column.values.map((value) => /** @type {[string, string]} */ ([value, ""]))));
	return {
		nodes: [h("span.whole", field, list)],
		read: () => field.value || undefined,
		write(value) {
			field.value = value ?? "";
		},
		mark: marker(field),
	};
}
