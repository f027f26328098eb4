// All sweeps, newest first.

import { densely, pause, told } from "./api.js";
import { alertLine, badge, figure, h, moment, percent, put, title } from "./dom.js";

/** @import { SweepSummary } from "../../client/densely.js" */

const MOST = 100;
const HEADS = ["Sweep", "Status", "Task", "Dataset", "Trials", "Best", "Test", "Asked"];

/** @type {import("./main.js").View["show"]} */
export async function show(place, _, signal) {
	const rows = h("tbody");
	const problem = alertLine();
	const empty = h(
		"div.empty",
		{ hidden: true },
		h("p", "No sweeps yet. One tries many recipes, and trains the best of them."),
		h("a.button", { href: "#/sweeps/new" }, "Search"),
	);
	const heads = HEADS.map((head) => h("th", { scope: "col" }, head));
	place.append(
		h("div.head", title("Sweeps"), h("a.button.main.push", { href: "#/sweeps/new" }, "New sweep")),
		h(
			"section.card",
			{ label: "Sweeps" },
			problem,
			h("div.scroll.cards", h("table", h("caption.hidden", "Sweeps, newest first"), h("thead", h("tr", heads)), rows)),
			empty,
		),
	);
	let shown = "";
	const refresh = async () => {
		const found = await densely.sweeps({ limit: MOST, signal });
		const text = JSON.stringify(found);
		if (text !== shown) draw(rows, found);
		shown = text;
		empty.hidden = found.length > 0;
		problem.textContent = "";
		return found.some(({ status }) => status === "running");
	};
	keep(refresh, await refresh(), problem, signal);
}

/** Looks again and again, until the view is left. @param {() => Promise<boolean>} refresh @param {boolean} isFirstBusy @param {HTMLElement} problem @param {AbortSignal} signal */
export async function keep(refresh, isFirstBusy, problem, signal) {
	let isBusy = isFirstBusy;
	while (!signal.aborted) {
		try {
			await pause(isBusy && !document.hidden ? 1000 : 5000, signal);
			isBusy = await refresh();
		} catch (/** @type {any} */ error) {
			if (signal.aborted) return;
			problem.textContent = told(error, true);
			if (!error.isPassing) return;
		}
	}
}

/** @param {HTMLElement} rows @param {SweepSummary[]} found */
function draw(rows, found) {
	const focused = document.activeElement?.getAttribute("href");
	put(rows, found.map(rowOf));
	/** @type {HTMLElement | null} */
	const link = focused ? rows.querySelector(`[href="${focused}"]`) : null;
	link?.focus({ preventScroll: true });
}

/** @param {SweepSummary} sweep */
function rowOf(sweep) {
	const { id, plan, progress, outcome } = sweep;
	const name = plan.metric.replace("val_", "");
	const running = sweep.status === "running";
	return h(
		"tr",
		h(
			"th",
			{ scope: "row" },
			h("a", { href: `#/sweeps/${id}` }, sweep.name || plan.preset),
			h("div.soft.small.mono", id),
		),
		h("td", badge(sweep.status), running && h("div.soft.small.num", percent(progress.fraction, 0))),
		h("td", { "data-head": "Task" }, sweep.task),
		h("td", { "data-head": "Dataset" }, plan.dataset),
		h("td.num", { "data-head": "Trials" }, `${progress.ended} of ${progress.trials}`),
		h("td.num", { "data-head": "Best" }, outcome && `${name} ${figure(name, outcome.value)}`),
		h("td.num", { "data-head": "Test" }, outcome && name in outcome.test && figure(name, outcome.test[name])),
		h("td.soft", { "data-head": "Asked" }, moment(sweep.created_at)),
	);
}
