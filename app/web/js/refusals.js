// What the service says of a file that it does not take.

import { told } from "./api.js";
import { count, h, put } from "./dom.js";

/** @import { Fault, FieldProblem } from "../../client/densely.js" */

const WHOLE = "file"; // the field of what is wrong with a row, or with all of them

/** A place for it: `tell(error)` fills it, `clear()` empties it. */
export function refusal() {
	const node = h("div", { role: "alert" });
	const clear = () => put(node);
	const tell = (/** @type {any} */ error) => put(node, h("div.error.stack.tight", h("p", told(error)), listed(error)));
	return { node, clear, tell };
}

/** The single faults, unless the sentence above says the only one. @param {any} error */
function listed({ errors = [], message }) {
	/** @type {FieldProblem[]} */
	const found = errors.filter((/** @type {FieldProblem} */ one) => one.line || !message.includes(one.message));
	return faultList(
		found.map(({ line, field, message: words }) => ({
			line: line ?? null,
			column: field === WHOLE ? null : field,
			message: words,
		})),
	);
}

/** @param {Fault[]} faults @param {number} [most] how many there are in all */
export function faultList(faults, most = faults.length) {
	if (!faults.length) return null;
	const more = most - faults.length;
	return [
		h(
			"ol.faults.num",
			{ tabindex: 0, label: "Faults" },
			faults.map((fault) => h("li", h("b", placeOf(fault)), " ", fault.message)),
		),
		more > 0 && h("p", `and ${count(more)} more`),
	];
}

/** @param {Fault} fault */
function placeOf({ line, column }) {
	const parts = [line && `line ${count(line)}`, column && `column ${column}`];
	const words = parts.filter(Boolean).join(", ");
	return words && `${words}:`;
}
