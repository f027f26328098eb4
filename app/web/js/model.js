// A model's page: its figures, layers and pictures; activate it, take its files.

import { densely, fileUrl, told } from "./api.js";
import { alertLine, badge, button, count, duration, facts, h, moment, put, table, title } from "./dom.js";
import { figuresOf } from "./figures.js";
import { activate } from "./models.js";
import { pictures } from "./picture.js";
import { removal } from "./removing.js";

/** @import { ModelDetail, Run, Task } from "../../client/densely.js" */

/** @type {import("./main.js").View["show"]} */
export async function show(place, [id], signal) {
	const model = await densely.model(id, { signal });
	const [task, runs] = await Promise.all([
		densely.task(model.task, { signal }),
		densely.runs({ task: model.task, limit: 500, signal }),
	]);
	const problem = alertLine();
	place.append(
		h(
			"div.stack",
			h(
				"div.head",
				title(`${task.title}, version ${model.version}`),
				actions(model, runs, problem, signal),
				h("p.lead.small", h("span.mono", id), " · ", h("a", { href: "#/models" }, "all models")),
			),
			problem,
			h(
				"div.split",
				h("section.card", h("h2", "Figures"), figuresOf(model), h("h2", "Layers"), layers(model)),
				h("section.card", h("h2", "About"), about(model, task)),
			),
			h("section.card", { label: "Pictures" }, pictures(model.pictures, "the model", signal)),
		),
	);
}

/** @param {ModelDetail} model @param {Run[]} runs @param {HTMLElement} problem @param {AbortSignal} signal */
function actions(model, runs, problem, signal) {
	const { id, run_id: runId } = model;
	const state = h("div.row.push");
	const use = () => activate(model, { draw: () => draw(true), problem });
	const download = async () => {
		try {
			h("a", {
				href: await fileUrl(`models/${id}/archive`, signal),
				download: `${id}.zip`,
			}).click();
		} catch (error) {
			problem.textContent = told(error);
		}
	};
	const thing = {
		what: `version ${model.version} of ${model.task}`,
		effect: "Its files are lost; nothing can be rolled back to it.",
		remove: () => densely.deleteModel(id),
		gone: () => {
			location.hash = "#/models";
		},
	};
	const draw = (/** @type {boolean} */ isActive) =>
		put(
			state,
			isActive ? badge("active") : button("Activate", use, { class: "main" }),
			button("Download", download),
			runs.some((run) => run.id === runId) && h("a.button", { href: `#/runs/${runId}` }, "Its run"),
			!isActive && removal(thing, problem),
		);
	return draw(model.active);
}

/** @param {ModelDetail} model @param {Task} task */
function about({ manifest, dataset, dataset_is_sample: isSample, created_at: createdAt }, task) {
	const { dataset: rows, parity } = manifest;
	return facts([
		["Task", task.title],
		["Dataset", dataset + (isSample ? " (toy rows)" : "")],
		["Rows", `${count(rows.train_rows)} training, ${count(rows.test_rows)} test`],
		["Preset", manifest.preset],
		["Seed", String(manifest.seed)],
		["Weights", count(manifest.parameters)],
		["Trained", h("span", moment(createdAt), `, ${duration(manifest.seconds)} on ${manifest.device}`)],
		["NumPy against Keras", `differ by at most ${parity.max_difference.toExponential(1)} on ${parity.rows} rows`],
	]);
}

/**
 * @typedef {object} Layer
 * @property {string} kind
 * @property {number} [units]
 * @property {number[] | null} [shape] of a picture that comes out
 * @property {string | null} [activation]
 * @property {number | null} [rate]
 * @property {number | null} [kernel_size]
 * @property {number | null} [pool_size]
 * @property {number} parameters
 */

/** @param {ModelDetail} model */
function layers({ manifest }) {
	const row = (/** @type {Layer} */ layer, /** @type {number} */ place) => [
		String(place + 1),
		layer.kind,
		layer.shape?.join(" × ") ?? layer.units ?? "",
		setting(layer),
		count(layer.parameters),
	];
	const { members } = manifest.recipe;
	return h(
		"div.stack",
		table("Layers", ["Layer", "Kind", "Units", "Activation", "Weights"], manifest.layers.map(row), 4),
		members > 1 && h("p.small", `× ${members}: an ensemble of so many networks of these layers, whose mean answers.`),
	);
}

/** What tells a layer from others of its kind. @param {Layer} layer */
function setting({ activation, rate, kernel_size: kernel, pool_size: pool }) {
	if (rate) return `rate ${rate}`;
	const side = kernel ?? pool;
	return [side ? `${side} × ${side}` : "", activation ?? ""].filter(Boolean).join(", ");
}
