// The queue and the history; two to ten runs of a task can be chosen and compared.

import { get, pause } from "./api.js";
import { alertLine, badge, button, duration, h, moment, percent, put, scores, title } from "./dom.js";
import { isFinal } from "./follow.js";

const MOST = 10; // runs of a comparison

export async function show(place, _, signal) {
	const chosen = new Map(); // id → task
	const tasks = (await get("tasks", signal)).items;
	const filter = (label, values) => h("select", { label, onchange: () => anew() }, h("option", { value: "" }, label), values.map((value) => h("option", value)));
	const task = filter("All tasks", tasks.map((one) => one.name));
	const status = filter("Any status", ["queued", "running", "succeeded", "failed", "cancelled"]);
	const rows = h("tbody");
	const empty = h("div.empty", { hidden: true }, h("p", "No runs yet. A model on the sample rows trains in seconds."), h("a.button", { href: "#/runs/new" }, "Train one"));
	const compare = button("Compare", () => { location.hash = `#/compare/${[...chosen.keys()].join(",")}`; }, { disabled: true });
	const hint = h("span.hint", { role: "status" });
	const more = button("Show more", () => { limit += 50; anew(); }, { hidden: true });
	const problem = alertLine();
	let limit = 50;
	let shown = "";
	let asked = 0;

	const anew = () => refresh(true).catch(() => {});
	const choose = () => {
		const kinds = new Set(chosen.values());
		compare.disabled = chosen.size < 2 || chosen.size > MOST || kinds.size > 1;
		hint.textContent = kinds.size > 1 ? "Only runs of one task can be compared" : `${chosen.size} of 2 to ${MOST} runs chosen`;
	};
	const draw = ({ items, next }) => {
		const focused = document.activeElement?.dataset?.focus;
		put(rows, items.map((run) => rowOf(run, chosen, choose)));
		if (focused) rows.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true });
		more.hidden = next === null;
		empty.hidden = items.length > 0;
	};
	const refresh = async (now = false) => {
		const mine = ++asked;
		const page = await get(`runs?limit=${limit}${task.value && `&task=${task.value}`}${status.value && `&status=${status.value}`}`, signal);
		if (mine !== asked) return true;
		const text = JSON.stringify(page);
		if (now || text !== shown) draw(page); // unchanged rows stay, and with them what is selected there
		shown = text;
		problem.textContent = "";
		return page.items.some((run) => !isFinal(run));
	};
	place.append(h("div.head", title("Runs"), h("a.button.main.push", { href: "#/runs/new" }, "New run")),
		h("section.card", { label: "Runs" },
			h("div.row", h("span", task), h("span", status), h("span.push.row", hint, compare)), problem,
			h("div.scroll.cards", h("table", h("caption.hidden", "Runs, newest first"),
				h("thead", h("tr", ["Choose", "Run", "Status", "Task", "Dataset", "Test", "Guessing", "Queued", "Took"].map((head) =>
					h("th", { scope: "col" }, head === "Choose" ? h("span.hidden", head) : head)))), rows)), empty, more));
	choose();
	await refresh(true);
	keep(refresh, problem, signal);
}

async function keep(refresh, problem, signal) {
	let busy = true;
	for (;;) {
		try {
			await pause(document.hidden ? 5000 : busy ? 700 : 2000, signal);
			busy = await refresh();
		} catch (error) {
			if (signal.aborted) return;
			problem.textContent = error.told ?? error.message;
			if (!error.passing) return;
		}
	}
}

function rowOf(run, chosen, changed) {
	const label = run.name || run.preset;
	const box = h("input", { type: "checkbox", "data-focus": `box-${run.id}`, label: `Choose ${label}, ${run.id}`, checked: chosen.has(run.id), onchange: () => {
		if (box.checked) chosen.set(run.id, run.task); else chosen.delete(run.id);
		changed();
	} });
	const left = run.progress?.eta_seconds;
	return h("tr", h("td", box),
		h("th", { scope: "row" }, h("a", { href: `#/runs/${run.id}`, "data-focus": `link-${run.id}` }, label), h("div.soft.small.mono", run.id)),
		h("td", badge(run.status), run.status === "running" && h("div.soft.small.num", `${percent(run.progress?.fraction ?? 0, 0)}${left ? `, ${duration(left)} left` : ""}`)),
		h("td", { "data-head": "Task" }, run.task), h("td", { "data-head": "Dataset" }, run.dataset), scores(run.metrics),
		h("td.soft", { "data-head": "Queued" }, moment(run.created_at)),
		h("td.num.soft", { "data-head": "Took" }, run.finished_at && run.started_at ? duration((new Date(run.finished_at) - new Date(run.started_at)) / 1000) : ""));
}
