// A model's page: its figures, layers and pictures; activate it, take its files.

import { fileUrl, get } from "./api.js";
import { alertLine, badge, button, count, duration, facts, h, moment, put, table, title } from "./dom.js";
import { activate } from "./models.js";
import { figuresOf } from "./run.js";

export async function show(place, [id], signal) {
	const model = await get(`models/${id}`, signal);
	const [task, runs] = await Promise.all([get(`tasks/${model.task}`, signal), get(`runs?task=${model.task}&limit=500`, signal)]);
	const { manifest } = model;
	const problem = alertLine();
	const state = h("div.row.push");
	const drawState = (active) => put(state, 
		active ? badge("active") : button("Activate", () => activate(model, () => drawState(true), problem), { class: "main" }),
		button("Download", async () => {
			try { h("a", { href: await fileUrl(`models/${id}/archive`, signal), download: `${id}.zip` }).click(); } catch (error) { problem.textContent = error.message; }
		}),
		runs.items.some((run) => run.id === model.run_id) && h("a.button", { href: `#/runs/${model.run_id}` }, "Its run"));
	drawState(model.active);
	const settings = facts([["Task", task.title], ["Dataset", model.dataset + (model.dataset_is_sample ? " (toy rows)" : "")],
		["Rows", `${count(manifest.dataset.train_rows)} training, ${count(manifest.dataset.test_rows)} test`], ["Preset", manifest.preset], ["Seed", String(manifest.seed)],
		["Weights", count(manifest.parameters)], ["Trained", h("span", moment(model.created_at), `, ${duration(manifest.seconds)} on ${manifest.device}`)],
		["NumPy against Keras", `differ by at most ${manifest.parity.max_difference.toExponential(1)} on ${manifest.parity.rows} rows`]]);
	const layers = manifest.layers.map((layer, number) => [`${number + 1}`, layer.kind, layer.units ?? "", layer.activation ?? (layer.rate ? `rate ${layer.rate}` : ""), count(layer.parameters)]);
	place.append(h("div.stack",
		h("div.head", title(`${task.title}, version ${model.version}`), state,
			h("p.lead.small", h("span.mono", id), " · ", h("a", { href: "#/models" }, "all models"))), problem,
		h("div.split",
			h("section.card", h("h2", "Figures"), figuresOf(model), h("h2", "Layers"), table("Layers", ["Layer", "Kind", "Units", "Activation", "Weights"], layers, 4)),
			h("section.card", h("h2", "About"), settings)),
		h("section.card", { label: "Pictures" }, pictures(model, "the model", signal))));
}

/** The pictures that an answer of the service names. */
export const pictures = (found, of, signal) => h("div.charts", found.pictures.map(({ title, path }) => {
	const image = h("img.picture", { alt: `${title} of ${of}` });
	fileUrl(path, signal).then((url) => { image.src = url; }, () => image.parentNode.remove());
	return h("div.stack", h("h2", title), image);
}));
