// A text box whose words are marked by their effect, in a copy of the text under the box.

import { h, on, put } from "./dom.js";

/** @typedef {{ start: number, end: number, effect: number }} Span in code points */

/** The strongest effect, but at least so much. @param {Span[]} spans @param {number} least */
export const strongest = (spans, least) => Math.max(least, ...spans.map(({ effect }) => Math.abs(effect)));

/** The box. `mark(text, spans)` marks words: spans of {start, end, effect}, counted in code points, in order. @param {Record<string, any>} attributes */
export function markedText(attributes) {
	const under = h("div.under", { "aria-hidden": "true" });
	const area = h("textarea", { spellcheck: "false", ...attributes });
	let shown = {
		letters: /** @type {string[]} */ ([]),
		spans: /** @type {Span[]} */ ([]),
	};
	const adapt = () => {
		shown = moved(shown, Array.from(area.value));
		// A last line break needs something behind it to take up its line.
		put(under, marked(shown.letters, shown.spans, strongest(shown.spans, 0.02), 1 / 50, "mark"), "\u200b");
		under.style.minHeight = `${(attributes.rows ?? 1) * 1.65 + 1.4}em`;
		under.scrollTop = area.scrollTop;
	};
	on(area, "input", adapt);
	on(area, "scroll", () => {
		under.scrollTop = area.scrollTop;
	});
	const mark = (/** @type {string} */ text, /** @type {Span[]} */ spans) => {
		shown = { letters: Array.from(text), spans };
		adapt();
	};
	const write = (/** @type {string} */ text) => {
		area.value = text;
		mark(text, []);
	};
	return { node: h("div.marked", under, area), area, mark, write };
}

/**
 * A text with marks on what has an effect.
 *
 * @param {string[]} letters
 * @param {Span[]} spans in order
 * @param {number} most the strongest effect
 * @param {number} least as a share of the strongest: what does less stays plain
 * @param {"mark" | "span.key"} look
 */
export function marked(letters, spans, most, least, look) {
	const parts = [];
	let at = 0;
	for (const { start, end, effect } of spans) {
		if (Math.abs(effect) < most * least || start < at) continue;
		const style = { "--power": Math.abs(effect) / most };
		const kind = effect < 0 ? `${look}.minus` : look;
		parts.push(letters.slice(at, start).join(""), h(kind, { style }, letters.slice(start, end).join("")));
		at = end;
	}
	return [parts, letters.slice(at).join("")];
}

/**
 * The spans after a change of the text: those around it stay on their words.
 *
 * @param {{ letters: string[], spans: Span[] }} shown
 * @param {string[]} letters
 */
function moved({ letters: old, spans }, letters) {
	let head = 0;
	while (head < old.length && head < letters.length && old[head] === letters[head]) head += 1;
	const most = Math.min(old.length, letters.length) - head;
	let tail = 0;
	while (tail < most && old[old.length - 1 - tail] === letters[letters.length - 1 - tail]) tail += 1;
	const shift = letters.length - old.length;
	const kept = spans.filter((span) => span.end <= head || span.start >= old.length - tail);
	const shifted = (/** @type {Span} */ span) =>
		span.end <= head ? span : { ...span, start: span.start + shift, end: span.end + shift };
	return { letters, spans: kept.map(shifted) };
}
