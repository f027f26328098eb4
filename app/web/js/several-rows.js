// Many inputs from pasted lines or a file: which column is what, and each row as the API takes it.

import { delimiterOf, records } from "./csv.js";
import { counted } from "./dom.js";
import { check } from "./schema.js";
import { columnsOf } from "./try-table.js";
import { axisNames } from "./try-plane.js";
import { fieldsOf } from "./try-text.js";

/** @import { Fields, Prediction, TaskDetail } from "../../client/densely.js" */

/** @typedef {{ name: string, title: string, isNeeded: boolean, type: string }} Column of the task */
/** @typedef {{ line: number, cells: string[], input: Fields | null, problem: string, answer: Prediction | null }} Row */
/**
 * What was read: `places` tells for each column of the task which of the file's it is, −1 for none.
 *
 * @typedef {{ heads: string[], rows: Row[], columns: Column[], places: number[], hasHead: boolean, left: number }} Sheet
 */
/** @typedef {{ name: string, text: string }} Source `name` is a file's, empty of what was pasted */

export const MOST = 100_000; // rows at once
const NO_DELIMITER = "\0";
const LOOKED_AT = 50; // rows by which the column of a text is found

/** What the columns of a task's inputs are called. @param {TaskDetail} task @returns {Column[]} */
export function columnsFor(task) {
	if (task.kind === "text") return fieldsOf(task).map((field) => ({ ...field, type: "text" }));
	if (task.kind === "plane") {
		return axisNames(task).map((name) => ({ name, title: name, isNeeded: true, type: "number" }));
	}
	return columnsOf(task).map(({ name, type, isNeeded }) => ({ name, title: name, isNeeded, type }));
}

/**
 * The rows of a source; `chosen` says of columns of the task, by name, which place of the file they have.
 *
 * @param {TaskDetail} task
 * @param {Source} source
 * @param {Record<string, number>} chosen
 * @returns {Sheet}
 */
export function sheetOf(task, { name, text: given }, chosen) {
	const text = given.replace(/^\uFEFF/, "");
	const columns = columnsFor(task);
	if (/^\s*(\{|\[\s*\{)/.test(text)) return ofJson(task, text, columns);
	const isTable = /\.(csv|tsv)$/i.test(name);
	const delimiter = /\.tsv$/i.test(name) ? "\t" : delimiterOf(text);
	const head = headOf(text, delimiter, columns);
	if (task.kind === "text" && !head.isFound && !isTable) return ofLines(task, text, columns);
	return ofTable(
		task,
		text,
		delimiter,
		{ ...head, hasHead: head.isFound || (isTable && !head.cells.some(isNumber)) },
		chosen,
	);
}

/** The first line, and which columns of the task it names. @param {string} text @param {string} delimiter @param {Column[]} columns */
function headOf(text, delimiter, columns) {
	const cells = (records(text, delimiter, 1)[0]?.cells ?? []).map((cell) => cell.trim());
	const places = columns.map((column) => cells.findIndex((head) => isSame(head, column)));
	return { columns, cells, places, isFound: places.some((place) => place >= 0) };
}

/**
 * @param {TaskDetail} task
 * @param {string} text
 * @param {string} delimiter
 * @param {{ columns: Column[], cells: string[], places: number[], hasHead: boolean }} head
 * @param {Record<string, number>} chosen
 */
function ofTable(task, text, delimiter, { columns, cells, places, hasHead }, chosen) {
	const found = records(text, cells.length > 1 ? delimiter : NO_DELIMITER, MOST + 2);
	const rows = found.slice(hasHead ? 1 : 0);
	const inOrder = !hasHead && cells.length === columns.length;
	const known = columns.map((column, place) => chosen[column.name] ?? (inOrder ? place : places[place]));
	if (task.kind === "text") guess(columns, known, rows, chosen);
	const heads = hasHead ? cells : cells.map((_, place) => `column ${place + 1}`);
	const sheet = { heads, columns, places: known, hasHead };
	const isComma = delimiter === ";" || delimiter === "\t";
	return cut(
		sheet,
		rows.map((row) => rowOf(task, row, sheet, isComma)),
	);
}

/** @param {string} text */
const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** @param {string} head @param {Column} column */
const isSame = (head, { name, title }) => plain(head) !== "" && [plain(name), plain(title)].includes(plain(head));

/** @param {string} cell */
const isNumber = (cell) => cell !== "" && Number.isFinite(Number(cell));

/** The text that an input cannot be without. @param {Column[]} columns */
const mainOf = (columns) => columns.find(({ isNeeded }) => isNeeded) ?? columns[columns.length - 1];

/**
 * Takes the longest column for the text, where none is called like it and none was chosen.
 *
 * @param {Column[]} columns
 * @param {number[]} places
 * @param {{ cells: string[] }[]} rows
 * @param {Record<string, number>} chosen
 */
function guess(columns, places, rows, chosen) {
	const main = columns.indexOf(mainOf(columns));
	if (places[main] >= 0 || columns[main].name in chosen) return;
	const sizes = (rows[0]?.cells ?? []).map((_, place) =>
		rows.slice(0, LOOKED_AT).reduce((sum, { cells }) => sum + (cells[place]?.length ?? 0), 0),
	);
	places[main] = sizes.indexOf(Math.max(...sizes));
}

/** At most so many rows; `left` tells of how many nothing is made. @param {Omit<Sheet, "rows" | "left">} sheet @param {Row[]} rows @returns {Sheet} */
const cut = (sheet, rows) => ({ ...sheet, rows: rows.slice(0, MOST), left: Math.max(0, rows.length - MOST) });

/** A text in each line. @param {TaskDetail} task @param {string} text @param {Column[]} columns */
function ofLines(task, text, columns) {
	const main = mainOf(columns);
	const places = columns.map((column) => (column === main ? 0 : -1));
	const sheet = { heads: [main.name], columns, places, hasHead: false };
	const lines = text.split(/\r\n|\n|\r/).map((cell, place) => ({ line: place + 1, cells: [cell] }));
	const rows = lines.filter(({ cells: [cell] }) => cell.trim());
	return cut(
		sheet,
		rows.map((row) => rowOf(task, row, sheet, false)),
	);
}

/** Objects, one in each line or all in a list. @param {TaskDetail} task @param {string} text @param {Column[]} columns */
function ofJson(task, text, columns) {
	const found = objectsOf(text);
	const heads = columns.map(({ name }) => name);
	const rows = found.map(({ line, value }) => {
		const input = value && instanceOf(task, value);
		const cells = columns.map(({ name }, place) =>
			wordsIn(value?.features?.[name] ?? value?.point?.[place] ?? value?.[name]),
		);
		return { line, cells, input, problem: value ? "" : "is no JSON object", answer: null };
	});
	return cut({ heads, columns, places: columns.map((_, place) => place), hasHead: true }, rows);
}

/** @param {unknown} value */
const wordsIn = (value) => (value === undefined || value === null ? "" : String(value));

/** @param {string} text @returns {{ line: number, value: any }[]} null of what is none */
function objectsOf(text) {
	const parsed = (/** @type {string} */ part) => {
		try {
			const value = JSON.parse(part);
			return typeof value === "object" ? value : null;
		} catch {
			return null;
		}
	};
	const whole = parsed(text);
	if (Array.isArray(whole)) return whole.map((value, place) => ({ line: place + 1, value }));
	const lines = text.split(/\r\n|\n|\r/).map((part, place) => ({ line: place + 1, part }));
	return lines.filter(({ part }) => part.trim()).map(({ line, part }) => ({ line, value: parsed(part) }));
}

/** What an object says as the API takes it: a row's columns may stand in it as they are. @param {TaskDetail} task @param {any} value @returns {Fields} */
function instanceOf(task, { task: _, ...fields }) {
	if (task.kind === "table" && !("features" in fields)) return { features: fields };
	if (task.kind !== "plane" || "point" in fields) return fields;
	return { point: axisNames(task).map((name) => fields[name]) };
}

/**
 * @param {TaskDetail} task
 * @param {import("./csv.js").Record} record
 * @param {{ heads: string[], columns: Column[], places: number[] }} sheet
 * @param {boolean} isComma whether numbers may have a decimal comma
 * @returns {Row}
 */
function rowOf(task, { line, cells, isOpen }, { heads, columns, places }, isComma) {
	const isWhole = cells.length === heads.length;
	const values = columns.map(({ type }, place) => valueOf(type, cells[places[place]] ?? "", isComma));
	const given = columns.map(({ name }, place) => [name, values[place]]).filter(([, value]) => value !== undefined);
	const fields = Object.fromEntries(given);
	const amount = isWhole ? "" : `has ${counted(cells.length, "cell")}, not ${heads.length}`;
	const problem = isOpen ? "a quotation mark is never closed: all that follows it is in this row" : amount;
	const input = { text: fields, table: { features: fields }, plane: { point: values.map((one) => one ?? null) } };
	return {
		line,
		cells,
		input: isWhole && !isOpen ? input[/** @type {keyof typeof input} */ (task.kind)] : null,
		problem,
		answer: null,
	};
}

/** A cell as the API takes it, or as it is where it is none such; undefined if it is empty. @param {string} type @param {string} cell @param {boolean} isComma */
function valueOf(type, cell, isComma) {
	const text = cell.trim();
	if (!text) return undefined;
	if (type === "text") return cell;
	if (type === "number") {
		const value = Number(isComma && !text.includes(".") ? text.replace(",", ".") : text);
		return Number.isFinite(value) ? value : text;
	}
	if (type !== "flag") return text;
	const said = text.toLowerCase();
	if (["true", "yes", "1"].includes(said)) return true;
	return ["false", "no", "0"].includes(said) ? false : text;
}

/** Notes what keeps a row from being asked; whether nothing does. @param {TaskDetail} task @param {Row} row */
export function fits({ input_schema: schema, kind }, row) {
	if (row.problem || !row.input) return false;
	const misfits = check(row.input, schema, schema);
	row.problem = misfits.map(({ field, message }) => `${shortOf(kind, field)}: ${message}`).join("; ");
	return !row.problem;
}

/** A field as the file calls it. @param {string} kind @param {string} field */
export const shortOf = (kind, field) => (kind === "table" ? field.replace(/^features\./, "") : field);
