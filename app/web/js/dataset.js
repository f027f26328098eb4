// A dataset: its figures and pictures, its rows with a model's answers, more rows for it.

import { NotFound } from "../../client/densely.js";
import { densely } from "./api.js";
import { alertLine, bytes, facts, h, moment, on, title } from "./dom.js";
import { options } from "./fields.js";
import { balance, cautions, columnTable, summary } from "./findings.js";
import { pictures } from "./picture.js";
import { removal } from "./removing.js";
import { Rows } from "./rows.js";
import { namesOf } from "./shown.js";
import { taskBar } from "./task-bar.js";
import { Upload } from "./upload.js";

/** @import { DatasetDetail, TaskDetail } from "../../client/densely.js" */

/** @type {Record<string, string>} */
const TITLES = {
	labels: "Rows of each label",
	lengths: "Lengths",
	columns: "Spread of the columns",
	sheet: "Some of its pictures",
};

/** @type {import("./main.js").View["show"]} */
export async function show(place, [taskName, part], signal) {
	const name = decodeURIComponent(part);
	const asked = Number(new URLSearchParams(location.hash.split("?")[1]).get("version")) || undefined;
	const [tasks, task, models] = await Promise.all([
		densely.tasks({ signal }),
		densely.task(taskName, { signal }),
		densely.models({ task: taskName, limit: 100, signal }),
	]);
	const latest = await densely.dataset(name, { signal });
	// Each task has a sample, and only one of them is told under that name.
	if (latest.task !== task.name) throw new NotFound(404, { detail: `there is no dataset '${name}' of ${task.title}` });
	const found = asked && asked !== latest.version ? await densely.dataset(name, { version: asked, signal }) : latest;
	const isOwn = !task.datasets.some((one) => one.name === name);
	const drawn = drawings(task, found, isOwn ? `${name}@${found.version}` : name);
	const problem = alertLine();
	const labels = found.findings.labels.map((one) => one.label);
	const rows = new Rows(task, { name, version: isOwn ? found.version : undefined, labels }, models, signal);
	place.append(
		taskBar("data", tasks, task, signal),
		head(task, found, latest, isOwn, problem),
		h(
			"div.stack",
			problem,
			h(labels.length ? "div.split" : "div.stack", labelsCard(task, found), aboutCard(found, isOwn)),
			columnsCard(found),
			drawn.length > 0 && h("section.card", { label: "Pictures" }, pictures(drawn, name, signal)),
			rows.node,
			isOwn && more(task, name, signal).node,
		),
	);
	await rows.start();
}

/** @param {TaskDetail} task @param {string} name @param {AbortSignal} signal */
const more = (task, name, signal) =>
	new Upload(
		task,
		{
			name,
			suggested: name,
			done: ({ version }) => {
				location.hash = `#/data/${task.name}/${name}?version=${version}`;
			},
		},
		signal,
	);

/** Its pictures, and those that the task draws of it. @param {TaskDetail} task @param {DatasetDetail} dataset @param {string} reference */
function drawings({ name: task, datasets }, { name, version, pictures: found }, reference) {
	const place = `datasets/${encodeURIComponent(name)}`;
	const further = datasets.find((one) => one.name === reference)?.pictures ?? [];
	const titled = (/** @type {string} */ one, /** @type {string} */ path) => ({ title: TITLES[one] ?? one, path });
	return [
		...found.map((one) => titled(one, `${place}/${one}.svg?version=${version}`)),
		...further.map((one) => titled(one, `tasks/${task}/datasets/${encodeURIComponent(reference)}/${one}.svg`)),
	];
}

/**
 * @param {TaskDetail} task
 * @param {DatasetDetail} found
 * @param {DatasetDetail} latest
 * @param {boolean} isOwn
 * @param {HTMLElement} problem
 */
function head(task, found, latest, isOwn, problem) {
	const { name, version } = found;
	const base = `#/data/${task.name}/${name}`;
	const reference = encodeURIComponent(isOwn ? `${name}@${version}` : name);
	const remove = () => densely.deleteDataset(name, { version });
	const gone = () => {
		location.hash = latest.version === version ? `#/data/${task.name}` : base;
	};
	const thing = {
		what: `version ${version} of ${name}`,
		effect: "Its rows are lost. Models that were trained on them stay.",
		remove,
		gone,
	};
	return h(
		"div.head",
		title(name),
		isOwn && latest.version > 1 && versions(base, found, latest),
		h(
			"div.row.push",
			h("a.button.main", { href: `#/runs/new?task=${task.name}&dataset=${reference}` }, "Train on it"),
			isOwn && removal(thing, problem),
		),
		h("p.lead.small", h("a", { href: `#/data/${task.name}` }, `all datasets of ${task.title}`)),
	);
}

/** @param {string} base @param {DatasetDetail} found @param {DatasetDetail} latest */
function versions(base, found, latest) {
	const all = Array.from({ length: latest.version }, (_, place) => latest.version - place);
	const pairs = all.map((one) => /** @type {[string, string]} */ ([String(one), `version ${one}`]));
	const select = h("select", { label: "Version" }, options(pairs));
	select.value = found.version;
	on(select, "change", () => {
		location.hash = `${base}?version=${select.value}`;
	});
	return h("span", select);
}

/** @param {DatasetDetail} dataset */
const columnsCard = ({ findings }) =>
	h("section.card", h("h2", "Columns"), columnTable(findings.columns), cautions(findings));

/** @param {TaskDetail} task @param {DatasetDetail} dataset */
const labelsCard = (task, { findings: { labels } }) =>
	labels.length > 0 && h("section.card", h("h2", "Rows of each label"), balance(labels, namesOf(task)));

/** @param {DatasetDetail} dataset @param {boolean} isOwn */
function aboutCard({ findings, created_at: at, sha256, bytes: size, version }, isOwn) {
	const kept = [
		["Version", String(version)],
		["Uploaded", moment(at)],
		["Kept as", `${bytes(size)} of Parquet`],
		["SHA-256", h("span.mono", sha256)],
	];
	return h("section.card", h("h2", "About"), summary(findings), isOwn && facts(kept));
}
