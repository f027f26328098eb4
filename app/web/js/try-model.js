// Which model answers: what it learnt from, how good it is beside guessing, and the choice of another.

import { densely, told } from "./api.js";
import { alertLine, badge, button, figure, h, moment, put, say } from "./dom.js";
import { toyNotice } from "./toys.js";
import { isOfWords } from "./words.js";

/** @import { Metrics, Model, ModelDetail, Prediction, Task } from "../../client/densely.js" */

const FIGURES = ["accuracy", "f1", "mae"]; // by which models are told apart, of which each has one

/** @param {Metrics} metrics @returns {string | undefined} the name of the figure of the test split */
export const figureName = ({ test }) => FIGURES.find((one) => one in test);

/** @typedef {{ model: Model | ModelDetail | null, isActive: boolean }} Chosen `isActive`: whichever that is */

/**
 * The model that the address asks for, by its id or version; else the active one, also where there is no such model,
 * which `problem` tells.
 *
 * @param {Task} task
 * @param {string | null} wanted
 * @param {HTMLElement} problem
 * @param {AbortSignal} signal
 * @returns {Promise<Chosen>}
 */
export async function modelOf(task, wanted, problem, signal) {
	const found = wanted && wanted !== "active" ? await named(task, wanted, problem, signal) : null;
	if (found || !task.active_model) return { model: found, isActive: !found };
	// Of an artifact that cannot be read any more the list tells enough; asked for an answer it says what is wrong.
	const model = await densely.model(task.active_model.id, { signal }).catch(() => task.active_model);
	return { model, isActive: true };
}

/** @param {Task} task @param {string} wanted @param {HTMLElement} problem @param {AbortSignal} signal */
async function named(task, wanted, problem, signal) {
	try {
		const found = await densely.model(await idOf(task, wanted, signal), { signal });
		if (found.task === task.name) return found;
		const link = h("a", { href: `#/try/${found.task}?model=${found.id}` }, `Try it with ${found.task}.`);
		put(problem, `Model ${found.id} is one of ${found.task}: the active one of ${task.name} answers. `, link);
	} catch (/** @type {any} */ error) {
		if (signal.aborted || ![404, 422].includes(error.status)) throw error;
		put(problem, `There is no model ${wanted} of ${task.name}: the active one answers.`);
	}
	return null;
}

/** A version's id: whoever answers says who it is, however many versions there are. @param {Task} task @param {string} wanted @param {AbortSignal} signal */
async function idOf({ name, example }, wanted, signal) {
	if (!/^\d+$/.test(wanted)) return wanted;
	const { model } = await densely.predict(name, example, { model: Number(wanted), signal });
	return model.id;
}

/** The model that is asked, as a card. */
export class ModelChoice {
	node = h("section.card.answering", { label: "Model" });
	/** @type {() => void} */
	changed = () => {};
	/** @type {Model | ModelDetail | null} */
	model;
	#isActive;
	#notice = h("div.stack", { hidden: true });
	#problem = alertLine();
	#said = h("p.warning");

	/** @param {Task} task @param {Chosen} chosen @param {AbortSignal} signal */
	constructor(task, { model, isActive }, signal) {
		this.task = task;
		this.signal = signal;
		this.model = model;
		this.#isActive = isActive;
		if (model) this.#draw().catch(() => {}); // it fails when the view is left
	}

	/** What a prediction is asked with. @returns {{ model?: number }} */
	options() {
		return this.#isActive || !this.model ? {} : { model: this.model.version };
	}

	/** Of the view with this model. */
	address({ isMany = false } = {}) {
		const parts = [!this.#isActive && `model=${this.model?.id}`, isMany && "several"].filter(Boolean);
		return `#/try/${this.task.name}${parts.length ? `?${parts.join("&")}` : ""}`;
	}

	/** Novelty from which on it warns; undefined where it tells none. @returns {number | undefined} */
	get limit() {
		return /** @type {any} */ (this.model)?.manifest?.novelty?.limit;
	}

	/** Whether its effects tell of a word wherever it stands, not of each place by itself. */
	get isOfWords() {
		return isOfWords(/** @type {any} */ (this.model)?.manifest?.recipe);
	}

	/** Tells what an answer says of its model; another one may have become active. @param {Prediction} prediction */
	answered({ model, warnings }) {
		const own = this.model?.dataset_is_sample ? [] : warnings.filter(({ field }) => field === "model");
		put(this.#said, own.map(({ message }) => message).join("; "));
		if (model.id === this.model?.id) return;
		this.model = { .../** @type {Model} */ (this.model), ...model };
		this.#changeTo(model.id).catch(() => {});
	}

	/** @param {string} id of the model that is active now */
	async #changeTo(id) {
		this.model = await densely.model(id, { signal: this.signal });
		this.task.active_model = this.model;
		say(`Version ${this.model.version} is active now`);
		await this.#draw();
	}

	async #draw() {
		const {
			version,
			id,
			dataset,
			dataset_is_sample: isToy,
			metrics,
			active,
			created_at: made,
		} = /** @type {Model} */ (this.model);
		put(
			this.node,
			h(
				"div.row",
				h("a.name", { href: `#/models/${id}` }, `Version ${version}`),
				this.#isActive || active ? badge("active") : h("span.badge", "not the active one"),
				h("span", h("span.soft", "trained on "), dataset, isToy && " ", isToy && badge("toy")),
				measured(metrics),
				h("span.soft.small.made", "made ", moment(made)),
				button("Other version", () => this.#choose(), { class: "push" }),
			),
			this.#notice,
			this.#said,
			this.#problem,
		);
		this.#notice.hidden = !isToy;
		if (isToy) put(this.#notice, await this.#toy(version));
	}

	/** @param {number} version */
	async #toy(version) {
		const anew = () => dispatchEvent(new Event("hashchange")); // shows all anew
		if (this.#isActive) return toyNotice(this.task, anew, this.#problem, this.signal);
		const words = `A toy answers: version ${version} was trained on the bundled sample, not on real data.`;
		return h("div.caution.row", { role: "note" }, h("p", h("strong", words)));
	}

	async #choose() {
		const { pick } = await import("./try-versions.js");
		const id = await pick(this.task, this.#isActive ? "active" : (this.model?.id ?? ""), this.signal);
		if (!id) return;
		try {
			const active = this.task.active_model?.id;
			const wanted = id === "active" ? active : id;
			this.model = await densely.model(/** @type {string} */ (wanted), { signal: this.signal });
			this.#isActive = id === "active";
			this.#problem.textContent = "";
		} catch (error) {
			this.#problem.textContent = told(error);
			return;
		}
		put(this.#said);
		const isMany = location.hash.includes("several");
		history.replaceState(null, "", this.address({ isMany }));
		say(`Version ${this.model.version} answers`);
		this.changed();
		await this.#draw();
	}
}

/** The figure of the test split, and what guessing scores. @param {Metrics} metrics */
function measured(metrics) {
	const name = figureName(metrics);
	if (!name) return h("span.soft", "not measured");
	const guessing = metrics.baseline[name];
	return h(
		"span.num",
		h("span.keep", h("span.soft", `test ${name} `), h("b", figure(name, metrics.test[name]))),
		guessing !== undefined && [" ", h("span.soft.keep", `(guessing ${figure(name, guessing)})`)],
	);
}
