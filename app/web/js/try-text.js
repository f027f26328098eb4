// Film reviews and newswires.

import { bars, button, count, h, on, percent, put, signed, table, throttled } from "./dom.js";
import { markedText } from "./marks.js";
import { predictor, verdict, warnings } from "./predictions.js";

const EXAMPLES = {
	sentiment: [
		["Unkind", { text: "A dull mess. The plot is ridiculous, the acting is awful and I wanted my two hours back." }],
		["Mixed", { text: "The photography is superb and the lead is excellent, but the story is boring and far too long." }],
	],
	newswire: [
		["Grain", { title: "WHEAT EXPORTS SEEN HIGHER", text: "The Agriculture Department said wheat and corn exports would rise by two mln tonnes this season." }],
		["Rates", { title: "CENTRAL BANK CUTS DISCOUNT RATE", text: "The central bank cut its discount rate by half a point, and the dollar fell against the yen, dealers said." }],
	],
};
const MOST_ROWS = 300; // of the table of words

export async function show(place, context) {
	const { name } = context.task;
	const fields = name === "newswire" ? { title: "Headline", text: "Story" } : { text: "Review" };
	const boxes = Object.fromEntries(Object.entries(fields).map(([field, title]) =>
		[field, markedText({ rows: field === "title" ? 1 : 7, label: title, id: `field-${field}`, maxlength: field === "title" ? 1000 : 100000 })]));
	const list = h("div");
	const mark = (input, words = []) => {
		for (const [field, box] of Object.entries(boxes)) box.mark(input[field] ?? "", words.filter((word) => word.field === field));
	};
	const { predict, result, drop } = predictor(context, ({ prediction }, input) => {
		mark(input, prediction.explanation.words);
		put(list, wordTable(prediction.explanation));
		return [name === "newswire" ? story(prediction) : review(prediction), warnings(prediction)];
	}, () => { mark({}); put(list); });
	const ask = () => {
		const input = Object.fromEntries(Object.entries(boxes).map(([field, box]) => [field, box.area.value]).filter(([, text]) => text.trim()));
		if (input.text) { predict(input); return; }
		drop(h("p.soft", "Type something to see what the model makes of it."));
	};
	const soon = throttled(ask, 150);
	for (const box of Object.values(boxes)) on(box.area, "input", soon);
	const use = (example) => {
		for (const [field, box] of Object.entries(boxes)) box.write(example[field] ?? "");
		ask();
	};
	place.append(h("div.split",
		h("section.card", { label: "Input" },
			Object.entries(fields).map(([field, title]) => h("div.label", h("label", { for: `field-${field}` }, title), boxes[field].node)),
			h("div.row", h("span.soft.small", "Examples"),
				[[name === "newswire" ? "Oil" : "Kind", context.task.example], ...EXAMPLES[name]].map(([title, example]) => button(title, () => use(example))),
				button("Clear", () => { use({}); boxes.text.area.focus(); }, { class: "push" }))),
		h("section.card", { label: "Answer" }, result, list)));
	use(context.task.example);
	return ask;
}

function known(prediction) {
	return h("p.soft.small", `The model knows ${percent(prediction.known_words, 0)} of the words.`);
}

function review(prediction) {
	return h("div.stack", verdict(prediction, prediction.label), bars(Object.entries(prediction.probabilities).reverse(), "Probability of each label"), known(prediction));
}

function story(prediction) {
	return h("div.stack", verdict(prediction, prediction.label), bars(prediction.top.map((one) => [one.label, one.probability]), "The most probable topics"), known(prediction));
}

function wordTable({ label, words }) {
	const rows = words.slice(0, MOST_ROWS).map((word) => [word.word, signed(word.effect, 4)]);
	const rest = words.length > MOST_ROWS ? h("p.soft.small", `and ${count(words.length - MOST_ROWS)} more`) : null;
	return h("div.stack",
		h("p.soft.small", "A word ", h("span.key", "speaks for"), " or ", h("span.key.minus", "against"), ` “${label}”: how much its probability changes without it.`),
		h("details", h("summary", "The words as a table"), table(`Effect of each word on the probability of ${label}`, ["Word", "Effect"], rows, 1), rest));
}
