// The table of runs. A redraw touches only what differs, so that focus, selected text and the pointer's target stay.

import { button, h } from "./dom.js";
import { cellsOf, COLUMNS, NAME_CELL } from "./runs-row.js";

/** @import { RunRow } from "../../client/densely.js" */
/** @import { Doing } from "./runs-row.js" */

/** The same order the other way round. @param {string} sort */
const turned = (sort) => (sort.startsWith("-") ? sort.slice(1) : `-${sort}`);

export class Table {
	/** @type {Map<string, { row: HTMLTableRowElement, told: string }>} */
	#rows = new Map();
	#body = h("tbody");
	#heads;
	#held = ""; // the run whose name is being edited

	/** @param {Doing} doing @param {(sort: string) => void} sort */
	constructor(doing, sort) {
		this.doing = doing;
		this.#heads = COLUMNS.map(([head, by]) => h("th", { scope: "col" }, by ? this.#sorter(head, by, sort) : head));
		const pick = h("th", { scope: "col" }, h("span.hidden", "Choose"));
		this.node = h(
			"div.scroll.cards",
			h("table.runs", h("caption.hidden", "Runs"), h("thead", h("tr", pick, this.#heads)), this.#body),
		);
	}

	/** @param {string} head @param {string} by @param {(sort: string) => void} sort */
	#sorter(head, by, sort) {
		return button(head, () => sort(this.sort === by ? turned(by) : by), { class: "sorter" });
	}

	/** Says by which column the runs are sorted. @param {string} sort */
	mark(sort) {
		this.sort = sort;
		COLUMNS.forEach(([, by], place) => {
			const isIt = by && [by, turned(by)].includes(sort);
			this.#heads[place].ariaSort = isIt ? (sort.startsWith("-") ? "descending" : "ascending") : null;
		});
	}

	/** @param {RunRow[]} runs */
	draw(runs) {
		const focused = document.activeElement?.getAttribute("data-focus");
		const wanted = new Set(runs.map(({ id }) => id));
		for (const [id, { row }] of this.#rows) {
			if (wanted.has(id)) continue;
			row.remove();
			this.#rows.delete(id);
		}
		runs.forEach((run, place) => {
			const row = this.#rowOf(run);
			const there = this.#body.children[place];
			if (there !== row) this.#body.insertBefore(row, there ?? null);
		});
		if (focused && document.activeElement === document.body) this.focus(focused);
	}

	/** @param {string} name of a `data-focus` */
	focus(name) {
		this.#body.querySelector(`[data-focus="${CSS.escape(name)}"]`)?.focus({ preventScroll: true });
	}

	/** The run's row as it now is. @param {RunRow} run */
	#rowOf(run) {
		const told = JSON.stringify(run);
		const known = this.#rows.get(run.id);
		if (known?.told === told && this.#held !== run.id) return known.row;
		const cells = cellsOf(run, this.doing);
		const row = known?.row ?? h("tr", { "data-run": run.id }, cells);
		row.classList.toggle("archived", Boolean(run.archived_at));
		if (known) this.#renew(run.id, [...row.children], cells);
		this.#rows.set(run.id, { row, told });
		return row;
	}

	/** Puts new cells in place of those that say something else. @param {string} id @param {Element[]} old @param {Element[]} cells */
	#renew(id, old, cells) {
		old.forEach((cell, place) => {
			const isHeld = place === NAME_CELL && id === this.#held;
			if (!isHeld && !cell.isEqualNode(cells[place])) cell.replaceWith(cells[place]);
		});
	}

	/** Shows a form in place of the run's name. @param {string} id @param {HTMLElement} form */
	hold(id, form) {
		this.#held = id;
		this.#rows.get(id)?.row.children[NAME_CELL].replaceChildren(form);
	}

	/** Shows its name again. @param {RunRow} run as it now is */
	release(run) {
		this.#held = "";
		this.#rows.get(run.id)?.row.children[NAME_CELL].replaceWith(cellsOf(run, this.doing)[NAME_CELL]);
	}

	/** Sets the boxes to what is chosen. */
	check() {
		for (const [id, { row }] of this.#rows) {
			const isChosen = this.doing.isChosen(id);
			/** @type {HTMLInputElement} */ (row.querySelector(".pick input")).checked = isChosen;
			row.classList.toggle("picked", isChosen);
		}
	}
}
