// The first rows of a file, with what each column is used as: to be corrected.

import { h, on } from "./dom.js";
import { extentOf, ROLES } from "./findings.js";

/** @import { ColumnProfile, Findings } from "../../client/densely.js" */
/** @import { Role, Roles } from "./roles.js" */

const MOST_ROWS = 6;
const LONGEST = 160; // characters of a cell

/**
 * @param {Findings} findings
 * @param {Roles} roles
 * @param {(source: string, role: Role) => void} change
 */
export function preview({ columns: found, first_rows: rows }, roles, change) {
	const order = Object.keys(rows[0] ?? {}); // as the file has them
	const placeOf = (/** @type {ColumnProfile} */ { source }) => order.indexOf(source) + 1 || Infinity;
	const columns = [...found].sort((one, other) => placeOf(one) - placeOf(other) || 0);
	return h(
		"div.scroll",
		h(
			"table.preview",
			h("caption.hidden", "The first rows of the file, and what each column is used as"),
			h(
				"thead",
				h(
					"tr",
					columns.map((column) => headOf(column, roles, change)),
				),
			),
			h(
				"tbody",
				rows.slice(0, MOST_ROWS).map((row) =>
					h(
						"tr",
						columns.map((column) => cellOf(row, column, roles)),
					),
				),
			),
		),
	);
}

/** @param {ColumnProfile} column @param {Roles} roles @param {(source: string, role: Role) => void} change */
function headOf(column, roles, change) {
	const { source } = column;
	const role = roles.of[source];
	const select = h(
		"select",
		{ label: `${source} is used as`, "data-column": source },
		roles.choices(source).map((one) => h("option", { value: one }, ROLES[one])),
	);
	select.value = role;
	on(select, "change", () => change(source, select.value));
	return h("th", { scope: "col", class: `as-${role}` }, h("span.cut", source), select, h("span.hint", hintOf(column)));
}

/** @param {ColumnProfile} column */
function hintOf(column) {
	const { distinct, missing } = column;
	const isRange = ["number", "date", "text"].includes(column.role);
	const many = distinct ? `${distinct.toLocaleString("en")} different` : "";
	const parts = [(isRange && extentOf(column)) || many, missing && `${missing.toLocaleString("en")} missing`];
	return parts.filter(Boolean).join(", ");
}

/** @param {Record<string, any>} row @param {ColumnProfile} column @param {Roles} roles */
function cellOf(row, { source }, roles) {
	const role = roles.of[source];
	return h("td", { class: `as-${role}${role === "number" ? " num" : ""}` }, shownCell(row[source], role === "image"));
}

/** @param {unknown} value @param {boolean} isPicture */
function shownCell(value, isPicture) {
	if (value === null || value === undefined || value === "") return h("span.soft", "–");
	const text = typeof value === "object" ? JSON.stringify(value) : String(value);
	if (isPicture) return shownPicture(text);
	return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** @param {string} text in base64, or of a picture that is not told */
function shownPicture(text) {
	const type = { i: "png", "/": "jpeg" }[text[0]];
	if (type && text.length > LONGEST) return h("img.thumb", { src: `data:image/${type};base64,${text}`, alt: "" });
	return h("span.soft", "a picture");
}
