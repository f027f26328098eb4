// Predictions: one request under way, then the newest input; again until there is an answer.

import { densely, pause, told } from "./api.js";
import { alertLine, h, put } from "./dom.js";
import { resolve } from "./schema.js";

/** @import { Fields, Prediction, TaskDetail } from "../../client/densely.js" */

const MOST_LABELS = 8; // that are shown of an answer with many

/**
 * What a form of the Try it view is given: the task, which model is asked, where to show the request as it was sent, and
 * a signal of when the view is left.
 *
 * @typedef {object} Context
 * @property {TaskDetail} task
 * @property {() => { model?: number }} model
 * @property {(request: object) => void} show
 * @property {AbortSignal} signal
 */

/**
 * What becomes of answers `A` to inputs `F`, of one or of many. An old answer is never left beside an input that it is
 * not for.
 *
 * @template {Fields | Fields[]} F
 * @template {Prediction | Prediction[]} A
 * @typedef {object} Reaction
 * @property {(answer: A, input: F, more: any) => any} found gives what to show
 * @property {() => void} [forget] takes back what `found` showed elsewhere
 * @property {(input: F) => Promise<any>} [also] is asked at the same time; `found` gets its answer as `more`
 */

/**
 * Asks for predictions, and shows them in the element `result`.
 *
 * @template {Fields | Fields[]} F
 * @template {Prediction | Prediction[]} A
 */
export class Predictor {
	result = h("div.stack", { "aria-live": "polite" });
	/** @type {F | null} */
	#wanted = null;
	#isBusy = false;

	/**
	 * @param {Context} context
	 * @param {Reaction<F, A>} reaction
	 */
	constructor(context, { found, forget = () => {}, also = async () => null }) {
		this.context = context;
		this.found = found;
		this.forget = forget;
		this.also = also;
	}

	/** @param {F} input */
	predict(input) {
		this.#wanted = input;
		if (this.#isBusy) return;
		this.#isBusy = true;
		this.#work().catch(() => {}); // it fails when the view is left
	}

	/** Shows this, and no answer. @param {import("./dom.js").Child} content */
	drop(content) {
		this.#wanted = null;
		this.forget();
		put(this.result, content);
	}

	async #work() {
		while (this.#wanted && !this.context.signal.aborted) {
			const asked = this.#wanted;
			this.result.ariaBusy = "true";
			await this.#ask(asked).catch((error) => this.#failed(error, asked));
			this.result.ariaBusy = "false";
		}
		this.#isBusy = false;
	}

	/** @param {F} input */
	async #ask(input) {
		const { task, show, model, signal } = this.context;
		const options = { ...optionsOf(task, input), ...model() };
		const asked = densely.predict(task.name, input, { ...options, signal });
		const [answer, more] = await Promise.all([asked, this.also(input)]);
		if (!this.#wanted) return;
		if (!Array.isArray(input)) show({ task: task.name, ...input, ...options });
		put(this.result, this.found(/** @type {A} */ (answer), input, more));
		if (this.#wanted === input) this.#wanted = null;
	}

	/** @param {any} error @param {F} asked */
	async #failed(error, asked) {
		const { signal } = this.context;
		if (!this.#wanted || signal.aborted) return;
		this.forget();
		if (this.result.textContent !== told(error, true)) put(this.result, alertLine(told(error, true)));
		if (error.isPassing) await pause(1000, signal);
		else if (this.#wanted === asked) this.#wanted = null;
	}
}

/** One input is explained; of many labels only the first are asked for. @param {TaskDetail} task @param {unknown} input */
function optionsOf({ output_schema: schema }, input) {
	const hasTop = "top" in resolve(schema, schema).properties;
	return {
		...(!Array.isArray(input) && { explain: true }),
		...(hasTop && { top_k: MOST_LABELS }),
	};
}
