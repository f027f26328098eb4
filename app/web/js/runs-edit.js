// Name, tags and note of a run, edited in its row.

import { densely, told } from "./api.js";
import { Chips } from "./chips.js";
import { alertLine, button, h, say } from "./dom.js";
import { nameOf } from "./runs-row.js";

/** @import { RunRow } from "../../client/densely.js" */

const LONGEST_NOTE = 2000; // characters
const LONGEST_NAME = 200;

/** @param {unknown} one @param {unknown} other */
const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * A form; `done` gets what was changed, or nothing.
 *
 * @param {Pick<RunRow, "id" | "name" | "preset" | "tags" | "note">} run
 * @param {(changed?: Partial<RunRow>) => void} done
 * @param {AbortSignal} signal
 */
export function editor(run, done, signal) {
	const tags = new Chips(() => {});
	tags.write(run.tags);
	const name = h("input", { value: run.name ?? "", maxlength: LONGEST_NAME, placeholder: run.preset });
	const note = h("textarea", { rows: 2, maxlength: LONGEST_NOTE, value: run.note });
	const problem = alertLine();
	const written = () => ({ name: name.value.trim() || null, tags: tags.all(), note: note.value.trim() });
	const before = new Map(Object.entries(written()));
	const save = async (/** @type {Event} */ event) => {
		event.preventDefault();
		// What is left as it was is not sent: somebody else may have changed it meanwhile.
		const differs = Object.entries(written()).filter(([key, value]) => !isSame(value, before.get(key)));
		if (!differs.length) {
			done();
			return;
		}
		try {
			const changes = Object.fromEntries(differs);
			const { data } = await densely.updateRun(run.id, changes, { signal });
			say("Saved");
			done({ name: data.name, tags: data.tags, note: data.note });
		} catch (error) {
			if (!signal.aborted) problem.textContent = told(error);
		}
	};
	const keys = (/** @type {KeyboardEvent} */ event) => {
		if (event.key === "Escape") done();
		else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(event);
	};
	return h(
		"form.editor",
		{ label: `Name, tags and note of ${nameOf(run)}`, onsubmit: save, onkeydown: keys },
		h("label", "Name", name),
		h("div.stack.tight", h("label", "Tags", tags.input), tags.list),
		h("label", "Note", note),
		problem,
		h(
			"div.row",
			h("button.main", { type: "submit" }, "Save"),
			button("Cancel", () => done()),
		),
	);
}
