// Pale shapes where content is about to come: only of what takes long enough to be missed.

import { h, put, say } from "./dom.js";

const SOON = 150; // ms that a view may take without anything standing in its place
const HEADS = ".head, .subnav, nav, h1, .stack"; // what a view has before it knows anything
const CONTENT = ".card, form, table, canvas";
const LONG = 1000; // ms, after which a screen reader is told too

const line = (/** @type {string} */ width) => h("i", { style: { "--width": width } });
const lines = (/** @type {string[]} */ ...widths) => h("div.card", widths.map(line));

/** What views look like from afar. @type {Record<string, () => any>} */
const SHAPES = {
	try: () => h("div.split", lines("30%", "100%", "80%"), lines("50%", "90%", "70%")),
	form: () => h("div.split", lines("40%", "100%", "100%", "60%"), lines("40%", "100%", "100%", "60%")),
	one: () => [lines("100%", "35%"), h("div.split", lines("40%", "100%", "85%", "70%"), lines("50%", "80%", "80%"))],
	list: () => lines("100%", "100%", "100%", "100%", "100%", "100%"),
};

/** The shape of a route's view. @param {string} tab @param {string[]} route */
function shapeOf(tab, [part]) {
	if (tab === "try") return "try";
	if (tab === "new" || part === "new") return "form";
	return part && tab !== "data" ? "one" : "list";
}

/** @param {Element} part of a view */
const isContent = (part) =>
	!part.matches(HEADS) &&
	(part.textContent?.trim() !== "" || part.matches(CONTENT) || Boolean(part.querySelector(CONTENT)));

/**
 * Stands in for a view until it has content, or what is given back is called.
 *
 * @param {HTMLElement} place of the view, which is in the document
 * @param {string} tab
 * @param {string[]} route
 */
export function standIn(place, tab, route) {
	const node = h("div.skeleton", { "aria-hidden": "true" });
	const isThere = () => [...place.querySelectorAll(":scope > *, :scope > .stack > *")].some(isContent);
	const draw = () => {
		if (isThere()) return;
		put(node, h("div.stack", h("div.head", line("14rem")), SHAPES[shapeOf(tab, route)]()));
		place.after(node); // below a heading, if that is all that there is
	};
	const timers = [setTimeout(draw, SOON), setTimeout(() => isThere() || say("Loading"), LONG)];
	const watcher = new MutationObserver(() => isThere() && done());
	watcher.observe(place, { childList: true, subtree: true });
	const done = () => {
		timers.forEach(clearTimeout);
		watcher.disconnect();
		node.remove();
	};
	return done;
}

/** A pale box, which takes the room of a picture. */
export const paleBox = () => h("div.skeleton", { "aria-hidden": "true" }, h("i.box"));
