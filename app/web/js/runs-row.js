// A run as a row: what each cell says.

import { badge, button, duration, figure, h, moment, percent } from "./dom.js";
import { spark } from "./spark.js";

/** @import { RunRow } from "../../client/densely.js" */

/**
 * What can be done with a row.
 *
 * @typedef {object} Doing
 * @property {(id: string) => boolean} isChosen
 * @property {(id: string, isChosen: boolean, isRange: boolean) => void} choose
 * @property {(tag: string) => void} only shows only runs with this tag
 * @property {(id: string) => void} edit
 */

/** The columns after the box: head, and what a click on it sorts by. @type {[head: string, by: string | null][]} */
export const COLUMNS = [
	["Run", "name"],
	["Status", "status"],
	["Task", "task"],
	["Dataset", "dataset"],
	["Preset", "preset"],
	["Score", "-score"],
	["Curve", null],
	["Queued", "-created"],
	["Took", "-seconds"],
];

export const NAME_CELL = 1; // which of a row's cells holds the name, and the form while it is edited

/** What a run is called. @param {Pick<RunRow, "name" | "preset">} run */
export const nameOf = (run) => run.name || run.preset;

/** @param {RunRow} run @param {Doing} doing */
export const cellsOf = (run, doing) => [
	h("td.pick", boxOf(run, doing)),
	h("th", { scope: "row" }, headOf(run, doing)),
	h("td.state", statusOf(run)),
	h("td", { "data-head": "Task" }, run.task),
	h("td", { "data-head": "Dataset" }, breaking(run.dataset), run.dataset_is_sample && h("span.soft.small", " (toy)")),
	h("td", { "data-head": "Preset" }, run.preset),
	h("td.num.keep", { "data-head": "Score" }, scoreOf(run)),
	h("td", { "data-head": "Curve" }, run.curve && spark(run.curve)),
	h("td.soft.keep", { "data-head": "Queued" }, moment(run.created_at)),
	h("td.num.soft.keep", { "data-head": "Took" }, run.seconds !== null && duration(run.seconds)),
];

/** A name that may be broken where its words end. @param {string} name */
const breaking = (name) => name.split(/(?<=[_.])/).map((part, place) => [place > 0 && h("wbr"), part]);

/** @param {RunRow} run @param {Doing} doing */
function boxOf(run, doing) {
	const { id } = run;
	const box = h("input", {
		type: "checkbox",
		"data-focus": `box-${id}`,
		label: `Choose ${nameOf(run)}, ${id}`,
		checked: doing.isChosen(id),
		onclick: (/** @type {MouseEvent} */ event) => doing.choose(id, box.checked, event.shiftKey),
	});
	return h("label", box);
}

/** @param {RunRow} run @param {Doing} doing */
function headOf(run, doing) {
	const { id } = run;
	const tags = Object.entries(run.tags);
	return [
		h(
			"div.title",
			h("a", { href: `#/runs/${id}`, "data-focus": `link-${id}` }, nameOf(run)),
			button("", () => doing.edit(id), {
				class: "icon pencil",
				"data-focus": `edit-${id}`,
				label: `Edit name, tags and note of ${nameOf(run)}, ${id}`,
				title: "Edit name, tags and note",
			}),
		),
		h(
			"div.meta.soft.small",
			h("span.mono", id),
			run.sweep && h("a", { href: `#/sweeps/${run.sweep}` }, "its sweep"),
			tags.length > 0 &&
				h(
					"ul.chips",
					{ label: "Tags" },
					tags.map((tag) => h("li", chipOf(id, tag, doing))),
				),
		),
		run.note && h("p.said.small", { title: run.note }, run.note),
	];
}

/** @param {string} id @param {[key: string, value: string]} tag @param {Doing} doing */
function chipOf(id, [key, value], doing) {
	const text = tagText([key, value]);
	return button(text, () => doing.only(value ? `${key}:${value}` : key), {
		class: "chip",
		"data-focus": `tag-${id}-${key}`,
		title: `Only runs with the tag ${text}`,
	});
}

/** @param {[key: string, value: string]} tag */
export const tagText = ([key, value]) => (value ? `${key}: ${value}` : key);

/** @param {RunRow} run */
const statusOf = (run) => [
	badge(run.status),
	run.archived_at && badge("archived"),
	h("div.soft.small.num", standing(run)),
];

/** What there is to say of it beside its status. @param {RunRow} run */
function standing({ status, queue, progress, error }) {
	if (status === "queued" && queue) {
		const start = queue.expected_start;
		return [`place ${queue.place}`, start && [", starts ", moment(start)]];
	}
	if (status === "running") return going(progress);
	return error && h("span.said", { title: error.message }, error.message);
}

/** @param {RunRow["progress"]} progress */
function going(progress) {
	if (!progress) return "starting";
	const { phase, fraction, eta_seconds: left } = progress;
	if (phase && phase !== "training") return phase;
	return `${percent(fraction, 0)}${left ? `, ${duration(left)} left` : ""}`;
}

/** The test figure, and what guessing scores. @param {RunRow} run */
function scoreOf({ score }) {
	if (!score) return null;
	const { name, value, guessing } = score;
	return [
		h("b", figure(name, value)),
		h("span.soft.small", ` ${name.replace(/^val_/, "validation ")}`),
		guessing !== null && h("div.soft.small", `guessing ${figure(name, guessing)}`),
	];
}
