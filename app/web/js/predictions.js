// Predictions: one request under way, then the newest input; again until there is an answer.

import { answerOf, placeWarnings } from "./answers.js";
import { densely, pause, told } from "./api.js";
import { alertLine, h, put } from "./dom.js";
import { resolve } from "./schema.js";

/** @import { Fields, Prediction, TaskDetail } from "../../client/densely.js" */
/** @import { ModelChoice } from "./try-model.js" */
/** @import { Limits } from "./try-limits.js" */
/** @import { Limits as Doubts } from "./answers.js" */

const MOST_LABELS = 8; // that are shown of an answer with many

/**
 * What a form of the Try it view is given: the task, which model is asked and with which limits, where to show the
 * request as it was sent and an answer in short, and a signal of when the view is left.
 *
 * @typedef {object} Context
 * @property {TaskDetail} task
 * @property {ModelChoice} choice
 * @property {() => { model?: number } & Limits} options
 * @property {() => Doubts} limits
 * @property {(request: object) => void} show
 * @property {(prediction: Prediction | null) => void} tell null: there is none
 * @property {AbortSignal} signal
 */

/**
 * What becomes of answers `A` to inputs `F`, of one or of many. An old answer is never left beside an input that it is
 * not for.
 *
 * @template {Fields | Fields[]} F
 * @template {Prediction | Prediction[]} A
 * @typedef {object} Reaction
 * @property {(answer: A, input: F, more: any) => any} found gives what to show, below the answer if it is one
 * @property {Record<string, HTMLElement>} [warned] where to warn of which field
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
	constructor(context, { found, warned = {}, forget = () => {}, also = async () => null }) {
		this.context = context;
		this.found = found;
		this.warned = warned;
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
		this.#clear();
		put(this.result, content);
	}

	#clear() {
		this.forget();
		placeWarnings(this.warned, []);
		this.context.tell(null);
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
		const { task, show, choice, options: asked, limits, tell, signal } = this.context;
		// Many are cells of a picture, which shows every answer.
		const options = { ...optionsOf(task, input), ...(Array.isArray(input) ? choice.options() : asked()) };
		const asking = densely.predict(task.name, input, { ...options, signal });
		const [answer, more] = await Promise.all([asking, this.also(input)]);
		if (!this.#wanted) return;
		const found = this.found(/** @type {A} */ (answer), input, more);
		if (Array.isArray(answer)) put(this.result, found);
		else {
			show({ task: task.name, ...input, ...options });
			tell(answer);
			put(this.result, answerOf(task, answer, limits()), placeWarnings(this.warned, answer.warnings), found);
		}
		if (this.#wanted === input) this.#wanted = null;
	}

	/** @param {any} error @param {F} asked */
	async #failed(error, asked) {
		const { signal } = this.context;
		if (!this.#wanted || signal.aborted) return;
		this.#clear();
		if (this.result.textContent !== told(error, true)) put(this.result, alertLine(told(error, true)));
		if (error.isPassing) await pause(1000, signal);
		else if (this.#wanted === asked) this.#wanted = null;
	}
}

/** One input is explained; of many labels only the first are asked for. @param {TaskDetail} task @param {unknown} input */
export function optionsOf({ output_schema: schema }, input) {
	const hasTop = "top" in resolve(schema, schema).properties;
	return {
		...(!Array.isArray(input) && { explain: true }),
		...(hasTop && { top_k: MOST_LABELS }),
	};
}
