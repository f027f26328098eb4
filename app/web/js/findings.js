// What was found in a file of rows, as figures: how many, the balance of labels, each column, what speaks against it.

import { bytes, count, day, facts, figure, h, percent, s, table } from "./dom.js";
import { faultList } from "./refusals.js";

/** @import { ColumnProfile, Findings, Histogram, LabelCount } from "../../client/densely.js" */

const [MOST_FREQUENT, RAREST] = [12, 4]; // labels that are shown, of many
const MOST_COLUMNS = 60; // that are told one by one
const LONGEST = 16; // characters of a frequent value
const [WIDTH, HEIGHT] = [96, 22]; // of a small histogram

/** @type {Record<string, string>} */
export const ROLES = {
	text: "text",
	number: "number",
	category: "category",
	flag: "true/false",
	date: "date",
	image: "picture",
	label: "answer",
	split: "train or test",
	ignored: "left out",
};

/** Format, rows and split. @param {Findings} found */
export function summary(found) {
	const form = [found.format.toUpperCase(), found.encoding, found.delimiter && `delimiter ${shownDelimiter(found)}`];
	const made = found.split === "given" ? "as the file says" : "split here";
	return facts([
		["File", [bytes(found.bytes), ...form, found.compressed && "compressed"].filter(Boolean).join(", ")],
		["Rows", count(found.rows) + (found.skipped ? `, and ${count(found.skipped)} left out for their faults` : "")],
		["Split", `${count(found.train_rows)} to train, ${count(found.test_rows)} to test, ${made}`],
		["Duplicates", found.duplicates ? `${count(found.duplicates)} rows are there twice` : "none"],
	]);
}

/** @param {Findings} found */
const shownDelimiter = ({ delimiter }) => (delimiter === "\t" ? "tab" : `“${delimiter}”`);

/** What is to be known before one trains on it. @param {Findings} found */
export const cautions = ({ warnings, faults, skipped }) => [
	warnings.length > 0 &&
		h(
			"ul.note.told",
			{ label: "Warnings" },
			warnings.map((one) => h("li", one)),
		),
	faults.length > 0 &&
		h(
			"div.note.stack.tight",
			h("h3", `Rows left out: ${count(skipped)}`),
			faultList(faults, Math.max(skipped, faults.length)),
		),
];

/**
 * How many rows each label has, for training and for the test.
 *
 * @param {LabelCount[]} labels
 * @param {(label: string | number) => string} [named]
 */
export function balance(labels, named = String) {
	if (!labels.length) return null;
	const sorted = [...labels].sort((one, other) => sizeOf(other) - sizeOf(one));
	const isLong = sorted.length > MOST_FREQUENT + RAREST;
	const shown = isLong ? [...sorted.slice(0, MOST_FREQUENT), ...sorted.slice(-RAREST)] : sorted;
	const most = sizeOf(sorted[0]);
	const all = sorted.reduce((sum, one) => sum + sizeOf(one), 0);
	return h(
		"div.stack.tight",
		h(
			"ul.bars.balance.num",
			{ label: "Rows of each label" },
			shown.map((one) => balanceRow(one, { most, all, named })),
		),
		isLong && h("p.soft.small", `Of ${count(labels.length)} labels those that most and fewest rows have.`),
	);
}

/** @param {LabelCount} one */
const sizeOf = ({ train, test }) => train + test;

/** @param {LabelCount} one @param {{ most: number, all: number, named: (label: string | number) => string }} scale */
function balanceRow(one, { most, all, named }) {
	const size = sizeOf(one);
	return h(
		"li",
		{ title: `${count(one.train)} to train, ${count(one.test)} to test` },
		h("span.cut", named(one.label)),
		h("span.bar", { "aria-hidden": "true" }, h("i", { style: { "--share": size / (most || 1) } })),
		h("span.right", `${count(size)} · ${percent(size / (all || 1), size / all < 0.1 ? 1 : 0)}`),
	);
}

/** Each column: what it is used as, what is missing, how it is spread. @param {ColumnProfile[]} columns */
export function columnTable(columns) {
	const rows = columns
		.slice(0, MOST_COLUMNS)
		.map((one) => [
			one.source,
			ROLES[one.role],
			one.missing ? count(one.missing) : "",
			one.distinct === null ? "" : count(one.distinct),
			h("span.keep", extentOf(one)),
			spreadOf(one),
		]);
	const more = columns.length - MOST_COLUMNS;
	return h(
		"div.stack.tight",
		table("Columns", ["Column", "Used as", "Missing", "Different", "From … to", "Spread"], rows),
		more > 0 && h("p.soft.small", `and ${count(more)} more`),
	);
}

/** @param {ColumnProfile} column */
export function extentOf({ role, least, greatest }) {
	if (least === null || greatest === null || least === undefined || greatest === undefined) return "";
	if (role === "date") return `${day(least)} … ${day(greatest)}`;
	const range = `${figure("", least)} … ${figure("", greatest)}`;
	return role === "text" ? `${range} characters` : range;
}

/** @param {ColumnProfile} column */
function spreadOf({ histogram, common, source }) {
	if (histogram) return spark(histogram, source);
	const short = (/** @type {string} */ value) => (value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
	const told = common.slice(0, 2).map(({ value, rows }) => `${short(value)} ${count(rows)}`);
	return h("span.soft.small.keep", told.join(", ") + (common.length > 2 ? " …" : ""));
}

/** A small histogram. @param {Histogram} histogram @param {string} of */
function spark({ counts, edges }, of) {
	const most = Math.max(...counts, 1);
	const step = WIDTH / counts.length;
	const label = `Histogram of ${of}, ${figure("", edges[0])} to ${figure("", edges[edges.length - 1])}`;
	return s(
		"svg.spark",
		{ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", label },
		counts.map((rows, place) => {
			const height = rows ? Math.max(1.5, (rows / most) * HEIGHT) : 0;
			return s("rect", { x: place * step, y: HEIGHT - height, width: Math.max(0.5, step - 0.6), height });
		}),
	);
}
