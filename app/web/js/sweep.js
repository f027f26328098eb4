// A sweep's page, live: looked at once a second while it is going.

import { densely, told } from "./api.js";
import { alertLine, badge, button, confirmed, counted, duration, figure, h, percent, put, say, title } from "./dom.js";
import { isFailed } from "./figures.js";
import { boardOf, importanceOf, outcomeOf, plain, settings } from "./found.js";
import { Picture } from "./picture.js";
import { removal } from "./removing.js";
import { keep } from "./sweeps.js";

/** @import { Drawing, Sweep, SweepData } from "../../client/densely.js" */

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
	/** @type {Picture[]} */
	#shownPictures = [];
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
			if (!(await confirmed("Cancel this sweep?", question, "Cancel the sweep", "Leave it", true))) return;
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
		this.#shownPictures = pictures.map(({ title: name, path }) => new Picture(path, `${name} of ${id}`, this.signal));
		put(
			this.#pictures,
			pictures.map(({ title: name }, place) => h("div.stack", h("h2", name), this.#shownPictures[place].node)),
		);
	}

	/** Not more often than they are worth it: a picture takes the service some 0.2 s. @param {SweepData} data */
	#drawPictures({ id, pictures, leaderboard, status }) {
		const text = JSON.stringify([status, pictures, leaderboard.filter((row) => row.value !== null)]);
		const isEarly = status === "running" && Date.now() - this.#drawn.at < AGAIN;
		if (text === this.#drawn.text || isEarly || !pictures.length) return;
		this.#drawn = { text, at: Date.now() };
		this.#pictures.hidden = false;
		if (this.#shownPictures.length !== pictures.length) this.#frame(pictures, id);
		else for (const one of this.#shownPictures) one.draw(true);
	}
}

/** @param {SweepData} data */
function progressOf(data) {
	const { progress, status, error } = data;
	const share = status === "succeeded" ? 1 : progress.fraction;
	const range = { "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(100 * share) };
	const best = data.best.at(-1);
	const isOver = status !== "running";
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
				h(
					"small",
					`best validation ${plain(data)}${isOver ? "" : " so far"}, of trial ${best.number}, found ${sinceOf(data, best.at)}`,
				),
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
