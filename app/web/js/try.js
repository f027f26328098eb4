// Try it: a tab for each task; each shows the request that it has just made. `?model=` in the address is an id or a
// version, `?several` asks for many inputs at once.

import { densely } from "./api.js";
import { atHand } from "./at-hand.js";
import { alertLine, button, h, put, title } from "./dom.js";
import { snippet } from "./snippet.js";
import { taskBar } from "./task-bar.js";
import { limitsOf } from "./try-limits.js";
import { ModelChoice, modelOf } from "./try-model.js";

/** @import { Fields, Task, TaskDetail } from "../../client/densely.js" */
/** @import { Context } from "./predictions.js" */

/** @typedef {(place: HTMLElement, context: Context) => () => void} Form it fills the place; what it gives asks again */

/** @type {Record<string, () => Promise<{ show: Form }>>} */
const FORMS = {
	text: () => import("./try-text.js"),
	image: () => import("./try-image.js"),
	table: () => import("./try-table.js"),
	plane: () => import("./try-plane.js"),
	several: () => import("./try-several.js"),
};

/** Shows the form of a task. @type {import("./main.js").View["show"]} */
export async function show(place, [name], signal) {
	const query = new URLSearchParams(location.hash.split("?")[1]);
	const tasks = await densely.tasks({ signal });
	const chosen = tasks.find((task) => task.name === name) ?? tasks[0];
	const isMany = query.has("several") && chosen.kind !== "image";
	const problem = alertLine(name && chosen.name !== name ? `There is no task ${name}: this is another one.` : "");
	const [task, asked, form] = await Promise.all([
		densely.task(chosen.name, { signal }),
		modelOf(chosen, query.get("model"), problem, signal),
		FORMS[isMany ? "several" : chosen.kind](),
	]);
	const choice = new ModelChoice(task, asked, signal);
	const body = h("div.stack");
	place.append(
		taskBar("try", tasks, task, signal),
		h("div.head", title(task.title), task.description && h("p.lead", task.description)),
		h("div.stack", problem, body),
	);
	if (!choice.model) {
		body.append(h("p.note", "No model of this task is active: train one under Runs, or activate one under Models."));
		return;
	}
	ask(body, form.show, task, choice, { isMany, signal });
}

/**
 * @param {HTMLElement} body
 * @param {Form} form
 * @param {TaskDetail} task
 * @param {ModelChoice} choice
 * @param {{ isMany: boolean, signal: AbortSignal }} settings
 */
function ask(body, form, task, choice, { isMany, signal }) {
	const box = snippet();
	const limits = limitsOf(task, choice, () => again());
	const doubts = () => ({ usual: choice.limit, ...limits.read() });
	const strip = atHand(task, doubts);
	const fields = h("div.stack");
	const again = form(fields, {
		task,
		signal,
		choice,
		options: () => ({ ...choice.options(), ...limits.read() }),
		limits: doubts,
		show: (request) => box.show("predict", request),
		tell(prediction) {
			strip.show(prediction);
			if (prediction) choice.answered(prediction);
		},
	});
	const modes = modesOf(task, choice, isMany);
	choice.changed = () => {
		modes.draw();
		limits.draw();
		again();
	};
	put(
		body,
		choice.node,
		h("div.row.top-line", modes.node, limits.node),
		!isMany && strip.node,
		fields,
		!isMany && box.node,
	);
}

/** One input, or several at once. @param {Task} task @param {ModelChoice} choice @param {boolean} isMany */
function modesOf(task, choice, isMany) {
	const one = h("a", { "aria-current": isMany ? null : "page" }, "One input");
	const several = h("a", { "aria-current": isMany ? "page" : null }, "Several at once");
	const draw = () => {
		one.href = choice.address();
		several.href = choice.address({ isMany: true });
	};
	draw();
	return { node: task.kind !== "image" && h("nav.modes", { label: "How many inputs" }, one, several), draw };
}

/** The task's examples as buttons, and `more` beside them. @param {TaskDetail} task @param {(input: Fields) => void} use @param {...any} more */
export const examples = ({ examples: found }, use, ...more) =>
	h(
		"div.row",
		h("span.soft.small", "Examples"),
		found.map((one) => button(one.title, () => use(one.input))),
		more,
	);
