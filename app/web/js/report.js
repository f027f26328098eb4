// What a model's report says: how good it is, its labels, what it confuses.

import { button, count, counted, figure, h, percent, put } from "./dom.js";
import { figuresOf } from "./figures.js";
import { ranges } from "./reliability.js";
import { namesOf } from "./shown.js";
import { sortable } from "./sortable.js";

/** @import { ModelDetail, ModelReport, TaskDetail } from "../../client/densely.js" */
/** @typedef {ModelReport["labels"][0]} LabelReport */
/** @typedef {ModelReport["confusions"][0]} ConfusedPair */

const FEW = 12; // labels or pairs before all are asked for

/** @param {ModelReport} report @param {ModelDetail} model */
export function figuresCard(report, model) {
	const { metric, active, errors } = report;
	const { name, value, guessing, higher_is_better: isShare } = metric;
	const own = `This one, version ${model.version}`;
	return h(
		"section.card",
		{ label: "How good it is" },
		h("h2", "How good it is"),
		value !== null &&
			h(
				"p.verdict.num",
				figure(name, value),
				" ",
				h("small", isShare ? `test ${name}` : `test ${name}, lower is better`),
			),
		ranges(report, own),
		h("p", { "data-reading": true }, active?.reading ?? readingOf(model, guessing === null)),
		errors && errorsOf(errors),
		h("details", h("summary", "All figures"), figuresOf(model)),
	);
}

/** @param {ModelDetail} model @param {boolean} isAlone */
const readingOf = ({ active }, isAlone) =>
	active ? "It is the active version." : isAlone ? "" : "No version of this task is active.";

/** @param {NonNullable<ModelReport["errors"]>} errors */
const errorsOf = ({ p50, p90, p99, worst }) =>
	h(
		"p.soft.small.num",
		`Half of the test rows are off by at most ${figure("", p50)}, nine of ten by ${figure("", p90)}, 99 of 100 by ${figure("", p99)}; the worst by ${figure("", worst)}.`,
	);

/** @param {ModelReport} report @param {TaskDetail} task */
export function labelsCard({ labels }, task) {
	if (!labels.length) return null;
	const named = namesOf(task);
	const share = (/** @type {keyof LabelReport} */ name) => (/** @type {LabelReport} */ row) => {
		const value = /** @type {number | null} */ (row[name]);
		return value === null ? "–" : percent(value);
	};
	/** @type {import("./sortable.js").Column<LabelReport>[]} */
	const columns = [
		{ head: "Label", value: ({ label }) => named(label) },
		{ head: "Rows", value: ({ rows }) => rows, cell: ({ rows }) => count(rows) },
		{ head: "Precision", value: ({ precision }) => precision, cell: share("precision") },
		{ head: "Recall", value: ({ recall }) => recall, cell: share("recall") },
		{ head: "F1", value: ({ f1 }) => f1, cell: share("f1") },
	];
	return h(
		"section.card",
		{ label: "Labels" },
		h("h2", "Label by label"),
		h(
			"p.soft.small",
			"Precision: how often it is right when it says the label. Recall: how many of the label’s rows it finds.",
		),
		sortable("Figures of each label", columns, labels, { few: FEW, by: 1, isDown: true }),
	);
}

/**
 * The pairs as a list; a press on one shows its rows.
 *
 * @param {ModelReport} report
 * @param {TaskDetail} task
 * @param {((pair: ConfusedPair, place: HTMLElement) => void) | null} show null where the rows cannot be looked at
 */
export function confusionsCard({ confusions, kind }, task, show) {
	if (kind !== "labels") return null;
	const place = h("div.stack", { role: "status" });
	const most = confusions[0]?.rows ?? 1;
	const line = (/** @type {ConfusedPair} */ pair) =>
		pairLine(pair, most, namesOf(task), show && (() => show(pair, place)));
	const list = h("ul.bars.pairs", { label: "What it confuses, the worst first" }, confusions.slice(0, FEW).map(line));
	const all = button(`Show all ${confusions.length}`, () => {
		put(list, confusions.map(line));
		all.remove();
	});
	const words = `Rows of one label that it takes for another, with their share of the label’s rows.${show ? " A press shows them." : ""}`;
	const none = "Nothing: every row of the test split is answered right.";
	return h(
		"section.card",
		{ label: "Confusions" },
		h("h2", "What it confuses"),
		confusions.length ? [h("p.soft.small", words), list] : h("p.soft", none),
		confusions.length > FEW && h("div.row", all),
		place,
	);
}

/** @param {ConfusedPair} pair @param {number} most rows of a pair @param {(label: any) => string} named @param {(() => void) | null} onclick */
function pairLine({ target, predicted, rows, share }, most, named, onclick) {
	const words = [named(target), h("span.soft", " taken for "), named(predicted)];
	const label = `${named(target)} taken for ${named(predicted)}: ${counted(rows, "row")}`;
	return h(
		"li",
		onclick ? h("button.pair-button", { type: "button", label, onclick }, words) : h("span", words),
		h("span.bar", { "aria-hidden": "true" }, h("i", { style: { "--share": rows / most } })),
		h("span.right.num", `${count(rows)} `, h("span.soft.small", percent(share))),
	);
}
