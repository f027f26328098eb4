// A dialog to choose one of a task's versions, however many there are.

import { densely, told } from "./api.js";
import { alertLine, badge, button, count, figure, freshId, h, moment, on, put } from "./dom.js";
import { figureName } from "./try-model.js";

/** @import { Model, Task } from "../../client/densely.js" */

const SHOWN = 40; // of those that fit what is typed
const PAGE = 100; // of a request

/** Whose figure is better when it is higher. @param {Model} model */
const rankOf = ({ metrics }) => {
	const name = figureName(metrics);
	if (!name) return -Infinity;
	return name === "mae" ? -metrics.test[name] : metrics.test[name];
};

/**
 * Asks for a version; its id, `active`, or nothing if none was chosen.
 *
 * @param {Task} task
 * @param {string} present what is chosen now
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
export function pick(task, present, signal) {
	return new Promise((resolve) => {
		const id = freshId("dialog");
		const done = new AbortController();
		const list = new Versions(task, present);
		const close = () => dialog.close("");
		const dialog = h(
			"dialog.versions",
			{
				"aria-labelledby": id,
				onclose() {
					done.abort();
					dialog.remove();
					resolve(dialog.returnValue);
				},
			},
			h(
				"form",
				{ method: "dialog" },
				h("h2", { id }, "Which version answers?"),
				list.nodes,
				h("div.row", button("Cancel", close)),
			),
		);
		signal.addEventListener("abort", close, { once: true, signal: done.signal });
		document.body.append(dialog);
		dialog.showModal();
		list.search.focus();
		list.read(done.signal).catch(() => {}); // it fails when the dialog is closed
	});
}

/** The versions that fit what is typed. */
class Versions {
	search = h("input", { type: "search", autocomplete: "off", placeholder: "number, dataset, toy" });
	#order = h("select", h("option", { value: "new" }, "newest first"), h("option", { value: "best" }, "best first"));
	#list = h("ul.picks");
	#rest = h("p.soft.small", { role: "status" });
	#problem = alertLine();
	/** @type {Model[]} */
	#models = [];
	#isWhole = false;

	/** @param {Task} task @param {string} present */
	constructor(task, present) {
		this.task = task;
		this.present = present;
		on(this.search, "input", () => this.#draw());
		on(this.search, "keydown", (event) => {
			if (event.key === "Enter") event.preventDefault(); // it would choose the first
		});
		on(this.#order, "change", () => this.#draw());
		this.nodes = [
			h("div.row", h("label", "Find", this.search), h("label", "Order", this.#order)),
			this.#problem,
			this.#list,
			this.#rest,
		];
		this.#draw();
	}

	/** Fetches all, page by page, and shows what there is. @param {AbortSignal} signal */
	async read(signal) {
		try {
			for (let cursor = null; !this.#isWhole;) {
				const query = { task: this.task.name, limit: PAGE, cursor };
				const page = await densely.get("models", query, { signal });
				this.#models.push(...page.items);
				cursor = page.next;
				this.#isWhole = cursor === null;
				this.#draw();
			}
		} catch (error) {
			if (!signal.aborted) this.#problem.textContent = told(error);
		}
	}

	#draw() {
		const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
		const fits = this.#models.filter((model) =>
			words.every((/** @type {string} */ word) => textOf(model).includes(word)),
		);
		if (this.#order.value === "best") fits.sort((one, other) => rankOf(other) - rankOf(one));
		const active = this.task.active_model;
		const first =
			active &&
			!words.length &&
			this.#item("active", ["The active one", h("span.soft", `now version ${active.version}`)]);
		put(
			this.#list,
			first,
			fits.slice(0, SHOWN).map((model) => this.#item(model.id, contentOf(model))),
		);
		const more = fits.length - SHOWN;
		if (!this.#isWhole) put(this.#rest, "Looking…");
		else if (!fits.length) put(this.#rest, "No version fits.");
		else put(this.#rest, more > 0 && `and ${count(more)} more: type to find them`);
	}

	/** @param {string} value @param {import("./dom.js").Child[]} content */
	#item(value, content) {
		return h("li", h("button", { value, "aria-current": value === this.present ? "true" : null }, content));
	}
}

/** What a version is found by: `12` and `v12` find version 12. @param {Model} model */
const textOf = ({ version, dataset, dataset_is_sample: isToy, active, id }) =>
	`version v${version} ${dataset} ${isToy ? "toy" : ""} ${active ? "active" : ""} ${id}`.toLowerCase();

/** @param {Model} model */
function contentOf({ version, dataset, dataset_is_sample: isToy, active, metrics, created_at: made }) {
	const name = figureName(metrics);
	return [
		h("b", `Version ${version}`),
		active && badge("active"),
		isToy && badge("toy"),
		h("span", dataset),
		name && h("span.num.soft", `${name} ${figure(name, metrics.test[name])}`),
		h("span.soft.small", moment(made)),
	];
}
