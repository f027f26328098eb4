// A run's name, tags and note, and the form that changes them.

import { densely, told } from "./api.js";
import { alertLine, button, h, on, put, say } from "./dom.js";
import { linked } from "./log.js";

/** @import { Run } from "../../client/densely.js" */
/** @typedef {{ name: string | null, note?: string, tags: Record<string, string> }} Told */

const LONGEST = { name: 200, note: 2000 }; // characters

/** What somebody wrote about it, and a button to change it. @param {Run} run @param {() => void} changed */
export function aboutRun(run, changed) {
	const node = h("div.stack.tight.about");
	const show = (isFresh = true) => {
		if (isFresh && node.querySelector("form")) return; // somebody writes
		const { note = "", tags } = /** @type {Told} */ (run.data);
		const edit = button("Edit name, tags and note", open, { class: "slight" });
		put(node, note && h("p.written", linked(note)), h("div.row", chips(tags), edit));
		if (!isFresh) edit.focus();
	};
	const open = () => {
		const form = formOf(run.data, async (wanted) => {
			if (wanted) {
				const answer = await densely.request(`runs/${run.id}`, { method: "PATCH", body: wanted });
				run.data = await answer.json();
				say("Saved");
				changed();
			}
			show(false);
		});
		put(node, form);
		form.querySelector("input")?.focus();
	};
	show();
	return { node, show };
}

/** @param {Record<string, string>} tags */
const chips = (tags) => {
	const found = Object.entries(tags);
	if (!found.length) return null;
	return h(
		"ul.chips",
		{ label: "Tags" },
		found.map(([key, value]) =>
			h("li", h("a.chip", { href: `#/runs?tag=${encodeURIComponent(`${key}:${value}`)}` }, `${key}: ${value}`)),
		),
	);
};

/** @param {Told} run @param {(wanted: Told | null) => Promise<void>} done null: nothing is changed */
function formOf({ name, note = "", tags }, done) {
	const problem = alertLine();
	const nameField = h("input", { value: name ?? "", maxlength: LONGEST.name });
	const noteField = h("textarea", { rows: 3, maxlength: LONGEST.note, value: note });
	const tagField = h("textarea", { rows: 3, value: linesOf(tags), spellcheck: "false" });
	const form = h(
		"form.stack",
		{ label: "Name, tags and note" },
		h("label", "Name", nameField),
		h("label", "Tags", tagField, h("span.hint", "One a line: key=value")),
		h("label", "Note", noteField),
		problem,
		h(
			"div.row",
			h("button.main", "Save"),
			button("Leave it", () => done(null)),
		),
	);
	on(form, "submit", async (event) => {
		event.preventDefault();
		const given = { name: nameField.value.trim() || null, note: noteField.value.trim(), tags: tagsOf(tagField.value) };
		await done(given).catch((error) => {
			problem.textContent = told(error);
		});
	});
	on(form, "keydown", (event) => event.key === "Escape" && done(null));
	return form;
}

/** @param {Record<string, string>} tags */
const linesOf = (tags) =>
	Object.entries(tags)
		.map(([key, value]) => `${key}=${value}`)
		.join("\n");

/** @param {string} text @returns {Record<string, string>} */
const tagsOf = (text) =>
	Object.fromEntries(
		text
			.split("\n")
			.filter((line) => line.trim())
			.map((line) => {
				const [key, ...rest] = line.split("=");
				return [key.trim(), rest.join("=").trim()];
			}),
	);
