// What stands where an address leads nowhere, or a view cannot be shown.

import { canRepeat, told } from "./api.js";
import { alertLine, h, title } from "./dom.js";

/** @type {Record<string, [noun: string, list: string, route: string]>} */
const NOUNS = {
	try: ["task", "Try another task", "#/try"],
	data: ["task or dataset", "All datasets", "#/data"],
	runs: ["run", "All runs", "#/runs"],
	compare: ["run", "All runs", "#/runs"],
	sweeps: ["sweep", "All sweeps", "#/sweeps"],
	models: ["model", "All models", "#/models"],
};
/** @type {[text: string, route: string][]} */
const PLACES = [
	["Try it", "#/try"],
	["Data", "#/data"],
	["Runs", "#/runs"],
	["Sweeps", "#/sweeps"],
	["Models", "#/models"],
];
/** Of which view the ids begin so. @type {Record<string, string>} */
const PREFIXES = { "r-": "runs", "m-": "models", "s-": "sweeps" };

const link = (/** @type {[string, string]} */ [text, route]) => h("li", h("a.button", { href: route }, text));

/** An address that no view has. @param {string} hash */
export function strange(hash) {
	const id = hash.split(/[/?]/).find((part) => part.slice(0, 2) in PREFIXES);
	const meant = id && `#/${PREFIXES[id.slice(0, 2)]}/${id}`;
	return h(
		"div.stack.strange",
		title("There is no such page"),
		h("p.lead", "Nothing is at ", h("code", hash.slice(0, 100)), ". It may be mistyped, or of another version."),
		meant && h("p", "Perhaps you mean ", h("a", { href: meant }, h("code", meant)), "?"),
		h("ul.row", { label: "Where to go on" }, PLACES.map(link)),
	);
}

/** A view that could not be shown. @param {any} error @param {string} tab */
export function failed(error, tab) {
	const [noun, all, route] = NOUNS[tab] ?? ["page", "Try it", "#/try"];
	const isGone = error.status === 404;
	const again = h(
		"button",
		{ type: "button", onclick: () => dispatchEvent(new HashChangeEvent("hashchange")) },
		"Try again",
	);
	return h(
		"div.stack.strange",
		title(isGone ? `There is no such ${noun}` : "That did not work"),
		alertLine(told(error, Boolean(error.isPassing))),
		isGone && h("p.soft", "It may have been deleted, or the address may be mistyped."),
		h("ul.row", { label: "Where to go on" }, canRepeat(error) && h("li", again), link([all, route])),
	);
}
