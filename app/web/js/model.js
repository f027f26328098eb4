// A model's page: how good it is and where it errs, from what it was made, how it is used; activate it, take its files.

import { ArtifactInvalid } from "../../client/densely.js";
import { aboutCard } from "./about.js";
import { activate, historyOf, noticePlace } from "./activation.js";
import { canRepeat, densely, fileUrl, told } from "./api.js";
import { alertLine, badge, button, count, facts, h, moment, put, table, title } from "./dom.js";
import { figuresOf } from "./figures.js";
import { confusedRows, mistakesCard } from "./mistakes.js";
import { calibrationOf } from "./reliability.js";
import { Picture, pictures } from "./picture.js";
import { removal } from "./removing.js";
import { confusionsCard, figuresCard, labelsCard } from "./report.js";
import { pairText } from "./shown.js";
import { paleBox } from "./skeleton.js";
import { toyNotice } from "./toys.js";
import { usageOf } from "./usage.js";

/** @import { Drawing, Model, ModelDetail, ModelReport, TaskDetail } from "../../client/densely.js" */
/** @import { Changed } from "./activation.js" */
/** @typedef {import("./report.js").ConfusedPair} ConfusedPair */

/** @type {import("./main.js").View["show"]} */
export async function show(place, [id], signal) {
	const [problem, notice, head, body] = [alertLine(), noticePlace(), h("div.head"), h("div.stack")];
	place.append(h("div.stack", head, problem, notice, body));
	const draw = async () => {
		const model = await densely.model(id, { signal }).catch(async (error) => {
			const known = error instanceof ArtifactInvalid && (await knownOf(id, signal));
			if (!known) throw error;
			put(head, headOf(known.model, known.task, changed, signal, true));
			put(body, unreadable(known.model, `${error.message}.`));
		});
		if (!model) return;
		const task = await densely.task(model.task, { signal });
		put(head, headOf(model, task, changed, signal));
		if (!body.firstChild) put(body, paleBox());
		const toy = model.active ? await toyNotice(task, draw, problem, signal) : null;
		densely.report(id, { signal }).then(
			(report) => put(body, toy, cards(model, task, report, changed, signal)),
			(error) => put(body, toy, alertLine(told(error)), layersCard(model, signal)),
		);
	};
	/** @type {Changed} */
	const changed = { draw, problem, notice };
	await draw();
}

/** What the database knows of a model whose files cannot be read. @param {string} id @param {AbortSignal} signal */
async function knownOf(id, signal) {
	const model = (await densely.models({ q: id, limit: 1, signal })).find((one) => one.id === id);
	return model && { model, task: await densely.task(model.task, { signal }) };
}

/** @param {Model} model @param {string} problem */
const unreadable = (model, problem) => [
	h(
		"div.error.stack.tight",
		{ role: "alert" },
		h("p", problem),
		h("p", "Below is what the database knows of it. Without its files it answers nothing."),
	),
	h(
		"section.card",
		h("h2", "What is known of it"),
		facts([
			["Made", moment(model.created_at)],
			model.run_id && ["Its run", h("a", { href: `#/runs/${model.run_id}` }, model.name ?? model.run_id)],
			["Dataset", `${model.dataset}${model.dataset_is_sample ? " (toy rows)" : ""}`],
		]),
		figuresOf(model),
	),
];

/** @param {Model} model @param {TaskDetail} task @param {Changed} changed @param {AbortSignal} signal @param {boolean} [isUnreadable] its files */
function headOf(model, task, changed, signal, isUnreadable = false) {
	const { id, active } = model;
	const download = async () => {
		try {
			h("a", { href: await fileUrl(`models/${id}/archive`, signal), download: `${id}.zip` }).click();
		} catch (error) {
			changed.problem.textContent = told(error);
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
	return [
		title(`${task.title}, version ${model.version}`),
		active && badge("active"),
		h(
			"div.row.push",
			!isUnreadable && [
				h("a.button", { href: `#/try/${task.name}${active ? "" : `?model=${id}`}` }, "Try this version"),
				!active && button("Activate", () => activate(model, changed), { class: "main" }),
				button("Download", download),
			],
			!active && removal(thing, changed.problem),
		),
		h(
			"p.lead.small",
			h("span.mono", id),
			" · ",
			h("a", { href: `#/models?task=${task.name}` }, `all versions of ${task.title}`),
		),
	];
}

/** @param {ModelDetail} model @param {TaskDetail} task @param {ModelReport} report @param {Changed} changed @param {AbortSignal} signal */
function cards(model, task, report, changed, signal) {
	const judged = { model: model.id, dataset: model.dataset, recipe: model.manifest.recipe };
	const canLook = !model.dataset_is_sample && report.kind === "labels";
	const look = (/** @type {ConfusedPair} */ pair, /** @type {HTMLElement} */ place) => {
		put(place, h("p.soft", "The model is asked about these rows …"));
		confusedRows(task, judged, pair, signal).then(
			(found) => put(place, h("h3", pairText(task, pair)), found),
			(error) => !signal.aborted && put(place, h("p.note", told(error))),
		);
	};
	const { calibration } = report;
	return [
		h("div.split", figuresCard(report, model), aboutCard(model, task, report)),
		h(
			"div.split",
			labelsCard(report, task),
			calibration &&
				h(
					"section.card",
					{ label: "Calibration" },
					h("h2", "Can its probabilities be trusted?"),
					calibrationOf(calibration),
				),
		),
		confusionsCard(report, task, canLook ? look : null),
		later(
			model.dataset_is_sample ? async () => null : () => mistakesCard(task, judged, signal),
			"Worst mistakes",
			signal,
		),
		usageOf(task, model),
		layersCard(model, signal),
		picturesCard(model, signal),
		later(() => historyCard(task, changed, signal), "Changes", signal),
	];
}

/** A card that comes when it is there; what cannot be had is told in its place. @param {() => Promise<any>} ask @param {string} name @param {AbortSignal} signal */
function later(ask, name, signal) {
	const place = h("div", { "data-later": name });
	const card = (/** @type {import("./dom.js").Child[]} */ ...content) =>
		put(place, h("section.card", { label: name }, h("h2", name), content));
	const look = () => {
		put(place, paleBox());
		ask().then(
			(found) => (found ? put(place, found) : place.remove()),
			(error) => !signal.aborted && card(h("p.soft", told(error)), canRepeat(error) && h("div.row", again)),
		);
	};
	const again = button("Try again", look);
	look();
	return place;
}

/** @param {TaskDetail} task @param {Changed} changed @param {AbortSignal} signal */
const historyCard = async (task, changed, signal) =>
	h(
		"section.card",
		{ label: "Changes" },
		h("h2", "Which version was active"),
		await historyOf(task.name, changed, signal),
	);

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

/** @param {ModelDetail} model @param {AbortSignal} signal */
function layersCard(model, signal) {
	const diagram = (/** @type {Drawing} */ { path }) => new Picture(path, "Layers of the model", signal).node;
	return h(
		"section.card",
		{ label: "Layers" },
		h("h2", "Layers"),
		h("div.split", layers(model), model.pictures.filter(isDiagram).map(diagram)),
	);
}

/** @param {Drawing} drawing */
const isDiagram = ({ path }) => path.includes("/diagram.");

/** @param {ModelDetail} model @param {AbortSignal} signal */
function picturesCard({ pictures: found }, signal) {
	const others = found.filter((drawing) => !isDiagram(drawing));
	return others.length > 0 && h("section.card.pictured", { label: "Pictures" }, pictures(others, "the model", signal));
}

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
