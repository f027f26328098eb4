// One prediction at a time: the newest request wins.

import { offers, post } from "./api.js";
import { alertLine, h, on, percent } from "./dom.js";

/** A function that predicts and gives the answer to `found`; errors are shown in its `problem` element. */
export function predictor(context, found) {
	const problem = alertLine();
	let running = new AbortController();
	on(context.signal, "abort", () => running.abort());
	const predict = async (input) => {
		running.abort();
		running = new AbortController();
		const { signal } = running;
		try {
			const request = { task: context.task.name, ...input, ...context.model() };
			if (await offers(context.task.name, "explain")) request.explain = true;
			if (context.task.name === "newswire") request.top_k = 8;
			const answer = await post("predict", request, signal);
			context.show(request);
			problem.textContent = "";
			found(answer, input);
		} catch (error) {
			if (error.name !== "AbortError" && !signal.aborted) problem.textContent = error.message;
		}
	};
	const drop = () => { running.abort(); problem.textContent = ""; };
	return { predict, problem, drop };
}

/** What the model warns of: values beyond those it was trained on. */
export function warnings(prediction) {
	const found = prediction.warnings ?? [];
	return found.length ? h("ul.note", found.map((one) => h("li", `${one.field}: ${one.message}`))) : null;
}

/** The answer in large letters, with its probability. */
export const verdict = (prediction, word) =>
	h("p.verdict", prediction.abstained ? "not sure enough" : String(word), " ", h("small", percent(prediction.probability)));

/** A place for answers, which screen readers tell when they change. */
export const answers = () => h("div.stack", { "aria-live": "polite" });
