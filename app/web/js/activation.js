// Which model answers: making one active with a reason, undoing that, and the history of it.

import { densely, told } from "./api.js";
import { badge, button, confirmed, h, moment, put, say } from "./dom.js";
import { moreButton } from "./more.js";

/** @import { Activation, Model } from "../../client/densely.js" */

const PAGE = 10;

/**
 * @typedef {object} Changed
 * @property {() => unknown} draw what is called after a change
 * @property {HTMLElement} problem where errors stand
 * @property {HTMLElement} notice where it stands that there was one, and how it is undone
 */

/** @param {Pick<Activation, "task" | "model_id" | "version">} change @returns {Pick<Model, "id" | "task" | "version">} */
const modelOf = ({ model_id: id, task, version }) => ({ id, task, version });

/** A place for what has just been changed. */
export const noticePlace = () => h("div", { role: "status" });

/**
 * Asks for a reason, then makes the model the active one.
 *
 * @param {Pick<Model, "id" | "task" | "version">} model
 * @param {Changed} changed
 * @param {"Activate" | "Roll back"} word
 */
export async function activate(model, changed, word = "Activate") {
	const question = `${word === "Activate" ? "Activate" : "Roll back to"} version ${model.version}?`;
	const effect = `From then on it answers every prediction of ${model.task} that asks for no other version.`;
	const reason = h("input", { maxlength: 200, placeholder: "for those who read the history" });
	const asked = [h("p", effect), h("label", "Reason, if you like", reason)];
	if (await confirmed(question, asked, word)) await use(model, reason.value.trim(), changed);
}

/** @param {Pick<Model, "id" | "task" | "version">} model @param {string} reason @param {Changed} changed */
async function use(model, reason, changed) {
	const { problem, notice, draw } = changed;
	try {
		await densely.activate(model.task, model.id, reason ? { reason } : {});
		const [latest] = await densely.activations(model.task, { limit: 1 });
		problem.textContent = "";
		put(notice, noticeOf(model, latest, changed));
		say(`Version ${model.version} of ${model.task} is active`);
		await draw();
	} catch (error) {
		problem.textContent = told(error);
		problem.scrollIntoView({ block: "nearest" });
	}
}

/** @param {Pick<Model, "task" | "version">} model @param {Activation | undefined} latest @param {Changed} changed */
function noticeOf(model, latest, changed) {
	const { previous_model_id: id, previous_version: version } = latest ?? {};
	const undo = () =>
		id && version && use({ id, version, task: model.task }, `undoes version ${model.version}`, changed);
	return h(
		"div.note.row.done",
		h("span", `Version ${model.version} of ${model.task} answers from now on.`),
		id && version && button(`Undo: back to version ${version}`, undo, { class: "push" }),
	);
}

/**
 * The changes of a task's active model, newest first, with a way back to each.
 *
 * @param {string} task
 * @param {Changed} changed
 * @param {AbortSignal} signal
 */
export async function historyOf(task, changed, signal) {
	const rows = h("tbody");
	const more = moreButton("Show more", () => ask(), changed.problem);
	const rest = h("div.row", { hidden: true }, more);
	/** @type {number | null} */
	let cursor = null;
	/** @type {Activation | undefined} */
	let latest; // the one by which the active model is active
	const ask = async () => {
		const path = `tasks/${task}/active-model/history`;
		const page = await densely.get(path, { limit: PAGE, ...(cursor && { cursor }) }, { signal });
		latest ??= page.items[0];
		rows.append(...page.items.map((/** @type {Activation} */ change) => changeRow(change, latest, changed)));
		cursor = page.next;
		rest.hidden = cursor === null;
	};
	await ask();
	const heads = ["Since", "Version", "By", "Because", ""];
	if (!rows.children.length) return h("p.soft", "No model of this task has been active.");
	return h(
		"div.stack",
		h(
			"div.scroll.cards",
			h(
				"table.history",
				h("caption.hidden", `Changes of the active model of ${task}, newest first`),
				h(
					"thead",
					h(
						"tr",
						heads.map((text) => h("th", { scope: "col" }, text || h("span.hidden", "Actions"))),
					),
				),
				rows,
			),
		),
		rest,
	);
}

/** @param {Activation} change @param {Activation | undefined} latest @param {Changed} changed */
function changeRow(change, latest, changed) {
	const { version, previous_version: before, note, reason, by, at, model_id: id } = change;
	const back = button(`Back to version ${version}`, () => activate(modelOf(change), changed, "Roll back"));
	return h(
		"tr",
		{ "data-activation": change.id },
		h("td.num", { "data-head": "Since" }, moment(at)),
		h(
			"th",
			{ scope: "row" },
			h("a", { href: `#/models/${id}` }, `Version ${version}`),
			before !== null && h("span.soft.small", ` after ${before}`),
		),
		h("td", { "data-head": "By" }, by ?? "–"),
		h(
			"td.because",
			{ "data-head": "Because" },
			note ?? h("span.soft", reason),
			note && h("span.soft.small.line", reason),
		),
		h("td.right", change.id === latest?.id ? badge("active") : id !== latest?.model_id && back),
	);
}
