// The queue and the history; two to ten runs of a task can be chosen and compared.

import { densely, pause, told } from "./api.js";
import { alertLine, badge, button, duration, h, moment, percent, put, scores, title } from "./dom.js";
import { secondsBetween } from "./progress.js";

/** @import { Run, RunStatus } from "../../client/densely.js" */

const MOST = 10; // runs of a comparison
const STEP = 50; // runs that are shown at first, and more each time
const STATUSES = ["queued", "running", "succeeded", "failed", "cancelled"];
const HEADS = ["Run", "Status", "Task", "Dataset", "Test", "Guessing", "Queued", "Took"];

/** @type {import("./main.js").View["show"]} */
export async function show(place, _, signal) {
	const tasks = await densely.tasks({ signal });
	const list = new List(
		tasks.map((task) => task.name),
		signal,
	);
	place.append(h("div.head", title("Runs"), h("a.button.main.push", { href: "#/runs/new" }, "New run")), list.node);
	await list.refresh(true);
	list.keep();
}

class List {
	/** @type {Map<string, string>} */
	#chosen = new Map(); // id → task
	#limit = STEP;
	#shown = "";
	#asked = 0;
	#rows = h("tbody");
	#problem = alertLine();
	#hint = h("span.hint", { role: "status" });
	#compare = button("Compare", () => this.#open(), { disabled: true });
	#more = button("Show more", () => this.#showMore(), { hidden: true });
	#empty = h(
		"div.empty",
		{ hidden: true },
		h("p", "No runs yet. A model on the sample rows trains in seconds."),
		h("a.button", { href: "#/runs/new" }, "Train one"),
	);

	/** @param {string[]} tasks @param {AbortSignal} signal */
	constructor(tasks, signal) {
		this.signal = signal;
		this.task = this.#filter("All tasks", tasks);
		this.status = this.#filter("Any status", STATUSES);
		const heads = HEADS.map((head) => h("th", { scope: "col" }, head));
		const choose = h("th", { scope: "col" }, h("span.hidden", "Choose"));
		this.node = h(
			"section.card",
			{ label: "Runs" },
			h("div.row", h("span", this.task), h("span", this.status), h("span.push.row", this.#hint, this.#compare)),
			this.#problem,
			h(
				"div.scroll.cards",
				h("table", h("caption.hidden", "Runs, newest first"), h("thead", h("tr", choose, heads)), this.#rows),
			),
			this.#empty,
			this.#more,
		);
		this.#count();
	}

	/** @param {string} label @param {string[]} values */
	#filter(label, values) {
		const options = values.map((value) => h("option", value));
		return h("select", { label, onchange: () => this.#anew() }, h("option", { value: "" }, label), options);
	}

	#open() {
		location.hash = `#/compare/${[...this.#chosen.keys()].join(",")}`;
	}

	#showMore() {
		this.#limit += STEP;
		this.#anew();
	}

	#anew() {
		this.refresh(true).catch(() => {});
	}

	/** How many runs are chosen, and whether they can be compared. */
	#count() {
		const [runs, tasks] = [this.#chosen.size, new Set(this.#chosen.values()).size];
		this.#compare.disabled = runs < 2 || runs > MOST || tasks > 1;
		this.#hint.textContent =
			tasks > 1 ? "Only runs of one task can be compared" : `${runs} of 2 to ${MOST} runs chosen`;
	}

	/** Asks for the runs; whether some of them are under way. @param {boolean} [isWanted] also if nothing has changed */
	async refresh(isWanted = false) {
		this.#asked += 1;
		const mine = this.#asked;
		const { signal, task, status } = this;
		const query = {
			trials: false, // they stand with their sweep
			limit: this.#limit + 1,
			task: task.value,
			status: /** @type {RunStatus} */ (status.value),
		};
		const runs = await densely.runs({ ...query, signal });
		if (mine !== this.#asked) return true;
		const text = JSON.stringify(runs.map((run) => run.data));
		if (isWanted || text !== this.#shown) this.#draw(runs); // unchanged rows stay, and with them what is selected there
		this.#shown = text;
		this.#problem.textContent = "";
		return runs.some((run) => !run.isOver);
	}

	/** @param {Run[]} runs one more than are shown, if there are more */
	#draw(runs) {
		const focused = document.activeElement?.getAttribute("data-focus");
		put(
			this.#rows,
			runs.slice(0, this.#limit).map((run) => this.#rowOf(run)),
		);
		if (focused) this.#rows.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true });
		this.#more.hidden = runs.length <= this.#limit;
		this.#empty.hidden = runs.length > 0;
	}

	/** Looks again and again, until the view is left. */
	async keep() {
		let isBusy = true;
		while (!this.signal.aborted) {
			try {
				await pause(document.hidden ? 5000 : isBusy ? 700 : 2000, this.signal);
				isBusy = await this.refresh();
			} catch (/** @type {any} */ error) {
				if (this.signal.aborted) return;
				this.#problem.textContent = told(error);
				if (!error.isPassing) return;
			}
		}
	}

	/** @param {Run} run */
	#rowOf({ id, data: run }) {
		const label = run.name || run.preset;
		const left = run.progress?.eta_seconds;
		const share = `${percent(run.progress?.fraction ?? 0, 0)}${left ? `, ${duration(left)} left` : ""}`;
		const seconds = secondsBetween(run.started_at, run.finished_at);
		const link = h("a", { href: `#/runs/${id}`, "data-focus": `link-${id}` }, label);
		return h(
			"tr",
			h("td", this.#boxOf(id, run.task, label)),
			h("th", { scope: "row" }, link, h("div.soft.small.mono", id)),
			h("td", badge(run.status), run.status === "running" && h("div.soft.small.num", share)),
			h("td", { "data-head": "Task" }, run.task),
			h("td", { "data-head": "Dataset" }, run.dataset),
			scores(run.metrics),
			h("td.soft", { "data-head": "Queued" }, moment(run.created_at)),
			h("td.num.soft", { "data-head": "Took" }, seconds === null ? "" : duration(seconds)),
		);
	}

	/** @param {string} id @param {string} task @param {string} label */
	#boxOf(id, task, label) {
		const change = () => {
			if (box.checked) this.#chosen.set(id, task);
			else this.#chosen.delete(id);
			this.#count();
		};
		const box = h("input", {
			type: "checkbox",
			"data-focus": `box-${id}`,
			label: `Choose ${label}, ${id}`,
			checked: this.#chosen.has(id),
			onchange: change,
		});
		return box;
	}
}
