// Fields made of the service's JSON schema: a control for each sort of value, which follows the draft.

import { button, h, on } from "./dom.js";
import { options } from "./fields.js";
import { resolve } from "./schema.js";
import { same } from "./draft.js";

/** @import { Fields } from "./fields.js" */
/** @import { Draft } from "./draft.js" */
/** @typedef {{ draft: Draft, fields: Fields, root: any, changed: () => void }} Place what fields stand in */
/** @typedef {{ node: any, sync: () => void, path: string }} Bound a field that follows the draft */
/** @typedef {{ read: () => any, write: (value: any) => void, input: any }} Control */

/** @type {Record<string, string>} */
const WORDS = {
	l1: "L1 penalty",
	l2: "L2 penalty",
	"validation.size": "Rows held out",
	"validation.rows": "Which rows",
	"recipe.members": "Networks averaged",
	"recipe.targets": "Targets",
	rho: "Rho",
	max_n: "Longest n-gram",
	max_features: "N-grams at most",
	exclude: "Without the columns",
};

/** `learning_rate` is `Learning rate`. @param {string} path */
export function wordsOf(path) {
	const name = path.split(".").at(-1) ?? "";
	const words = WORDS[path] ?? WORDS[name] ?? name.replaceAll("_", " ");
	return words[0].toUpperCase() + words.slice(1);
}

/** The schema without null, its references followed. @param {any} schema @param {any} root @returns {any} */
export function formOf(schema, root) {
	const form = resolve(schema, root);
	const others = form.anyOf?.filter((/** @type {any} */ one) => one.type !== "null");
	if (others?.length !== 1) return form;
	const { anyOf: _, ...rest } = form;
	return { ...formOf(others[0], root), ...rest };
}

/** The kinds of a part, with the form of each. @param {any} schema @param {any} root @returns {Record<string, any>} */
export function kindsOf(schema, root) {
	const form = formOf(schema, root);
	if (!form.discriminator) return { [form.properties.kind?.const ?? "on"]: form };
	const forms = form.oneOf.map((/** @type {any} */ one) => resolve(one, root));
	return Object.fromEntries(forms.map((/** @type {any} */ one) => [one.properties.kind.const, one]));
}

/** @param {any} form @returns {Control} */
function controlOf(form) {
	if (form.enum) return selectOf(form.enum.map((/** @type {string} */ one) => [one, one.replaceAll("_", " ")]));
	if (form.type === "boolean") return flagOf();
	if (form.type === "array") return listOf();
	return form.type === "string" ? textOf() : numberOf(form);
}

/** @param {any} form @returns {Control} */
function numberOf(form) {
	const input = h("input", { type: "number", step: "any", inputmode: form.type === "integer" ? "numeric" : "decimal" });
	const read = () => (input.value === "" && !input.validity.badInput ? undefined : input.valueAsNumber);
	const write = (/** @type {any} */ value) => {
		input.value = typeof value === "number" ? value : "";
	};
	return { input, read, write };
}

/** @param {any} input @returns {Control} */
const plain = (input) => ({
	input,
	read: () => input.value || undefined,
	write(value) {
		input.value = value ?? "";
	},
});

const textOf = () => plain(h("input", { autocomplete: "off" }));

/** @param {[string, string][]} pairs @returns {Control} */
const selectOf = (pairs) => plain(h("select", options(pairs)));

/** @returns {Control} */
function flagOf() {
	const control = selectOf([
		["true", "yes"],
		["false", "no"],
	]);
	const { input } = control;
	return { input, write: (value) => control.write(String(value)), read: () => input.value === "true" };
}

/** Names, with commas between. @returns {Control} */
function listOf() {
	const input = h("input", { placeholder: "none", spellcheck: "false", autocomplete: "off" });
	return {
		input,
		read: () => input.value.split(/[\s,]+/).filter(Boolean),
		write(value) {
			input.value = (value ?? []).join(", ");
		},
	};
}

/**
 * A field of the draft. What is not as in the preset says what it was, and leads back.
 *
 * @param {Place} place
 * @param {string} path
 * @param {any} form its schema
 * @param {{ title?: string, control?: Control, usual?: () => any, placeholder?: string }} [how] `usual`: what the preset
 *   has there, undefined where it has no such field
 * @returns {Bound}
 */
export function bound(place, path, form, how = {}) {
	const { draft, fields, changed } = place;
	const { title = wordsOf(path), control = controlOf(form), usual = () => draft.usual(path) } = how;
	const { input } = control;
	if (how.placeholder) input.placeholder = how.placeholder;
	const set = (/** @type {any} */ value) => {
		draft.set(path, value === undefined ? usual() : value);
		changed();
	};
	const node = fields.field(path, title, input);
	const back = wayBack(node, input, () => set(undefined));
	if (form.description) node.title = form.description.replaceAll("\u0060", "");
	const sync = () => {
		const [value, preset] = [draft.value(path) ?? form.default, usual()];
		if (document.activeElement !== input || input.matches("select")) control.write(value);
		back(preset === undefined || preset === null || preset === "" || same(value, preset) ? null : wordOf(preset));
	};
	on(input, "input", () => set(control.read()));
	on(input, "blur", sync);
	return { node, sync, path };
}

/**
 * A button beside a field's name, which leads back to what the preset has; told null, it is not there.
 *
 * @param {any} node of the field
 * @param {any} input
 * @param {() => void} action
 */
export function wayBack(node, input, action) {
	const back = button("", action, { class: "was", title: "Back to what the preset has", hidden: true });
	node.insertBefore(h("span.row.ends", node.firstChild, back), input);
	return (/** @type {string | null} */ was) => {
		back.hidden = was === null;
		back.textContent = `was ${was}`;
	};
}

/** @param {any} value */
const wordOf = (value) => (typeof value === "boolean" ? (value ? "yes" : "no") : String(value).replaceAll("_", " "));

/**
 * Fields for the settings of a part.
 *
 * @param {Place} place
 * @param {string} path
 * @param {any} form of its kind; undefined without any
 * @param {() => any} preset the part as the preset has it, if that is of the same kind
 */
export function settingsOf(place, path, form, preset) {
	const { kind: _, ...properties } = form?.properties ?? {};
	return Object.entries(properties).map(([name, one]) =>
		bound(place, `${path}.${name}`, formOf(one, place.root), { usual: () => preset()?.[name] }),
	);
}

/** The fields; those that are not among the `first` ones folded away. @param {Bound[]} bounds @param {string[]} [first] */
export function folded(bounds, first) {
	const isFirst = (/** @type {Bound} */ { path }) => !first || first.includes(path.split(".").at(-1) ?? "");
	const others = bounds.filter((one) => !isFirst(one));
	return [
		bounds.filter(isFirst).map((one) => one.node),
		others.length > 0 &&
			h(
				"details.wide",
				h("summary", "More"),
				h(
					"div.grid",
					others.map((one) => one.node),
				),
			),
	];
}
