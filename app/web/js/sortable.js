// A table whose columns sort it; of many rows the first ones are shown before all are asked for.

import { button, h, put, say } from "./dom.js";

/**
 * @template T
 * @typedef {object} Column
 * @property {string} head
 * @property {(row: T) => string | number | null} value what it is sorted by; null comes last
 * @property {(row: T) => import("./dom.js").Child} [cell] what is shown, unless it is the value
 */

/**
 * The first column names the row, the others hold numbers.
 *
 * @template T
 * @param {string} caption
 * @param {Column<T>[]} columns
 * @param {T[]} rows
 * @param {{ few: number, by: number, isDown: boolean }} start how many rows at first, and how they are sorted
 */
export function sortable(caption, columns, rows, start) {
	let { few: shown, by, isDown } = start;
	const body = h("tbody");
	const all = button(`Show all ${rows.length}`, () => {
		shown = rows.length;
		draw();
		all.remove();
	});
	const heads = columns.map(({ head }, place) => {
		const sort = () => {
			[by, isDown] = [place, place === by ? !isDown : place > 0];
			draw();
			say(`Sorted by ${head}, ${isDown ? "descending" : "ascending"}`);
		};
		return h("th", { scope: "col", class: place ? "right" : null }, button(head, sort, { class: "sort" }));
	});
	const draw = () => {
		heads.forEach((head, place) => {
			head.ariaSort = place === by ? (isDown ? "descending" : "ascending") : null;
		});
		const { value } = columns[by];
		const sorted = rows.toSorted((one, other) => compared(value(one), value(other), isDown));
		put(body, sorted.slice(0, shown).map(rowOf));
	};
	const rowOf = (/** @type {T} */ row) =>
		h(
			"tr",
			columns.map(({ cell, value }, place) =>
				place ? h("td.right.num", (cell ?? value)(row)) : h("th", { scope: "row" }, (cell ?? value)(row)),
			),
		);
	draw();
	const table = h("table.sortable", h("caption.hidden", caption), h("thead", h("tr", heads)), body);
	return h("div.stack", h("div.scroll", table), rows.length > start.few && h("div.row", all));
}

/** @param {string | number | null} one @param {string | number | null} other @param {boolean} isDown */
function compared(one, other, isDown) {
	if (one === null || other === null) return Number(one === null) - Number(other === null);
	const sign = isDown ? -1 : 1;
	return (
		sign *
		(typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other)))
	);
}
