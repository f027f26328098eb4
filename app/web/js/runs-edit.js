// Name, tags and note of a run, edited in its row.

import { densely, told } from "./api.js";
import { Chips } from "./chips.js";
import { alertLine, button, h, say } from "./dom.js";
import { nameOf } from "./runs-row.js";

/** @import { RunRow } from "../../client/densely.js" */

const LONGEST_NOTE = 2000; // characters
const LONGEST_NAME = 200;

/** What differs; what is left as it was is not sent: somebody else may have changed it meanwhile. @param {Record<string, any>} before @param {Record<string, any>} now */
const changesOf = (before, now) =>
	Object.fromEntries(
		Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
	);

/** What the run then has. @param {string} id @param {Record<string, any>} changes @param {AbortSignal} signal */
async function sent(id, changes, signal) {
	const { data } = await densely.updateRun(id, changes, { signal });
	say("Saved");
	return { name: data.name, tags: data.tags, note: data.note };
}

/**
 * A form; `done` gets what was changed, or nothing.
 *
 * @param {Pick<RunRow, "id" | "name" | "preset" | "tags" | "note">} run
 * @param {(changed?: Partial<RunRow>) => void} done
 * @param {AbortSignal} signal
 */
export function editor(run, done, signal) {
	const tags = new Chips(() => {}, false);
	tags.write(run.tags);
	const name = h("input", { value: run.name ?? "", maxlength: LONGEST_NAME, placeholder: run.preset });
	const note = h("textarea", { rows: 2, maxlength: LONGEST_NOTE, value: run.note });
	const problem = alertLine();
	const written = () => ({ name: name.value.trim() || null, tags: tags.all(), note: note.value.trim() });
	const before = written();
	const save = async (/** @type {Event} */ event) => {
		event.preventDefault();
		const changes = changesOf(before, written());
		try {
			done(Object.keys(changes).length ? await sent(run.id, changes, signal) : undefined);
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
