// What somebody wrote about a run: its tags and its note, and the form that changes them and its name.

import { button, h, put } from "./dom.js";
import { linked } from "./log.js";
import { editor } from "./runs-edit.js";
import { tagText } from "./runs-row.js";

/** @import { Run } from "../../client/densely.js" */

/** @param {Run} run @param {() => void} changed @param {AbortSignal} signal */
export function aboutRun(run, changed, signal) {
	const node = h("div.stack.tight.about");
	const edit = button("Edit name, tags and note", open, { class: "slight" });
	const show = () => {
		if (node.querySelector("form")) return; // somebody writes
		const { note, tags, archived_at: isArchived } = run.data;
		const archived = isArchived && h("span.badge", "archived");
		put(node, note && h("p.written", linked(note)), h("div.row", archived, chips(tags), edit));
	};
	function open() {
		const form = editor(run.data, done, signal);
		put(node, form);
		form.querySelector("input")?.focus();
	}
	const done = (/** @type {object | undefined} */ changes) => {
		put(node);
		if (changes) run.data = { ...run.data, ...changes };
		changed();
		show();
		edit.focus();
	};
	show();
	return { node, show };
}

/** @param {Record<string, string>} tags */
function chips(tags) {
	const found = Object.entries(tags);
	if (!found.length) return null;
	const chip = (/** @type {[string, string]} */ [key, value]) =>
		h("a.button.chip", { href: `#/runs?tag=${encodeURIComponent(`${key}:${value}`)}` }, tagText([key, value]));
	return h(
		"ul.chips",
		{ label: "Tags" },
		found.map((tag) => h("li", chip(tag))),
	);
}
