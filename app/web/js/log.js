// What happened to a run, line by line, with links to what it names.

import { clock, h, signed } from "./dom.js";

/** @import { RunData, RunEvent } from "../../client/densely.js" */

const IDS = /\b([mrs]-[0-9a-f]{12})\b/;
/** @type {Record<string, string>} */
const ROOMS = { m: "models", r: "runs", s: "sweeps" };

/** A text in which ids lead to what they name. @param {string} text @returns {import("./dom.js").Child[]} */
export const linked = (text) =>
	text.split(IDS).map((part) => (IDS.test(part) ? h("a", { href: `#/${ROOMS[part[0]]}/${part}` }, part) : part));

/** A list that grows by events. @param {RunData} run */
export function logOf(run) {
	const node = h("ol.log", { tabindex: 0, label: "Log" });
	const begin = Date.parse(run.created_at);
	const add = (/** @type {RunEvent} */ event) => {
		const text = textOf(event, run);
		if (!text) return;
		const isAtEnd = node.scrollTop + node.clientHeight > node.scrollHeight - 30; // who reads further up stays there
		const after = signed((Date.parse(event.at) - begin) / 1000, 1);
		const time = h("span", clock(event.at), h("span.soft.num", ` ${after} s`));
		node.append(h("li", { class: event.type === "status" ? "turn" : null }, time, h("span", linked(text))));
		if (isAtEnd) node.scrollTop = node.scrollHeight;
	};
	return { node, add };
}

/** @param {RunEvent} event @param {RunData} run */
function textOf({ type, data }, run) {
	if (type === "log") return data.message;
	if (type !== "status") return "";
	const { status, message = "", error, change } = data;
	if (status === "queued" && !change) return `queued${cameFrom(run)}: ${message}`;
	const worded = error?.type ?? message; // the reason stands above
	return worded ? `${status}: ${worded}` : (status ?? "");
}

/** @param {RunData} run */
function cameFrom({ retry_of: retryOf, sweep, trial }) {
	if (retryOf) return ` as a retry of ${retryOf}`;
	if (sweep) return trial ? ` as trial ${trial.number} of ${sweep}` : ` for the winner of ${sweep}`;
	return "";
}
