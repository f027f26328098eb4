// What would be needed to do better, each with the figures behind it and one click to a changed recipe.

import { figure, h, percent } from "./dom.js";

/** @import { Advice, Run } from "../../client/densely.js" */

/** A card; null where nothing is advised, or nothing is known yet. @param {Run} run @param {AbortSignal} signal */
export async function adviceOf(run, signal) {
	const found = await run.advice({ signal }).catch(() => []);
	if (!found.length) return null;
	return h(
		"section.card",
		h("h2", "What would do better"),
		h(
			"ol.advice",
			found.map((one) => itemOf(one, run.id)),
		),
	);
}

/** @param {Advice} advice @param {string} run */
function itemOf({ kind, title, message, figures, change, change_text: text }, run) {
	const known = Object.entries(figures);
	return h(
		"li",
		h(
			"div.stack.tight",
			h("h3", title),
			h("p", message),
			known.length > 0 && h("p.small.num.figures", known.map(pairOf)),
			change && text && h("p.small", "Change: ", text),
		),
		change && h("a.button", { href: `#/runs/new?from=${run}&change=${kind}` }, "Change the recipe"),
	);
}

/** @param {[name: string, value: number]} figure */
const pairOf = ([name, value]) => h("span.pair", h("span.soft", `${name.replaceAll("_", " ")} `), valueOf(name, value));

/** @param {string} name @param {number} value */
const valueOf = (name, value) => (/share|fraction|gain_per/.test(name) ? percent(value) : figure(name, value));
