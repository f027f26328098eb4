// Keys that do what clicks do; `?` lists them. Never while something is typed, and they can be switched off.

import { freshId, h, on } from "./dom.js";
import { store, stored } from "./stored.js";

const KEPT = "densely-shortcuts";
const PATIENCE = 1500; // ms between the two keys of a pair

/** @type {Record<string, [route: string, text: string]>} */
const PLACES = {
	t: ["#/try", "Try it"],
	d: ["#/data", "Data"],
	r: ["#/runs", "Runs"],
	s: ["#/sweeps", "Sweeps"],
	m: ["#/models", "Models"],
};
/** @type {[keys: string[], text: string][]} */
const LIST = [
	...Object.entries(PLACES).map(([key, [, text]]) => /** @type {[string[], string]} */ ([["g", key], text])),
	[["/"], "Search"],
	[["n"], "New run"],
	[["?"], "This list"],
	[["Esc"], "Close a dialog"],
];

let isAfterG = 0; // until when, in ms

const isOn = () => stored("localStorage", KEPT) !== "off";

/** Whether a key is somebody's who types, chooses or answers a question. @param {KeyboardEvent} event */
function isTaken({ target, ctrlKey, metaKey, altKey, isComposing, defaultPrevented }) {
	const field = /** @type {HTMLElement} */ (target);
	const isField = field.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
	return (
		ctrlKey || metaKey || altKey || isComposing || defaultPrevented || isField || document.querySelector("dialog[open]")
	);
}

/** Puts the cursor into the view's search field, or into that of the runs. */
function search() {
	const field = () => /** @type {HTMLElement | null} */ (document.querySelector("main input[type=search]"));
	const found = field();
	if (found) {
		found.focus();
		return;
	}
	location.hash = "#/runs";
	addEventListener("viewshown", () => field()?.focus(), { once: true });
}

/** @param {string} key @returns {boolean} whether it is one of ours */
function act(key) {
	if (Date.now() < isAfterG && key in PLACES) {
		[location.hash] = PLACES[key];
	} else if (key === "/") search();
	else if (key === "n") location.hash = "#/runs/new";
	else if (key === "?") showShortcuts();
	else return false;
	return true;
}

/** Listens, from now on. */
export function installShortcuts() {
	on(globalThis, "keydown", (event) => {
		if (!isOn() || isTaken(event)) return;
		if (act(event.key)) event.preventDefault();
		isAfterG = event.key === "g" ? Date.now() + PATIENCE : 0;
	});
}

/** The list, in a dialog. */
export function showShortcuts() {
	if (document.querySelector("dialog")) return;
	const id = freshId("dialog");
	const use = h("input", {
		type: "checkbox",
		checked: isOn(),
		onchange: () => store("localStorage", KEPT, use.checked ? null : "off"),
	});
	const dialog = h(
		"dialog",
		{ "aria-labelledby": id, onclose: () => dialog.remove() },
		h(
			"form",
			{ method: "dialog" },
			h("h2", { id }, "Keyboard shortcuts"),
			h("dl.facts.shortcuts", LIST.map(row)),
			h("label.check", use, "Use these keys"),
			h("div.row", h("button.main", "Close")),
		),
	);
	document.body.append(dialog);
	dialog.showModal();
}

/** @param {[string[], string]} entry */
const row = ([keys, text]) => [
	h(
		"dt",
		keys.map((key, place) => [place > 0 && " then ", h("kbd", key)]),
	),
	h("dd", text),
];
