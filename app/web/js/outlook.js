// What the training would be, as the service tells it while it is being put together.

import { densely, told } from "./api.js";
import { count, counted, duration, h, put } from "./dom.js";

/** @import { Estimate, Preview, RecipeChange } from "../../client/densely.js" */
/** @import { Misfit } from "./schema.js" */

const WAIT = 250; // ms after the last change
/** @type {Record<Estimate["from"], string>} */
const OF = { "same recipe": "of the same recipe", "similar runs": "of this dataset", weights: "of other tasks" };

export class Outlook {
	#time = h("p.verdict.num");
	#about = h("p.soft.small");
	#changes = h("div");
	#doubts = h("ul.note.told", { label: "Warnings" });
	#stale = h("p.caution", { hidden: true }, "Out of date: this is not of what stands in the fields now.");
	#timer = 0;
	#asked = "";

	/**
	 * @param {AbortSignal} signal
	 * @param {(preview: Preview | null, errors: Misfit[]) => void} show is told what came
	 */
	constructor(signal, show) {
		this.signal = signal;
		this.show = show;
		this.#doubts.hidden = true;
		this.node = h("div.stack", this.#stale, h("div", this.#time, this.#about), this.#changes, this.#doubts);
	}

	/** Asks anew, a moment later; null: what stands there is wrong. @param {any} request */
	ask(request) {
		if (!request) this.#mark(true);
		const text = JSON.stringify(request);
		if (text === this.#asked) return;
		this.#asked = text;
		clearTimeout(this.#timer);
		if (request) this.#timer = setTimeout(() => this.#fetch(text), WAIT);
	}

	/** Says whether what is shown is of something else than what stands there. @param {boolean} isStale */
	#mark(isStale) {
		this.#stale.hidden = !isStale || !this.#time.textContent;
		this.node.classList.toggle("stale", !this.#stale.hidden);
	}

	/** @param {string} text */
	async #fetch(text) {
		const { task, ...settings } = JSON.parse(text);
		try {
			const preview = await densely.preview(task, { ...settings, signal: this.signal });
			if (this.#asked === text) this.#fill(preview);
		} catch (/** @type {any} */ error) {
			if (this.signal.aborted || this.#asked !== text) return;
			if (error.isPassing) this.#asked = "";
			this.#mark(true);
			this.show(null, error.errors?.length ? error.errors : [{ field: "", message: told(error) }]);
		}
	}

	/** @param {Preview} preview */
	#fill(preview) {
		this.#mark(false);
		const { estimate, parameters, queue_seconds: wait, warnings, changes } = preview;
		this.#time.textContent = estimate ? `about ${duration(estimate.seconds)}` : "time not known";
		put(this.#about, estimate ? timeOf(estimate) : "No run has ended here from which it could be told.", waitOf(wait));
		put(this.#about, `${this.#about.textContent} ${counted(parameters, "parameter")}.`);
		put(this.#changes, changesOf(changes));
		put(
			this.#doubts,
			warnings.map((words) => h("li", words)),
		);
		this.#doubts.hidden = !warnings.length;
		this.show(preview, []);
	}
}

/** @param {Estimate} estimate */
const timeOf = ({ low, high, runs, from }) =>
	`Between ${duration(low)} and ${duration(high)}, by ${counted(runs, "run")} ${OF[from]}.`;

/** @param {number | null} wait */
const waitOf = (wait) =>
	wait === null ? "" : wait < 1 ? " It can begin at once." : ` It waits about ${duration(wait)}.`;

/** @param {RecipeChange[]} changes */
function changesOf(changes) {
	if (!changes.length) return h("p.soft.small", "As the preset has it.");
	return [
		h("h3", "Not as in the preset"),
		h(
			"dl.facts.small",
			changes.map(({ field, preset, value }) => [
				h("dt", h("code", field.replace("recipe.", ""))),
				h("dd", h("s.soft", brief(preset)), " → ", h("b", brief(value))),
			]),
		),
	];
}

const SIZES = ["units", "filters", "rate", "pool_size", "learning_rate", "words", "max_features", "size", "folds"];

/** A value in few letters: of parts, their kinds and their sizes. @param {any} value @returns {string} */
function brief(value) {
	if (value === null) return "none";
	if (Array.isArray(value)) return value.map(brief).join(", ") || "none";
	if (typeof value === "number") return Math.abs(value) >= 1e4 ? count(value) : String(value);
	if (typeof value !== "object") return String(value).replaceAll("_", " ");
	if (!value.kind) return settingsOf(value);
	const size = SIZES.find((one) => one in value);
	return [value.kind.replaceAll("_", " "), size && String(value[size])].filter(Boolean).join(" ");
}

/** @param {any} value */
const settingsOf = (value) =>
	Object.entries(value)
		.map(([name, one]) => `${name.replaceAll("_", " ")} ${brief(one)}`)
		.join(", ");
