// Who made a model and from what, and how fast and large it is.

import { bytes, count, duration, facts, h, moment } from "./dom.js";

/** @import { ModelDetail, ModelReport, TaskDetail } from "../../client/densely.js" */

/** @param {ModelDetail} model @param {TaskDetail} task @param {ModelReport} report */
export function aboutCard(model, task, report) {
	const { manifest, created_at: at } = model;
	const { made_by: by, latency, bytes: size } = report;
	const { dataset: rows, parity } = manifest;
	return h(
		"section.card",
		{ label: "Who made it, and from what" },
		h("h2", "Who made it, and from what"),
		facts([
			["Made", h("span", moment(at), by.key && ` by ${by.key}`)],
			...originOf(by),
			["Dataset", datasetOf(model, task, by)],
			["Rows", `${count(rows.train_rows)} training, ${count(rows.test_rows)} test`],
			["Seed", String(manifest.seed)],
			["Trained", `${duration(manifest.seconds)} on ${manifest.device}`],
			...(latency ? speedOf(latency) : []),
			["Size", `${bytes(size)}, ${count(manifest.parameters)} weights`],
			["NumPy against Keras", `differ by at most ${parity.max_difference.toExponential(1)} on ${parity.rows} rows`],
		]),
	);
}

/** @param {ModelReport["made_by"]} by */
function originOf({ run, run_exists: isThere, name, sweep, tags, note, preset }) {
	const labels = Object.entries(tags).map(([key, value]) => h("span.chip", value ? `${key}: ${value}` : key));
	return [
		run && ["Its run", isThere ? h("a", { href: `#/runs/${run}` }, name ?? run) : h("span.soft", "not kept here")],
		sweep && ["Of the sweep", h("a", { href: `#/sweeps/${sweep}` }, sweep)],
		labels.length > 0 && ["Tags", h("span.row.tight", labels)],
		note && ["Note", note],
		["Preset", preset],
	];
}

/** @param {ModelDetail} model @param {TaskDetail} task @param {ModelReport["made_by"]} by */
function datasetOf({ dataset_is_sample: isSample }, task, { dataset, dataset_version: version }) {
	if (isSample) return `${dataset} (toy rows)`;
	const [query, words] = version === null ? ["", ""] : [`?version=${version}`, `, version ${version}`];
	return h("a", { href: `#/data/${task.name}/${dataset}${query}` }, dataset + words);
}

/** @param {NonNullable<ModelReport["latency"]>} latency */
function speedOf({ p50_ms: half, p99_ms: most, rows_per_second: rows, device }) {
	const title = `measured on ${device}, without HTTP`;
	const short = (/** @type {number} */ ms) => `${Number(ms.toPrecision(2))} ms`;
	return [
		["Answers in", h("span", { title }, `${short(half)}, 99 of 100 in ${short(most)}`)],
		["Many at once", h("span", { title }, `${count(Math.round(rows))} a second`)],
	];
}
