// Search and filters of the Runs view.

import { button, h, on, put } from "./dom.js";
import { options } from "./fields.js";
import { FILTERS, SORT } from "./runs-address.js";

/** @import { SweepSummary, Task } from "../../client/densely.js" */
/** @import { Asked } from "./runs-address.js" */
/** @typedef {[value: string, text: string]} Pair */

const TYPING = 200; // ms after the last key, before it is asked
const STATUSES = ["queued", "running", "succeeded", "failed", "cancelled"];
const DAYS = "days"; // from one to another; no value of the address
/** @type {Pair[]} */
const WHEN = [
	["", "Any time"],
	["today", "Today"],
	["1d", "Last 24 hours"],
	["7d", "Last 7 days"],
	["30d", "Last 30 days"],
	[DAYS, "From … to …"],
];
/** Values of `archived` and `trials`. @type {Pair[]} */
const WHICH = [
	["|", "Not archived"],
	["all|", "Archived too"],
	["|true", "Trials of sweeps too"],
	["all|true", "Archived and trials too"],
	["true|", "Archived only"],
	["true|true", "Archived, with trials"],
];
/** @type {Pair[]} */
const SORTS = [
	[SORT, "Newest first"],
	["created", "Oldest first"],
	["-score", "Best score first"],
	["name", "By name"],
	["status", "By status"],
	["task", "By task"],
	["dataset", "By dataset"],
	["preset", "By preset"],
	["-seconds", "Longest first"],
];

/** @param {string[]} names @returns {Pair[]} */
const pairs = (names) => [...new Set(names)].sort().map((name) => [name, name]);

export class Filters {
	/** @type {Record<string, any>} */
	#fields = {};
	#days = h("span.row.days");
	#tag = h("span.row");
	#clear = button("Clear", () => this.changed(Object.fromEntries(FILTERS.map((name) => [name, ""])), true));
	#fold = button("Filters", () => this.#unfold(), { class: "fold", "aria-expanded": "false" });
	#panel = h("div.row.panel");
	/** @type {Task[]} */
	#tasks = [];
	/** @type {Asked} */
	#asked = {};
	#isTyping = false;

	/** @param {(changes: Asked, isStep: boolean) => void} changed `isStep`: the way back leads to what was before */
	constructor(changed) {
		this.changed = changed;
		const selects = [
			this.#select("task", "Task", [["", "All tasks"]]),
			this.#select("status", "Status", [["", "Any status"], ...pairs(STATUSES)]),
			this.#select("dataset", "Dataset", [["", "All datasets"]]),
			this.#select("preset", "Preset", [["", "All presets"]]),
			this.#select("sweep", "Sweep", [["", "Any sweep"]]),
			this.#when(),
			this.#which(),
			this.#select("sort", "Sort", SORTS),
		];
		this.#fields.sort.classList.add("narrow");
		put(this.#panel, selects, this.#days);
		this.node = h(
			"search.stack.tight",
			h("div.row.find", this.#search(), this.#fold, this.#clear),
			this.#tag,
			this.#panel,
		);
	}

	#search() {
		const field = h("input", {
			type: "search",
			label: "Search runs",
			placeholder: "Name, note, tag or id",
			maxlength: 200,
		});
		let timer = 0;
		const ask = () => {
			clearTimeout(timer);
			if (field.value.trim() === this.#asked.q) return;
			this.changed({ q: field.value.trim() }, !this.#isTyping);
			this.#isTyping = true;
		};
		on(field, "input", () => {
			clearTimeout(timer);
			timer = setTimeout(ask, TYPING);
		});
		on(field, "change", ask);
		on(field, "focus blur", () => (this.#isTyping = false));
		this.#fields.q = field;
		return field;
	}

	/** @param {string} name @param {string} label @param {Pair[]} choices */
	#select(name, label, choices) {
		const select = h("select", { label }, options(choices));
		on(select, "change", () => this.changed({ [name]: select.value }, true));
		this.#fields[name] = select;
		return select;
	}

	#when() {
		const select = this.#select("since", "When", WHEN);
		const day = (/** @type {string} */ name, /** @type {string} */ label) => {
			const field = h("input", { type: "date" });
			on(field, "change", () => this.changed({ [name]: field.value }, true));
			this.#fields[`${name}-day`] = field;
			return h("label", label, field);
		};
		put(this.#days, day("since", "From"), day("until", "To"));
		const chose = (/** @type {Event} */ event) => {
			event.stopImmediatePropagation();
			const isDays = select.value === DAYS;
			this.#days.hidden = !isDays;
			if (isDays) this.#fields["since-day"].focus();
			else this.changed({ since: select.value, until: "" }, true);
		};
		select.addEventListener("change", chose, { capture: true });
		return select;
	}

	#which() {
		const select = h("select", { label: "Which runs" }, options(WHICH));
		on(select, "change", () => {
			const [archived, trials] = select.value.split("|");
			this.changed({ archived, trials }, true);
		});
		this.#fields.which = select;
		return select;
	}

	#unfold() {
		const isOpen = this.#panel.classList.toggle("open");
		this.#fold.setAttribute("aria-expanded", String(isOpen));
	}

	/** What there is to choose from. What is being typed, and not asked for yet, stays. @param {Task[]} tasks @param {SweepSummary[]} sweeps */
	fill(tasks, sweeps) {
		this.#tasks = tasks;
		const named = sweeps.map(({ id, name, plan }) => /** @type {Pair} */ ([id, `${name || plan.preset}, ${id}`]));
		this.#offer("sweep", named);
		this.#showChoices(this.#asked);
	}

	/** @param {string} name @param {Pair[]} choices beside the first, which is none */
	#offer(name, choices) {
		const select = this.#fields[name];
		put(select, select.options[0], options(choices));
	}

	/** Shows what is asked for. @param {Asked} asked */
	show(asked) {
		this.#asked = asked;
		this.#showChoices(asked);
		if (this.#fields.q.value.trim() !== asked.q) this.#fields.q.value = asked.q;
		this.#showDays(asked);
		this.#showChosen(asked);
	}

	/** @param {Asked} asked */
	#showChoices(asked) {
		const mine = this.#tasks.filter(({ name }) => !asked.task || name === asked.task);
		if (this.#tasks.length) {
			this.#offer("task", pairs(this.#tasks.map(({ name }) => name)));
			this.#offer("dataset", pairs(mine.flatMap((task) => task.datasets.map(({ name }) => name))));
			this.#offer("preset", pairs(mine.flatMap((task) => Object.keys(task.presets))));
		}
		for (const name of ["task", "status", "dataset", "preset", "sweep"]) choose(this.#fields[name], asked[name]);
		choose(this.#fields.which, `${asked.archived}|${asked.trials}`);
		choose(this.#fields.sort, asked.sort || SORT);
	}

	/** @param {Asked} asked */
	#showDays({ since, until }) {
		const isDays = Boolean(until) || /^\d{4}-/.test(since);
		choose(this.#fields.since, isDays ? DAYS : since);
		this.#days.hidden = !isDays;
		this.#fields["since-day"].value = isDays ? since : "";
		this.#fields["until-day"].value = until;
	}

	/** @param {Asked} asked */
	#showChosen(asked) {
		const set = FILTERS.filter((name) => asked[name]);
		const folded = set.filter((name) => !["q", "tag"].includes(name)).length;
		this.#fold.textContent = folded ? `Filters (${folded})` : "Filters";
		this.#clear.hidden = !set.length;
		const remove = () => this.changed({ tag: "" }, true);
		put(
			this.#tag,
			asked.tag &&
				button(`tag ${asked.tag} ×`, remove, { class: "chip", label: `Remove the filter: tag ${asked.tag}` }),
		);
		this.#tag.hidden = !asked.tag;
	}
}

/** Chooses a value, also one that is not offered. @param {HTMLSelectElement} select @param {string} value */
function choose(select, value) {
	const isThere = [...select.options].some((option) => option.value === value);
	if (!isThere) select.append(...options([[value, value]]));
	select.value = value;
}
