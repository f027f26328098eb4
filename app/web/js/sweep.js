// A sweep's page, live: looked at once a second while it is going.

import { densely, fileUrl, told } from "./api.js";
import {
	alertLine,
	badge,
	bars,
	button,
	confirmed,
	counted,
	duration,
	facts,
	figure,
	h,
	jsonOf,
	moment,
	percent,
	put,
	say,
	table,
	title,
} from "./dom.js";
import { isFailed } from "./figures.js";
import { removal } from "./removing.js";
import { keep } from "./sweeps.js";

/** @import { Drawing, Outcome, Sweep, SweepData, TrialRow } from "../../client/densely.js" */

const SHOWN = 15; // trials on the leaderboard, unless all are asked for
const AGAIN = 5000; // ms between two drawings of the pictures while it is going

/** @type {import("./main.js").View["show"]} */
export async function show(place, [id], signal) {
	const sweep = await densely.sweep(id, { signal });
	const view = new View(sweep, signal);
	place.append(view.node);
	view.draw();
	const refresh = async () => {
		const { status } = sweep;
		await sweep.refresh({ signal });
		view.problem.textContent = "";
		if (status !== sweep.status) say(`The sweep is ${sweep.status}`);
		view.draw();
		return !sweep.isOver;
	};
	if (!sweep.isOver) keep(refresh, true, view.problem, signal);
}

class View {
	problem = alertLine();
	#status = h("span");
	#actions = h("div.row.push");
	#progress = h("div.stack");
	#outcome = h("section.card", { hidden: true });
	#board = h("div");
	#all = button("Show all trials", () => this.#showAll());
	#more = h("div.row", this.#all);
	#most = SHOWN;
	#importance = h("section.card", { hidden: true });
	#pictures = h("section.card", { label: "Pictures", hidden: true });
	#drawn = { text: "", at: 0 }; // of the pictures
	#shown = "";

	/** @param {Sweep} sweep @param {AbortSignal} signal */
	constructor(sweep, signal) {
		this.sweep = sweep;
		this.signal = signal;
		const { data } = sweep;
		const lead = h("p.lead.small", h("span.mono", data.id), " · ", h("a", { href: "#/sweeps" }, "all sweeps"));
		this.node = h(
			"div.stack",
			h("div.head", title(data.name || `${data.task}: search`), this.#status, this.#actions, lead),
			this.problem,
			h("section.card", { label: "Progress" }, this.#progress),
			this.#outcome,
			h("section.card", h("h2", "Leaderboard"), this.#board, this.#more),
			h("div.split", this.#importance, h("section.card", h("h2", "Settings"), settings(data))),
			this.#pictures,
		);
	}

	/** As it stands; what is unchanged stays, and with it what is selected there. */
	draw() {
		const { data } = this.sweep;
		const text = JSON.stringify(data) + this.#most;
		if (text !== this.#shown) this.#draw(data);
		this.#shown = text;
		this.#drawPictures(data);
	}

	/** @param {SweepData} data */
	#draw(data) {
		put(this.#status, badge(data.status));
		this.#act(data);
		put(this.#progress, progressOf(data));
		this.#outcome.hidden = !data.outcome;
		if (data.outcome) put(this.#outcome, outcomeOf(data, data.outcome));
		put(this.#board, boardOf(data, this.#most));
		this.#more.hidden = data.leaderboard.length <= this.#most;
		this.#importance.hidden = !data.importance.length;
		put(this.#importance, importanceOf(data));
	}

	#showAll() {
		this.#most = Infinity;
		this.draw();
	}

	/** Buttons keep the focus: they are made anew only when they change. @param {SweepData} data */
	#act(data) {
		const state = `${data.status}${data.cancel_requested_at}`;
		if (this.#actions.dataset.state === state) return;
		this.#actions.dataset.state = state;
		put(this.#actions, this.sweep.isOver ? this.#removal() : this.#cancel(Boolean(data.cancel_requested_at)));
	}

	#removal() {
		const { id } = this.sweep;
		const thing = {
			what: "this sweep",
			effect: "Its trials are lost. The run of its winner and its model stay.",
			remove: () => densely.deleteSweep(id),
			gone: () => {
				location.hash = "#/sweeps";
			},
		};
		return removal(thing, this.problem);
	}

	/** @param {boolean} isAsked */
	#cancel(isAsked) {
		const cancel = async (/** @type {any} */ { target }) => {
			const question = h("p", "Its trials end within a second, and no winner is trained.");
			if (!(await confirmed("Cancel this sweep?", question, "Cancel the sweep"))) return;
			target.disabled = true;
			await this.sweep.cancel().then(
				() => say("Cancel requested"),
				(error) => {
					this.problem.textContent = told(error);
					target.disabled = false;
				},
			);
			this.draw();
		};
		return button("Cancel", cancel, { class: "danger", disabled: isAsked });
	}

	/** @param {Drawing[]} pictures @param {string} id */
	#frame(pictures, id) {
		put(
			this.#pictures,
			pictures.map((one) => pictureOf(one, id)),
		);
	}

	/** Not more often than they are worth it: a picture takes the service some 0.2 s. @param {SweepData} data */
	#drawPictures({ id, pictures, leaderboard, status }) {
		const text = JSON.stringify([status, pictures, leaderboard.filter((row) => row.value !== null)]);
		const isEarly = status === "running" && Date.now() - this.#drawn.at < AGAIN;
		if (text === this.#drawn.text || isEarly || !pictures.length) return;
		this.#drawn = { text, at: Date.now() };
		this.#pictures.hidden = false;
		const shown = this.#pictures.querySelectorAll("img");
		if (shown.length !== pictures.length) this.#frame(pictures, id);
		pictures.forEach(async ({ path }, place) => {
			const image = this.#pictures.querySelectorAll("img")[place];
			const url = await fileUrl(path, this.signal).catch(() => null);
			if (!url) return;
			image.onload = () => URL.revokeObjectURL(url);
			image.src = url.startsWith("blob:") ? url : `${url}?at=${this.#drawn.at}`;
		});
	}
}

/** @param {Drawing} drawing @param {string} id */
const pictureOf = ({ title: name }, id) => h("div.stack", h("h2", name), h("img.picture", { alt: `${name} of ${id}` }));

/** @param {SweepData} sweep */
const plain = ({ plan }) => plan.metric.replace("val_", "");

/** @param {SweepData} data */
function progressOf(data) {
	const { progress, status, error } = data;
	const share = status === "succeeded" ? 1 : progress.fraction;
	const range = { "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(100 * share) };
	const best = data.best.at(-1);
	return [
		h("div.row.num", h("span", wordsOf(data)), !isFailed(data) && h("span.push.soft", percent(share, 0))),
		!isFailed(data) &&
			h(
				"div.bar.progress",
				{ role: "progressbar", label: "Progress", ...range },
				h("i", { style: { "--share": share } }),
			),
		error && h("p.error", error.message),
		best &&
			h(
				"p.verdict.num",
				figure(plain(data), best.value),
				" ",
				h("small", `best validation ${plain(data)} so far, of trial ${best.number}, found ${sinceOf(data, best.at)}`),
			),
		progress.skipped > 0 &&
			h("p.soft.small", `${counted(progress.skipped, "combination")} skipped: ${progress.skipped_reason ?? ""}`),
	];
}

/** @param {SweepData} sweep @param {string} at */
const sinceOf = ({ created_at: from }, at) => `after ${duration((Date.parse(at) - Date.parse(from)) / 1000)}`;

/** @param {SweepData} data */
function wordsOf({ progress, status, outcome, cancel_requested_at: asked }) {
	const of = `${progress.ended} of ${counted(progress.trials, "trial")}`;
	const parts = [
		[progress.going, "going"],
		[progress.waiting, "waiting"],
		[progress.pruned, "stopped early"],
		[progress.failed, "failed"],
	]
		.filter(([number]) => number)
		.map(([number, word]) => `${number} ${word}`);
	const all = [of, ...parts].join(", ");
	if (status !== "running") return all;
	if (asked) return `Is being cancelled; ${all}`;
	if (outcome?.final_run) return `Trains the winner on all rows; ${all}`;
	return progress.eta_seconds === null ? all : `${all}; about ${duration(progress.eta_seconds)} left`;
}

/** What was found, and what that is worth. @param {SweepData} data @param {Outcome} outcome */
function outcomeOf(data, outcome) {
	const name = plain(data);
	const isFinal = name in outcome.test;
	const spread = outcome.spread[name];
	const over = spread && `${figure(name, spread.mean)} ± ${figure(name, spread.std)}`;
	const range = spread && h("span.soft.small", ` from ${figure(name, spread.min)} to ${figure(name, spread.max)}`);
	return [
		h("h2", isFinal ? "What it found" : "Best so far"),
		facts([
			["Parameters", chosen(outcome.parameters)],
			[
				`Validation ${name}`,
				`${figure(name, outcome.value)}, the best of ${counted(outcome.trials, "trial")}: chosen by it, so better than it is`,
			],
			isFinal && [
				`Test ${name}`,
				h("b.num", figure(name, outcome.test[name]), " ", h("span.soft", "on rows that chose nothing")),
			],
			over && [`Over ${data.plan.final_seeds} seeds`, h("span.num", over, range)],
			name in outcome.baseline && ["Guessing", figure(name, outcome.baseline[name])],
			["Trial", h("a", { href: `#/runs/${outcome.run_id}` }, `trial ${outcome.number}`)],
			outcome.final_run && [
				"Trained on all rows",
				h("span", h("a", { href: `#/runs/${outcome.final_run}` }, outcome.final_run), ` ${outcome.final_status ?? ""}`),
			],
			outcome.model_id && ["Model", h("a", { href: `#/models/${outcome.model_id}` }, outcome.model_id)],
		]),
	];
}

/** @param {Record<string, any>} parameters */
const chosen = (parameters) =>
	Object.entries(parameters).map(([path, value]) => h("div", h("code", path), ` ${valueOf(value)}`));

/** A value in few letters. @param {any} value */
function valueOf(value) {
	if (value === undefined) return "–";
	if (typeof value === "number") return String(Number(value.toPrecision(4)));
	const text = typeof value === "string" ? value : (value?.kind ?? JSON.stringify(value));
	return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

/** @param {SweepData} data @param {number} most */
function boardOf(data, most) {
	const none = data.status === "running" ? "The first trials are about to be chosen." : "There are none.";
	if (!data.leaderboard.length) return h("p.soft", none);
	const fields = Object.keys(data.plan.space);
	const heads = ["Trial", "Status", plain(data), ...fields.map((field) => h("code", field)), "Epochs", "Took"];
	const rows = data.leaderboard
		.slice(0, most)
		.map((row) => [
			h("a", { href: `#/runs/${row.run_id}` }, String(row.number)),
			fateOf(row),
			figure(plain(data), row.value),
			...fields.map((field) => valueOf(row.parameters[field])),
			row.epochs ?? "–",
			duration(row.seconds),
		]);
	return table("Trials, best first", heads, rows, 2);
}

/** @param {TrialRow} row */
function fateOf({ pruned, status, error }) {
	if (pruned) return h("span.badge", "stopped early");
	return h("span", { title: error ? `${error.type}: ${error.message}` : null }, badge(status));
}

/** @param {SweepData} data */
const importanceOf = ({ importance }) => [
	h("h2", "What makes the difference"),
	bars(
		importance.map(({ field, share }) => [field, share]),
		"Importance of each field",
	),
];

/** @param {SweepData} sweep */
function settings({ plan, task, created_at: at, tags }) {
	const { budget, method, pruner, validation } = plan;
	const minutes = budget.minutes ? `, ${budget.minutes} min` : "";
	return [
		facts([
			["Task", task],
			["Preset", plan.preset],
			["Dataset", plan.dataset],
			["Method", method.kind],
			["Budget", `${counted(budget.trials ?? 0, "trial")}${minutes}`],
			["Stopped early", pruner ? pruner.kind.replace("_", " ") : "never"],
			["Validation", Object.values(validation).join(" ")],
			["Seed", plan.seed],
			["Activation", plan.activate],
			["Asked", moment(at)],
			...Object.entries(tags),
		]),
		h(
			"details",
			h("summary", "Space"),
			h("pre", { tabindex: 0, role: "group", label: "Space" }, h("code", jsonOf(plan.space))),
		),
	];
}
