// Which column of a file is which of a task's, where they have other names.

import { button, h, put } from "./dom.js";
import { Fields, options } from "./fields.js";
import { headerOf } from "./header.js";
import { resolve } from "./schema.js";

/** @import { TaskDetail } from "../../client/densely.js" */

/** Fields for it; `offer(file)` shows them, `mapping()` is what was chosen. @param {TaskDetail} task @param {() => void} again */
export function mappingCard(task, again) {
	const fields = new Fields();
	const columns = columnsOf(task);
	const node = h(
		"div.stack",
		{ hidden: true },
		h("h3", "Which column of the file is which of the task’s?"),
		h(
			"div.grid",
			columns.map((name) => fields.select(name, name)),
		),
		h("div.row", button("Look again", again)),
	);
	const clear = () => {
		node.hidden = true;
		for (const name of columns) put(fields.inputs[name]);
	};
	const offer = async (/** @type {File} */ file) => {
		const found = await headerOf(file).catch(() => /** @type {string[]} */ ([]));
		if (!found.length || !node.hidden) return;
		const pairs = found.map((name) => /** @type {[string, string]} */ ([name, name]));
		for (const name of columns) {
			put(fields.inputs[name], options([["", "by its name"], ...pairs]));
			if (found.includes(name)) fields.inputs[name].value = name;
		}
		node.hidden = false;
	};
	const mapping = () => {
		const chosen = columns.map((name) => [name, fields.value(name)]).filter(([, source]) => source);
		return chosen.length ? Object.fromEntries(chosen) : undefined;
	};
	return { node, clear, offer, mapping };
}

/** The columns of a task's datasets: of its inputs, and of the answer. @param {TaskDetail} task */
function columnsOf({ kind, input_schema: schema, answer }) {
	const { features, ...others } = schema.properties;
	const properties = kind === "table" ? resolve(features, schema).properties : others;
	return kind === "image" ? ["image", answer.column] : [...Object.keys(properties), answer.column];
}
