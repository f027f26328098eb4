// Which runs are chosen, and the line that says what can be done with them. The choice outlives pages, filters and the view.

import { button, count, h, put } from "./dom.js";
import { ACTIONS } from "./runs-actions.js";

/** @import { RunAction, RunRow } from "../../client/densely.js" */

const MOST = 10; // runs of a comparison
const MOST_CHOSEN = 500; // at once: what one request can change

/** @type {Map<string, RunRow>} */
const chosen = new Map();

export class Chosen {
	#last = ""; // the run whose box was used last, from which a range begins
	#told = h("span.hint.num", { role: "status" });
	#actions = h("span.row.push");
	#all = h("input", { type: "checkbox", onclick: () => this.#chooseAll() });
	/** @type {RunRow[]} */
	#rows = [];
	#where = "";
	#total = 0;
	#others = button("", () => this.#chooseMore(), { class: "link" }); // also those of other pages

	/**
	 * @param {() => void} changed the boxes are to be drawn
	 * @param {(action: RunAction, runs: RunRow[]) => void} act
	 * @param {(limit: number) => Promise<RunRow[]>} more the rows of all pages, up to so many
	 */
	constructor(changed, act, more) {
		this.changed = changed;
		this.act = act;
		this.more = more;
		this.node = h(
			"div.chosen.row",
			h("label.check", this.#all, "All on this page"),
			this.#told,
			this.#others,
			this.#actions,
		);
	}

	/** @param {string} id */
	has(id) {
		return chosen.has(id);
	}

	/** The rows that are shown, of how many, and which these are. @param {RunRow[]} rows @param {number} total @param {string} where */
	show(rows, total, where) {
		this.#rows = rows;
		this.#total = total;
		this.#where = where;
		for (const row of rows) if (chosen.has(row.id)) chosen.set(row.id, row);
		this.#draw();
	}

	/** @param {string} id @param {boolean} isChosen @param {boolean} isRange also all between it and the one before */
	choose(id, isChosen, isRange) {
		const places = [this.#last, id].map((one) => this.#rows.findIndex((row) => row.id === one));
		const [from, to] = isRange && !places.includes(-1) ? places.sort((a, b) => a - b) : [places[1], places[1]];
		this.#set(this.#rows.slice(from, to + 1), isChosen);
		this.#last = id;
	}

	#chooseAll() {
		this.#set(this.#rows, this.#all.checked);
	}

	async #chooseMore() {
		this.#others.disabled = true;
		this.#set(await this.more(MOST_CHOSEN), true);
		this.#others.disabled = false;
		this.#others.hidden = true;
	}

	/** @param {RunRow[]} rows @param {boolean} isChosen */
	#set(rows, isChosen) {
		for (const row of rows) {
			if (isChosen) chosen.set(row.id, row);
			else chosen.delete(row.id);
		}
		this.#draw();
		this.changed();
	}

	/** These are not chosen any more; without any, none is. @param {string[]} [ids] */
	drop(ids = [...chosen.keys()]) {
		for (const id of ids) chosen.delete(id);
		this.#draw();
		this.changed();
	}

	#draw() {
		const here = this.#rows.filter(({ id }) => chosen.has(id)).length;
		this.#all.checked = here > 0 && here === this.#rows.length;
		this.#all.indeterminate = here > 0 && here < this.#rows.length;
		this.#all.disabled = !this.#rows.length;
		this.#others.hidden = !this.#all.checked || here >= this.#total;
		this.#others.textContent = `Choose ${this.#total > MOST_CHOSEN ? "the first" : "all"} ${Math.min(this.#total, MOST_CHOSEN)}`;
		this.node.classList.toggle("some", chosen.size > 0);
		const away = chosen.size - here;
		const words = `${count(chosen.size)} chosen${away ? `, ${count(away)} of them not on this page` : ""}`;
		const text = chosen.size ? words : this.#where;
		if (this.#told.textContent !== text) this.#told.textContent = text;
		this.#offer();
	}

	/** The buttons: what can be done, with how many of the chosen. */
	#offer() {
		const runs = [...chosen.values()];
		const focused = this.#actions.contains(document.activeElement) && document.activeElement?.getAttribute("data-do");
		const buttons = Object.entries(ACTIONS).map(([action, [word, , fits]]) => {
			const mine = runs.filter(fits);
			const name = mine.length === runs.length ? word : `${word} ${count(mine.length)}`;
			const attributes = { "data-do": action, class: action === "delete" ? "danger" : null };
			return mine.length > 0 && button(name, () => this.act(/** @type {RunAction} */ (action), mine), attributes);
		});
		const clear = button("Choose none", () => this.drop(), { "data-do": "none" });
		put(this.#actions, runs.length > 0 && [this.#compare(runs), ...buttons, clear]);
		if (focused) this.#actions.querySelector(`[data-do="${focused}"]`)?.focus();
	}

	/** @param {RunRow[]} runs */
	#compare(runs) {
		const isOneTask = new Set(runs.map(({ task }) => task)).size === 1;
		const isFew = runs.length >= 2 && runs.length <= MOST;
		const open = () => {
			location.hash = `#/compare/${runs.map(({ id }) => id).join(",")}`;
		};
		const why = isOneTask ? `Choose 2 to ${MOST} runs to compare them` : "Only runs of one task can be compared";
		const can = isOneTask && isFew;
		return button("Compare", open, { "data-do": "compare", disabled: !can, title: can ? null : why });
	}
}
