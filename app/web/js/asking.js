// Asks what a file is where it could not be guessed.

import { button, freshId, h, put } from "./dom.js";
import { Fields, options } from "./fields.js";
import { headerOf } from "./header.js";

/** @import { NewTask } from "../../client/densely.js" */

/** @type {[string, string][]} */
export const ANSWERS = [
	["one_of", "one of several labels"],
	["several_of", "several labels at once"],
	["number", "a number"],
	["rating", "a rating within bounds"],
];
/** @type {[string, string][]} */
const KINDS = [
	["", "as it looks"],
	["text", "texts"],
	["table", "a table"],
	["image", "pictures"],
];

/** A card; `offer(file)` shows it. @param {(spec: Pick<NewTask, "kind" | "answer">) => void} ask */
export function askingCard(ask) {
	const fields = new Fields();
	const list = h("datalist", { id: freshId("columns") });
	const column = h("input", { list: list.id, autocomplete: "off", spellcheck: "false" });
	const again = () => {
		const [kind, name] = [fields.value("kind"), fields.value("column")];
		fields.tell(name ? [] : [{ field: "column", message: "is needed" }]);
		if (!name) {
			column.focus();
			return;
		}
		const answer = { kind: fields.value("answer"), column: name };
		ask(/** @type {any} */ ({ ...(kind && { kind: { kind } }), answer }));
	};
	const node = h(
		"section.card",
		{ hidden: true },
		h("h2", "Say what it is"),
		h(
			"div.grid",
			fields.field("column", "Column of the answer", column),
			fields.select("answer", "The answer is", ANSWERS),
			fields.select("kind", "The input is", KINDS),
		),
		list,
		h("div.row", button("Look again", again)),
	);
	const offer = async (/** @type {File} */ file) => {
		node.hidden = false;
		const names = await headerOf(file).catch(() => []);
		put(list, options(names.map((name) => /** @type {[string, string]} */ ([name, name]))));
	};
	return { node, offer };
}
