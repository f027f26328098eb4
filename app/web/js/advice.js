// What would be needed to do better, each with the figures behind it and one click to a changed recipe.

import { densely } from "./api.js";
import { figure, h, percent } from "./dom.js";

/**
 * @typedef {object} Advice
 * @property {string} kind
 * @property {string} title
 * @property {string} message
 * @property {Record<string, number>} figures
 * @property {number | null} since_epoch
 * @property {object | null} change fields of the recipe
 * @property {string | null} change_text
 */

/** A card; null where nothing is advised, or nothing is known yet. @param {string} run @param {AbortSignal} signal */
export async function adviceOf(run, signal) {
	const found = await densely.get(`runs/${encodeURIComponent(run)}/advice`, {}, { signal }).catch(() => null);
	if (!found?.items.length) return null;
	return h(
		"section.card",
		h("h2", "What would do better"),
		h(
			"ol.advice",
			found.items.map((/** @type {Advice} */ one) => itemOf(one, run)),
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
		),
		change && h("a.button", { href: `#/runs/new?from=${run}&change=${kind}` }, text ?? "Change the recipe"),
	);
}

/** @param {[name: string, value: number]} figure */
const pairOf = ([name, value]) => h("span.pair", h("span.soft", `${name.replaceAll("_", " ")} `), valueOf(name, value));

/** @param {string} name @param {number} value */
const valueOf = (name, value) => (/share|fraction|gain_per/.test(name) ? percent(value) : figure(name, value));
