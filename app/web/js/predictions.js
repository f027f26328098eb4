// Predictions: one request under way, then the newest input; again until there is an answer.

import { pause, post } from "./api.js";
import { alertLine, h, percent, put } from "./dom.js";

/**
 * `predict(input)` asks; `found(answer, input, more)` gives what `result` then shows, `more` being what `also(input)` was
 * answered meanwhile. `drop(content)` shows this and no answer.
 * An old answer is never left beside an input that it is not for: `forget` takes back what `found` showed elsewhere.
 */
export function predictor({ task, model, show, signal }, found, forget = () => {}, also = () => null) {
	const result = h("div.stack", { "aria-live": "polite" });
	let wanted = null;
	let busy = false;
	const drop = (content) => {
		wanted = null;
		forget();
		put(result, content);
	};
	const ask = async (input) => {
		const request = { task: task.name, explain: true, ...input, ...model() };
		if (task.name === "newswire") request.top_k = 8;
		const [answer, more] = await Promise.all([post("predict", request, signal), also(input)]);
		if (!wanted) return;
		show(request);
		put(result, found(answer, input, more));
		if (wanted === input) wanted = null;
	};
	const work = async () => {
		while (wanted && !signal.aborted) {
			const asked = wanted;
			result.ariaBusy = "true";
			try { await ask(asked); } catch (error) {
				if (wanted && !signal.aborted) {
					forget();
					if (result.textContent !== error.told) put(result, alertLine(error.told ?? error.message));
					if (error.passing) await pause(1000, signal);
					else if (wanted === asked) wanted = null;
				}
			}
			result.ariaBusy = "false";
		}
		busy = false;
	};
	const predict = (input) => {
		wanted = input;
		if (busy) return;
		busy = true;
		work().catch(() => {}); // it fails when the view is left
	};
	return { predict, result, drop };
}

/** What the model warns of: values beyond those it was trained on. */
export function warnings(prediction) {
	const found = prediction.warnings;
	return found.length > 0 && h("ul.note", found.map((one) => h("li", `${one.field}: ${one.message}`)));
}

/** The answer in large letters, with its probability. */
export const verdict = (prediction, word) =>
	h("p.verdict", prediction.abstained ? "not sure enough" : String(word), " ", h("small", percent(prediction.probability)));
