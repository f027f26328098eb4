// What each word of a text does to an answer: equal words together, the strongest first; and what each sentence says.

import { count, figure, h, percent, signed, table, twinBar } from "./dom.js";

/** @import { Fields, Recipe } from "../../client/densely.js" */

/** @typedef {{ word: string, field: string, start: number, end: number, effect: number }} Word */
/** @typedef {{ field: string, start: number, end: number, score: number }} Sentence */
/** @typedef {{ label: string | number | null, words: Word[], sentences: Sentence[] }} Explanation */
/** @typedef {{ word: string, times: number, effect: number }} Group */

const [FEW, MOST] = [5, 300]; // of each side at first, and in the table of all
const LONG = 160; // characters of a sentence
const NONE = 5e-5; // an effect that four places do not show

/** Whether a model's effects tell of a word wherever it stands, not of each place by itself. @param {Recipe | undefined} recipe */
export const isOfWords = (recipe) => recipe?.features.kind === "multi_hot";

/**
 * Equal words of all places, the strongest first.
 *
 * @param {Word[]} words
 * @param {boolean} isOnce whether an effect tells of the word wherever it stands; else of this place alone
 * @returns {Group[]}
 */
export function grouped(words, isOnce) {
	/** @type {Map<string, Group>} */
	const groups = new Map();
	for (const { word, effect } of words) {
		const key = word.toLowerCase();
		const group = groups.get(key) ?? { word: key, times: 0, effect: 0 };
		group.times += 1;
		group.effect = isOnce ? effect : group.effect + effect;
		groups.set(key, group);
	}
	return [...groups.values()].sort((one, other) => Math.abs(other.effect) - Math.abs(one.effect));
}

/**
 * @param {Explanation} explanation
 * @param {Fields} input
 * @param {boolean} isOnce
 * @param {Set<string>} opened what was unfolded stays so from one answer to the next
 */
export function explained(explanation, input, isOnce, opened) {
	const groups = grouped(explanation.words, isOnce);
	const sentences = sentenceTable(explanation, input);
	const words = groups.length === 1 ? "The word as a table" : `All ${count(groups.length)} words as a table`;
	return [
		strongest(groups, explanation.label),
		groups.length > 0 && fold("words", words, wordTable(groups, explanation.label), opened),
		sentences && fold("sentences", "Sentence by sentence", sentences, opened),
	];
}

/** @param {string} name @param {string} title @param {import("./dom.js").Child} content @param {Set<string>} opened */
function fold(name, title, content, opened) {
	const toggle = () => (node.open ? opened.add(name) : opened.delete(name));
	const node = h(`details.${name}`, { open: opened.has(name), ontoggle: toggle }, h("summary", title), content);
	return node;
}

/** @param {Group} group */
const named = ({ word, times }) => [word, times > 1 && h("span.soft", ` × ${count(times)}`)];

/** The words that do most, for and against. @param {Group[]} groups @param {string | number | null} label */
function strongest(groups, label) {
	const told = groups.filter(({ effect }) => Math.abs(effect) >= NONE);
	if (!told.length) return h("p.soft.small", "No word by itself changes the answer.");
	const most = Math.abs(told[0].effect);
	const side = (/** @type {boolean} */ isFor, /** @type {string} */ title) => {
		const rows = told.filter(({ effect }) => effect > 0 === isFor).slice(0, FEW);
		return (
			rows.length > 0 && [
				h("p.small", h(`span.key${isFor ? "" : ".minus"}`, title)),
				h(
					"ul.bars.num.strongest",
					{ label: title },
					rows.map((group) =>
						h("li", h("span", named(group)), twinBar(group.effect / most), h("span.right", signed(group.effect))),
					),
				),
			]
		);
	};
	const [plus, minus] = label === null ? ["raise", "lower"] : ["speak for", "speak against"];
	const of = label === null ? "the answer" : `“${label}”`;
	return h(
		"div.stack.tight",
		h("h2", "Words that count"),
		side(true, `${plus} ${of}`),
		side(false, `${minus} ${of}`),
		h("p.soft.small", `How much ${label === null ? "the answer" : "its probability"} changes without the word.`),
	);
}

/** @param {Group[]} groups @param {string | number | null} label */
function wordTable(groups, label) {
	const rows = groups.slice(0, MOST).map((group) => [named(group), signed(group.effect, 4)]);
	const rest = groups.length - MOST;
	const of = label === null ? "the answer" : `the probability of ${label}`;
	return [
		table(`Effect of each word on ${of}, the strongest first`, ["Word", "Effect"], rows, 1),
		rest > 0 && h("p.soft.small", `and ${count(rest)} more`),
	];
}

/** What each sentence says by itself; long ones are folded. @param {Explanation} explanation @param {Fields} input */
function sentenceTable({ label, sentences }, input) {
	if (!sentences?.length) return null;
	const rows = sentences.map(({ field, start, end, score }) => [
		folded([...String(input[field])].slice(start, end).join(""), LONG),
		label === null ? figure("value", score) : percent(score),
	]);
	const of = label === null ? "The answer" : `The probability of ${label}`;
	return table(`${of} to each sentence by itself`, ["Sentence", label ?? "Answer"], rows, 1);
}

/** A text whose rest is unfolded by a click, where it is longer. @param {string} text @param {number} most characters */
export function folded(text, most) {
	if (text.length <= most) return text;
	const at = text.lastIndexOf(" ", most);
	const cut = at > most / 2 ? at : most;
	return h("details.fold", h("summary", `${text.slice(0, cut)} …`), text.slice(cut));
}
