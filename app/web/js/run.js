// A run's page, live.

import { get, post } from "./api.js";
import { legend, panel } from "./curves.js";
import { alertLine, badge, button, confirmed, duration, facts, figure, h, moment, percent, put, say, table, throttled, title } from "./dom.js";
import { follow, isFinal } from "./follow.js";
import { copyButton } from "./snippet.js";

const FEW_EPOCHS = 1500; // more are thinned out when the history is first asked for

export async function show(place, [id], signal) {
	let run = await get(`runs/${id}`, signal);
	const view = layout(run);
	place.append(view.node);
	const epochs = new Map();
	const add = (row) => epochs.set(`${row.seed ?? ""}/${row.fold ?? ""}/${row.epoch}`, row);
	const draw = throttled(() => view.draw([...epochs.values()], run), 50);
	if (isFinal(run)) { // a long history at once, thinned out; its log follows
		const every = Math.ceil(((run.recipe.epochs ?? 1) * ((run.validation.folds ?? 0) + run.seeds)) / FEW_EPOCHS);
		(await get(`runs/${id}/history?every=${every}`, signal)).epochs.forEach(add);
	}
	const known = epochs.size;
	draw();
	const on = (type, data, at) => {
		if (type === "epoch" && !known) add(data);
		else if (type === "log") view.log(data.message, at);
		else if (type === "progress") run = { ...run, progress: data };
		else if (type === "status" && data.run) {
			if (run.status !== data.run.status) say(`The run is ${data.run.status}`);
			run = data.run;
		}
	};
	const connected = (there) => { view.problem.textContent = there ? "" : "Connection lost; trying again…"; };
	follow(id, on, draw, connected, signal).then(async () => { run = await get(`runs/${id}`, signal); draw(); })
		.catch((error) => { if (!signal.aborted) view.problem.textContent = error.message; });
}

function layout(run) {
	const problem = alertLine();
	const status = h("span");
	const actions = h("div.row.push");
	const progress = h("div.stack");
	const figures = h("div.stack");
	const list = h("ol.log", { tabindex: 0, label: "Log" });
	const metric = { regression: "mae", unit_regression: "mae", multilabel: "f1" }[run.recipe.head] ?? "accuracy";
	const panels = [panel("loss"), panel(metric)];
	const key = legend();
	const text = JSON.stringify(run.recipe, null, 2);
	const details = facts([["Task", run.task], ["Preset", run.preset], ["Dataset", run.dataset + (run.dataset_is_sample ? " (sample rows, not real data)" : "")],
		["Validation", Object.values(run.validation).join(" ")], ["Seed", run.seeds > 1 ? `${run.seed} and the next ${run.seeds - 1}` : String(run.seed)],
		["Activation", run.activate], ["Queued", moment(run.created_at)], run.retry_of && ["Retry of", h("a", { href: `#/runs/${run.retry_of}` }, run.retry_of)]]);
	const node = h("div.stack",
		h("div.head", title(run.name || `${run.task} ${run.preset}`), status, actions,
			h("p.lead.small", h("span.mono", run.id), " · ", h("a", { href: "#/runs" }, "all runs"))), problem,
		h("section.card", { label: "Progress" }, progress, h("div.charts", panels.map((one) => one.node)), key),
		h("div.split",
			h("div.stack", h("section.card", h("h2", "Figures"), figures), h("section.card", h("h2", "Log"), list)),
			h("section.card", h("h2", "Settings"), details,
				h("details", h("summary", "Recipe"), h("div.code", h("pre", { tabindex: 0, role: "group", label: "Recipe" }, h("code", text)), copyButton("recipe", () => text))))));
	let shown = "";
	const draw = (epochs, now) => {
		for (const one of panels) one.draw(epochs);
		key.hidden = !epochs.length;
		key.lastChild.hidden = !epochs.some((row) => Number.isFinite(row.val_loss));
		put(progress, progressOf(now, epochs.at(-1)));
		const state = now.status + now.cancel_requested_at + now.model_id;
		if (state === shown) return;
		shown = state;
		put(status, badge(now.status));
		put(actions, actionsOf(now, problem));
		put(figures, figuresOf(now));
	};
	const log = (message, at) => {
		list.append(h("li", moment(at), h("span", message)));
		list.scrollTop = list.scrollHeight;
	};
	return { node, draw, log, problem };
}

const isFailed = (run) => ["failed", "cancelled"].includes(run.status);

function progressOf(run, last) {
	const share = run.status === "succeeded" ? 1 : (run.progress?.fraction ?? 0);
	const p = run.progress;
	const place = ({ epoch, fold, seed }) => `epoch ${epoch} of ${run.recipe.epochs}${fold ? `, fold ${fold} of ${run.validation.folds}` : ""}${Number.isInteger(seed) ? `, seed ${seed}` : ""}`;
	const after = last ? ` after ${place(last)}` : "";
	const words = {
		queued: "Waits for a worker",
		running: p ? `In ${place(p)}, ${p.eta_seconds === null ? "time left unknown" : `about ${duration(p.eta_seconds)} left`}` : "Prepares the data",
		succeeded: `Trained in ${duration((new Date(run.finished_at) - new Date(run.started_at)) / 1000)} on ${run.device ?? "?"}`,
		failed: `Failed${after}${run.error ? `: ${run.error.message}` : ""}`,
		cancelled: `Cancelled${after}`,
	}[run.status];
	if (isFailed(run)) return h("p.num", words);
	return [h("div.row.num", h("span", run.cancel_requested_at && !isFinal(run) ? "Is being cancelled" : words), h("span.push.soft", percent(share, 0))),
		h("div.bar.progress", { role: "progressbar", label: "Progress", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(100 * share) }, h("i", { style: { "--share": share } }))];
}

function actionsOf(run, problem) {
	const act = (path, then) => async (event) => {
		event.target.disabled = true;
		try { then(await post(path)); } catch (error) { problem.textContent = error.message; event.target.disabled = false; }
	};
	const cancel = act(`runs/${run.id}/cancel`, () => say("Cancel requested"));
	return [
		h("a.button", { href: `#/runs/new?from=${run.id}` }, "Edit and run again"),
		run.model_id && h("a.button.main", { href: `#/models/${run.model_id}` }, "Its model"),
		!isFinal(run) && button("Cancel", async (event) => {
			if (await confirmed("Cancel this run?", h("p", "It ends within a second and publishes no model."), "Cancel the run")) cancel(event);
		}, { class: "danger", disabled: Boolean(run.cancel_requested_at) }),
		isFailed(run) && button("Retry", act(`runs/${run.id}/retry`, (next) => { location.hash = `#/runs/${next.id}`; }), { class: "main" }),
	];
}

/** Every figure of the run, with what guessing scores beside it. */
export function figuresOf(run) {
	const { metrics } = run;
	const parts = [["test", "Test"], ["baseline", "Guessing"], ["train", "Training"], ["validation", "Validation"]].filter(([part]) => Object.keys(metrics[part]).length);
	if (!parts.length) return h("p.soft", isFailed(run) ? "There are none: the training did not come to its end." : "They come when the training has ended.");
	const names = [...new Set(parts.flatMap(([part]) => Object.keys(metrics[part])))].filter((name) => !name.endsWith("_std"));
	const spread = Object.entries(metrics.spread?.test ?? {}).concat(Object.entries(metrics.spread?.validation ?? {}).map(([name, one]) => [`held-out ${name}`, one]));
	return [table("Figures of the run", ["Figure", ...parts.map(([, title]) => title)], names.map((name) => [name, ...parts.map(([part]) => figure(name, metrics[part][name]))]), 1),
		spread.length ? h("p.soft.small.num", `Over ${metrics.spread.count} ${metrics.spread.over}: ${spread.map(([name, one]) => `${name} ${figure(name, one.mean)} ± ${figure(name, one.std)}`).join(", ")}`) : null];
}
