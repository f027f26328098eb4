// The datasets of a task.

import { NotFound } from "../../client/densely.js";
import { densely } from "./api.js";
import { alertLine, bytes, count, h, moment, title } from "./dom.js";
import { removal } from "./removing.js";
import { taskBar } from "./task-bar.js";
import { Upload } from "./upload.js";

/** @import { DatasetEntry, Task, TaskDetail } from "../../client/densely.js" */

/** @type {import("./main.js").View["show"]} */
export async function show(place, [name], signal) {
	const tasks = await densely.tasks({ signal });
	const chosen = name ? tasks.find((one) => one.name === name) : tasks[0];
	if (!chosen) throw new NotFound(404, { detail: `there is no task '${name}'` });
	const [task, entries] = await Promise.all([
		densely.task(chosen.name, { signal }),
		densely.datasets({ task: chosen.name, limit: 500, signal }),
	]);
	const problem = alertLine();
	const upload = new Upload(
		task,
		{
			name: null,
			suggested: task.own && !entries.length ? task.name : `my-${task.name}`,
			done: (made) => {
				location.hash = pathOf(task, made.name);
			},
		},
		signal,
	);
	place.append(
		taskBar("data", tasks, task, signal),
		h(
			"div.head",
			title(`Data of ${task.title}`),
			task.own && h("div.row.push", taskRemoval(task, problem)),
			task.description && h("p.lead", task.description),
		),
		h("div.stack", problem, h("section.card", { label: "Datasets" }, list(task, entries)), upload.node),
	);
}

/** @param {Task} task @param {string} dataset */
const pathOf = (task, dataset) => `#/data/${task.name}/${encodeURIComponent(dataset)}`;

/** @param {TaskDetail} task @param {DatasetEntry[]} entries */
function list(task, entries) {
	const heads = ["Dataset", "Version", "Rows", "To train", "To test", "Size", "Uploaded", ""];
	const head = (/** @type {string} */ text) => h("th", { scope: "col" }, text || h("span.hidden", "Actions"));
	const known = entries.map((one) => one.name);
	const away = task.datasets.filter(({ name }) => !known.includes(name.split("@")[0]));
	if (!entries.length && !away.length) return h("p.soft", "None yet: drop a file below.");
	return h(
		"div.scroll.cards",
		h(
			"table",
			h("caption.hidden", `Datasets of ${task.name}`),
			h("thead", h("tr", heads.map(head))),
			h(
				"tbody",
				entries.map((entry) => row(task, entry)),
				away.map(awayRow),
			),
		),
	);
}

/** @param {TaskDetail} task @param {DatasetEntry} entry */
function row(task, entry) {
	const { name, version } = entry;
	const isOwn = !task.datasets.some((one) => one.name === name);
	const reference = isOwn ? `${name}@${version}` : name;
	const train = `#/runs/new?task=${task.name}&dataset=${encodeURIComponent(reference)}`;
	return h(
		"tr",
		h("th", { scope: "row" }, h("a", { href: pathOf(task, name) }, name)),
		h("td.num", { "data-head": "Version" }, isOwn ? String(version) : ""),
		h("td.num", { "data-head": "Rows" }, count(entry.rows), entry.skipped > 0 && skippedNote(entry)),
		h("td.num", { "data-head": "To train" }, count(entry.train_rows)),
		h("td.num", { "data-head": "To test" }, count(entry.test_rows)),
		h("td.num", { "data-head": "Size" }, entry.bytes ? bytes(entry.bytes) : ""),
		h("td.soft", { "data-head": "Uploaded" }, isOwn ? moment(entry.created_at) : ""),
		h("td.right", h("a.button", { href: train, "aria-label": `Train on ${name}` }, "Train on it")),
	);
}

/** @param {DatasetEntry} entry */
const skippedNote = ({ skipped }) => h("span.soft.small", ` ${count(skipped)} left out`);

/** A dataset whose rows are not on this machine. @param {Task["datasets"][number]} dataset */
const awayRow = ({ name, description, here }) =>
	h(
		"tr",
		h("th", { scope: "row" }, name),
		h("td.soft", { colspan: 6 }, description, !here && "; training on it fetches the rows first"),
		h("td"),
	);

/** @param {TaskDetail} task @param {HTMLElement} problem */
function taskRemoval(task, problem) {
	const models = h("input", { type: "checkbox" });
	const datasets = h("input", { type: "checkbox" });
	return removal(
		{
			what: `the task ${task.name}`,
			effect: "Its predictions end, and its address is free again. What it was made of goes only if you say so:",
			more: [h("label.check", models, "delete its models"), h("label.check", datasets, "delete its datasets")],
			remove: () => densely.deleteTask(task.name, { models: models.checked, datasets: datasets.checked }),
			gone: () => {
				location.hash = "#/data";
			},
		},
		problem,
	);
}
