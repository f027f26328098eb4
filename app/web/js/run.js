// A run's page, live.

import { aboutRun } from "./about-run.js";
import { adviceOf } from "./advice.js";
import { densely, pause, told } from "./api.js";
import { Curves } from "./curves.js";
import { alertLine, badge, h, put, say, title } from "./dom.js";
import { figuresOf } from "./figures.js";
import { logOf } from "./log.js";
import { mistakesOf } from "./mistakes.js";
import { Phases } from "./phases.js";
import { progressOf } from "./progress.js";
import { actionsOf, recipe, settings } from "./run-parts.js";
import { everyOf, metricOf } from "./series.js";

/** @import { Epoch, Run, RunData, RunEvent } from "../../client/densely.js" */

const SOON = 50; // ms between two drawings
const AGAIN = 4000; // ms between two looks at the queue

/** @type {import("./main.js").View["show"]} */
export async function show(place, [id], signal) {
	const run = await densely.run(id, { signal });
	const view = new View(run, signal);
	place.append(view.node);
	/** @type {Map<string, Epoch>} */
	const epochs = new Map();
	const add = (/** @type {Epoch} */ row) => epochs.set(`${row.seed ?? ""}/${row.fold ?? ""}/${row.epoch}`, row);
	const draw = paced(() => view.draw([...epochs.values()]));
	const isKnown = run.isOver; // a long history at once, thinned out; its log follows
	if (isKnown) (await run.history({ every: everyOf(run.data), signal })).forEach(add);
	draw();
	const take = (/** @type {RunEvent} */ event) => {
		if (event.type === "epoch" && !isKnown) add(event.data);
		if (event.data.run) run.data = event.data.run; // what is written of it may have changed
		view.take(event);
		draw();
	};
	follow(run, take, view.problem, signal).catch((error) => {
		if (!signal.aborted) view.problem.textContent = told(error);
	});
	queue(run, draw, signal).catch(() => {}); // the stream tells of what hinders
}

/** A function that draws a little later, once for all calls until then: of many epochs, a fifth of the time. @param {() => void} action */
function paced(action) {
	let [timer, wait] = [0, SOON];
	return () => {
		timer ||= setTimeout(() => {
			const from = performance.now();
			timer = 0;
			action();
			wait = Math.max(SOON, 4 * (performance.now() - from));
		}, wait);
	};
}

/**
 * @param {Run} run
 * @param {(event: RunEvent) => void} take
 * @param {HTMLElement} problem
 * @param {AbortSignal} signal
 */
async function follow(run, take, problem, signal) {
	const onConnection = (/** @type {boolean} */ isThere) => {
		problem.textContent = isThere ? "" : "Connection lost; trying again…";
	};
	let { status } = run;
	for await (const event of run.events({
		signal,
		onConnection,
		away: Infinity,
	})) {
		if (run.status !== status) say(`The run is ${run.status}`);
		({ status } = run);
		take(event);
	}
}

/** Looks where a waiting run stands: others that go ahead are none of its events. @param {Run} run @param {() => void} draw @param {AbortSignal} signal */
async function queue(run, draw, signal) {
	while (run.status === "queued") {
		await pause(AGAIN, signal);
		if (run.status !== "queued") return;
		await run.refresh({ signal });
		draw();
	}
}

class View {
	problem = alertLine();
	#heading = title("");
	#status = h("span");
	#actions = h("div.row.push.actions");
	#progress = h("div.stack");
	#figures = h("div.stack");
	#advice = h("div.stack", { hidden: true });
	#mistakes = h("div.stack", { hidden: true });
	#phases = new Phases();
	#shown = "";
	#told = "";

	/** @param {Run} run @param {AbortSignal} signal */
	constructor(run, signal) {
		this.run = run;
		this.signal = signal;
		const { data } = run;
		this.curves = new Curves(metricOf(data), {
			title: () => `${nameOf(run.data)}, ${data.id}`,
			whole: () => run.history({ signal }),
		});
		this.log = logOf(data);
		this.about = aboutRun(run, () => this.#name(), signal);
		const lead = h("p.lead.small", h("span.mono", data.id), " · ", h("a", { href: "#/runs" }, "all runs"));
		this.node = h(
			"div.stack",
			h("div.head", this.#heading, this.#status, this.#actions, lead, this.about.node),
			this.problem,
			h("section.card", { label: "Progress" }, this.#progress, this.curves.node),
			this.#advice,
			h(
				"div.split",
				h(
					"div.stack",
					h("section.card", h("h2", "Figures"), this.#figures),
					h("section.card", h("h2", "Log"), this.log.node),
				),
				h("section.card", h("h2", "Settings"), settings(data), recipe(data)),
			),
			this.#mistakes,
		);
		this.#name();
	}

	/** Takes what happened. @param {RunEvent} event */
	take(event) {
		this.#phases.take(event);
		this.log.add(event);
	}

	/** As it stands; what is unchanged stays, and with it what is selected there. @param {Epoch[]} epochs */
	draw(epochs) {
		const { run } = this;
		const { data } = run;
		this.curves.draw([{ key: data.id, label: nameOf(data), epochs }]);
		put(this.#progress, progressOf(run, epochs, this.#phases));
		this.#name();
		const state = data.status + data.cancel_requested_at + data.model_id;
		if (state === this.#shown) return;
		this.#shown = state;
		put(this.#status, badge(data.status));
		this.#act();
		put(this.#figures, figuresOf(data));
		fill(this.#mistakes, mistakesOf(data, this.signal));
		if (run.isOver) fill(this.#advice, adviceOf(run, this.signal));
	}

	#act() {
		const changed = () => {
			this.#name();
			this.#act();
		};
		put(this.#actions, actionsOf(this.run, this.problem, changed));
	}

	/** Also when somebody else changes it. */
	#name() {
		const { name, tags, note, archived_at: archivedAt } = this.run.data;
		const now = JSON.stringify([name, tags, note, archivedAt]);
		if (now === this.#told) return;
		this.#told = now;
		this.#heading.textContent = nameOf(this.run.data);
		this.about.show();
	}
}

/** @param {HTMLElement} place @param {Promise<Element | null>} coming */
const fill = (place, coming) =>
	coming.then((found) => {
		put(place, found);
		place.hidden = !found;
	});

/** @param {RunData} run */
const nameOf = ({ name, task, preset }) => name || `${task} ${preset}`;
