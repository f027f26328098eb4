// A text box whose words are marked by their effect, in a copy of the text under the box.

import { h, on, put } from "./dom.js";

/** The box. `mark(text, spans)` marks words: spans of {start, end, effect}, counted in code points, in order. */
export function markedText(attributes) {
	const under = h("div.under", { "aria-hidden": "true" });
	const area = h("textarea", { spellcheck: "false", ...attributes });
	let shown = { letters: [], spans: [] };
	const draw = () => {
		const { letters, spans } = shown;
		const most = Math.max(0.02, ...spans.map((span) => Math.abs(span.effect)));
		const parts = [];
		let at = 0;
		for (const { start, end, effect } of spans) {
			if (Math.abs(effect) < most / 50 || start < at) continue; // what changes nothing stays plain
			parts.push(letters.slice(at, start).join(""), h("mark", { class: effect < 0 ? "minus" : null, style: { "--power": Math.abs(effect) / most } },
				letters.slice(start, end).join("")));
			at = end;
		}
		// A last line break needs something behind it to take up its line.
		put(under, parts, `${letters.slice(at).join("")}\u200b`);
		under.style.minHeight = `${(attributes.rows ?? 1) * 1.65 + 1.4}em`;
		under.scrollTop = area.scrollTop;
	};
	// Marks around a change stay on their words.
	const adapt = () => {
		const letters = Array.from(area.value);
		const { letters: old, spans } = shown;
		let head = 0;
		while (head < old.length && head < letters.length && old[head] === letters[head]) head++;
		let tail = 0;
		while (tail < Math.min(old.length, letters.length) - head && old[old.length - 1 - tail] === letters[letters.length - 1 - tail]) tail++;
		const shift = letters.length - old.length;
		const kept = spans.filter((span) => span.end <= head || span.start >= old.length - tail);
		shown = { letters, spans: kept.map((span) => (span.end <= head ? span : { ...span, start: span.start + shift, end: span.end + shift })) };
		draw();
	};
	on(area, "input", adapt);
	on(area, "scroll", () => { under.scrollTop = area.scrollTop; });
	const mark = (text, spans) => {
		shown = { letters: Array.from(text), spans };
		adapt();
	};
	const write = (text) => {
		area.value = text;
		mark(text, []);
	};
	return { node: h("div.marked", under, area), area, mark, write };
}
