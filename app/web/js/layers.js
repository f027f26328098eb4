// The layer builder: each layer with its settings, what comes out of it, and what is not as in the preset.

import { badge, button, count, h, on, put, say } from "./dom.js";
import { same } from "./draft.js";
import { options } from "./fields.js";
import { aligned } from "./layers-diff.js";
import { folded, kindsOf, settingsOf } from "./part-fields.js";

/** @import { LayerPreview, Part, Preview } from "../../client/densely.js" */
/** @import { Line } from "./layers-diff.js" */
/** @import { Bound, Place } from "./part-fields.js" */

const PATH = "recipe.layers";
const FIRST = ["units", "filters", "kernel_size", "pool_size", "rate", "activation"];
const OF_PICTURES = ["conv2d", "max_pool", "global_average_pool", "flatten"];
const FIELD = ".label :is(input,select)";
const NEEDS_PICTURE = ["conv2d", "max_pool", "global_average_pool"];
const MAKES_ROWS = ["dense", "flatten", "global_average_pool"];
/** What a new layer begins with. @type {Record<string, any>} */
const START = { dense: { units: 16 }, conv2d: { filters: 32 }, dropout: { rate: 0.5 } };

/** `Global average pool`. @param {string} kind */
const nameOf = (kind) => kind[0].toUpperCase() + kind.slice(1).replaceAll("_", " ");

/** `13 × 13 × 32`. @param {number[]} shape */
export const shapeOf = (shape) => shape.map(count).join(" × ");

export class LayerBuilder {
	#list = h("ol.layers");
	#kind = h("select", { label: "Kind of the layer to add" });
	#input = h("span.num");
	#head = h("span.num");
	/** @type {Bound[]} */
	#bounds = [];
	/** @type {HTMLElement[]} */
	#made = []; // of each layer, what comes out of it
	#drawn = "";
	#dragged = -1;

	/** @param {Place} place @param {any} schema of the list */
	constructor(place, schema) {
		this.place = place;
		this.forms = kindsOf(schema.items, place.root);
		const whole = place.fields.field(PATH, "Layers", h("div", { role: "group", label: "Layers", tabindex: -1 }));
		whole.firstChild.remove();
		const add = button("Add the layer", () => this.#add(this.#kind.value));
		put(
			place.fields.inputs[PATH],
			h("p.layer.end", h("span", "Input"), this.#input),
			this.#list,
			h("p.layer.end", this.#ending, this.#head),
		);
		this.node = h("section.card", h("h2", "Layers"), whole, h("div.row.adding", this.#kind, add));
	}

	#ending = h("span");

	/** @returns {Part[]} */
	get #layers() {
		return this.place.draft.recipe.layers;
	}

	/** @returns {Part[]} */
	get #preset() {
		return this.place.draft.preset.recipe.layers;
	}

	/** Follows the draft; the rows are made anew where other layers are there. */
	sync() {
		const { draft } = this.place;
		const { kind } = draft.task;
		const suits = (/** @type {string} */ one) =>
			OF_PICTURES.includes(one) ? kind === "image" : one !== "batch_norm" || kind !== "text";
		const chosen = this.#kind.value;
		const kinds = Object.keys(this.forms).filter(suits);
		put(this.#kind, options(kinds.map((one) => [one, nameOf(one)])));
		if (kinds.includes(chosen)) this.#kind.value = chosen;
		put(this.#ending, "Output ", h("span.soft", draft.recipe.head.replaceAll("_", " ")));
		const layers = this.#layers;
		if (!Array.isArray(layers) || layers.some((one) => !(one?.kind in this.forms))) return; // the JSON is unfinished
		const lines = aligned(layers, this.#preset);
		const now = JSON.stringify(lines.map(({ place, was }) => [place, was, place === null || layers[place].kind]));
		if (now !== this.#drawn) this.#draw(lines);
		this.#drawn = now;
		for (const one of this.#bounds) one.sync();
		for (const node of this.#list.querySelectorAll(".layer[data-place]")) this.#mark(node, lines);
	}

	/** @param {HTMLElement} node @param {Line[]} lines */
	#mark(node, lines) {
		const place = Number(node.dataset.place);
		const line = lines.find((one) => one.place === place);
		const isChanged = line?.was && !same(complete(line.was, this.forms), complete(this.#layers[place], this.forms));
		node.classList.toggle("new", !line?.was);
		node.classList.toggle("changed", Boolean(isChanged));
	}

	/** @param {Line[]} lines */
	#draw(lines) {
		for (const one of this.#bounds) this.place.fields.forget(one.path);
		this.#bounds = [];
		this.#made = [];
		let above = 0; // layers that are there
		const rows = lines.map(({ place, was }) => {
			if (place === null) return this.#gone(/** @type {Part} */ (was), above);
			above += 1;
			return this.#row(place, was);
		});
		put(this.#list, rows);
		if (!lines.length) put(this.#list, h("li.hint", "None: the output layer alone, a linear model."));
	}

	/** @param {number} place @param {Part | null} was */
	#row(place, was) {
		const { kind } = this.#layers[place];
		const path = `${PATH}.${place}`;
		const name = `layer ${place + 1}, ${nameOf(kind)}`;
		const bounds = settingsOf(this.place, path, this.forms[kind], () => was ?? {});
		this.#bounds.push(...bounds);
		const made = h("span.made.num");
		this.#made[place] = made;
		const tool = (
			/** @type {string} */ words,
			/** @type {string} */ sign,
			/** @type {() => void} */ action,
			off = false,
		) => button(sign, action, { class: "tool", label: `${words} ${name}`, title: words, disabled: off });
		const last = this.#layers.length - 1;
		const row = h(
			"li.layer",
			{ "data-place": place },
			h(
				"div.row.ends",
				h("span.grip", { "aria-hidden": "true", draggable: "true", title: "Drag to move" }, "⠿"),
				h("b", nameOf(kind)),
				!was && badge("new"),
				made,
				h(
					"span.moves",
					tool("Move up", "↑", () => this.#move(place, place - 1), place === 0),
					tool("Move down", "↓", () => this.#move(place, place + 1), place === last),
					tool("Remove", "✕", () => this.#remove(place)),
				),
			),
			h("div.grid", folded(bounds, FIRST)),
		);
		this.#listen(row, place);
		return row;
	}

	/** Moves by mouse, and by Alt and an arrow from anywhere in the row. @param {HTMLElement} row @param {number} place */
	#listen(row, place) {
		on(row, "keydown", (event) => {
			const step = { ArrowUp: -1, ArrowDown: 1 }[/** @type {string} */ (event.key)];
			if (!event.altKey || !step) return;
			event.preventDefault();
			this.#move(place, place + step);
		});
		on(row, "dragstart", (event) => {
			this.#dragged = place;
			event.dataTransfer.setDragImage(row, 12, 12);
			event.dataTransfer.effectAllowed = "move";
			event.dataTransfer.setData("text/plain", String(place));
		});
		on(row, "dragover", (event) => {
			if (this.#dragged < 0 || this.#dragged === place) return;
			event.preventDefault();
			row.classList.add("over-it");
		});
		on(row, "dragleave drop dragend", () => row.classList.remove("over-it"));
		on(row, "drop", (event) => {
			event.preventDefault();
			if (this.#dragged >= 0) this.#move(this.#dragged, place);
		});
		on(row, "dragend", () => {
			this.#dragged = -1;
		});
	}

	/** A layer of the preset that is not there. @param {Part} layer @param {number} place where it would be */
	#gone(layer, place) {
		const settings = FIRST.filter((one) => one in layer).map((one) => String(layer[one]));
		const words = [nameOf(layer.kind), ...settings].join(" ");
		const back = button("Put it back", () => this.#insert(place, layer), {
			class: "was",
			label: `Put back ${words}`,
		});
		return h("li.layer.gone", h("div.row.ends", h("s", words), h("span.soft.small", "of the preset"), back));
	}

	/** @param {string} kind */
	#add(kind) {
		const layers = this.#layers;
		const rows = layers.findIndex((one) => MAKES_ROWS.includes(one.kind));
		const place = NEEDS_PICTURE.includes(kind) && rows >= 0 ? rows : layers.length; // where it can follow
		this.#insert(place, { kind, ...START[kind] });
		say(`${nameOf(kind)} added as layer ${place + 1}`);
	}

	/** @param {number} place @param {Part} layer */
	#insert(place, layer) {
		this.#put(this.#layers.toSpliced(place, 0, layer));
		this.#list.querySelector(`[data-place="${place}"]`)?.querySelector(FIELD)?.focus();
	}

	/** @param {number} place */
	#remove(place) {
		this.#put(this.#layers.toSpliced(place, 1));
		say(`Layer ${place + 1} removed`);
		const next = Math.min(place, this.#layers.length - 1);
		(this.#list.querySelector(`[data-place="${next}"] .tool:last-child`) ?? this.#kind).focus();
	}

	/** What has the focus goes along. @param {number} from @param {number} to */
	#move(from, to) {
		const layers = this.#layers;
		if (to < 0 || to >= layers.length || from === to) return;
		const focused = whichOf(document.activeElement);
		this.#put(layers.toSpliced(from, 1).toSpliced(to, 0, layers[from]));
		say(`Layer ${from + 1} is now layer ${to + 1}`);
		const row = this.#list.querySelector(`[data-place="${to}"]`);
		const found = focused && row.querySelector(focused);
		(found && !found.disabled ? found : row.querySelector(".tool:not(:disabled)")).focus();
	}

	/** @param {Part[]} layers */
	#put(layers) {
		this.place.draft.set(PATH, layers);
		this.place.changed();
	}

	/** Says what comes out of each layer; null: it is not known. @param {Preview | null} preview */
	show(preview) {
		const most = preview?.input_from === "most" ? "≤ " : "";
		this.#input.textContent = preview
			? `${most}${shapeOf(preview.input)} ${preview.input.length > 1 ? "" : "numbers"}`
			: "";
		const layers = preview?.layers ?? [];
		const told = (/** @type {number} */ place) => madeOf(layers[place], place ? "" : most);
		this.#made.forEach(
			(node, place) => (node.textContent = layers.length === this.#made.length + 1 ? told(place) : ""),
		);
		this.#head.textContent = layers.length ? told(layers.length - 1) : "";
	}
}

/** A selector of an element, within its row. @param {Element | null} element */
function whichOf(element) {
	const field = element?.closest(".layer [data-field]")?.getAttribute("data-field")?.split(".").at(-1);
	const tool = element?.getAttribute("title");
	return field ? `[data-field$=".${field}"] :is(input,select)` : tool && `.tool[title="${tool}"]`;
}

/** @param {LayerPreview} layer @param {string} most */
const madeOf = ({ output, parameters }, most) =>
	`→ ${shapeOf(output)}${parameters ? ` · ${most}${count(parameters)} parameters` : ""}`;

/** A layer with the settings that it leaves out. @param {Part} layer @param {Record<string, any>} forms */
function complete(layer, forms) {
	const { properties } = forms[layer.kind];
	return Object.keys(properties).map((name) => layer[name] ?? properties[name].default ?? null);
}
