// CSV as RFC 4180 has it: read from what spreadsheets and programs write, and written so that they read it.

const DELIMITERS = ["\t", ";", ",", "|"];
const SAMPLE = 20_000; // characters by which the delimiter is found
const FORMULA = /^[=+\-@\t\r]/; // what a spreadsheet would take for the beginning of one
const BREAK = /^(\r\n|\n|\r)$/;
const NUMBER = /^[-+]?\d[\d.,]*(e[-+]?\d+)?$/i;

/** @typedef {{ line: number, cells: string[], isOpen?: boolean }} Record `line` is where it begins, from 1; open: without its last quotation mark */

/** What separates the cells: of those in the first line, the one that it has most of. @param {string} text */
export function delimiterOf(text) {
	const first = records(text.slice(0, SAMPLE), "\n", 1)[0]?.cells[0] ?? "";
	const bare = first.replace(/"[^"]*"/g, "");
	const times = DELIMITERS.map((one) => bare.split(one).length);
	return DELIMITERS[times.indexOf(Math.max(...times))];
}

/**
 * The records of a text, without empty lines. A cell in quotation marks may hold delimiters, line breaks, and quotation
 * marks twice; one that is not closed ends with the text.
 *
 * @param {string} text
 * @param {string} delimiter
 * @param {number} [most]
 * @returns {Record[]}
 */
export function records(text, delimiter, most = Infinity) {
	const own = delimiter === "|" ? "\\|" : delimiter;
	const parts = new RegExp(`"((?:[^"]|"")*)(?:"|$)|[^"\\r\\n${own}]+|\\r\\n|[\\s\\S]`, "g");
	const reader = new Reader();
	for (let found = parts.exec(text); found; found = parts.exec(text)) {
		const [whole, quoted] = found;
		if (quoted !== undefined && reader.isWithin) {
			reader.add('"'); // a quotation mark within a cell stands for itself
			parts.lastIndex = found.index + 1;
		} else if (quoted !== undefined) reader.quote(whole, quoted);
		else if (BREAK.test(whole)) reader.break();
		else if (whole === delimiter) reader.next();
		else reader.add(whole);
		if (reader.found.length >= most) return reader.found;
	}
	reader.end();
	return reader.found;
}

class Reader {
	/** @type {Record[]} */
	found = [];
	/** @type {string[]} */
	#cells = [];
	#cell = "";
	#line = 1;
	#begun = 1;
	#isOpen = false;

	/** Whether a cell has begun. */
	get isWithin() {
		return this.#cell !== "";
	}

	/** @param {string} text */
	add(text) {
		this.#cell += text;
	}

	/** @param {string} whole @param {string} quoted what is in the marks */
	quote(whole, quoted) {
		this.#cell += quoted.replaceAll('""', '"');
		this.#isOpen = whole.length < quoted.length + 2;
		this.#line += whole.split("\n").length - 1;
	}

	next() {
		this.#cells.push(this.#cell);
		this.#cell = "";
	}

	break() {
		this.end();
		this.#line += 1;
		this.#begun = this.#line;
	}

	/** Ends the record, which is none if nothing is in it. */
	end() {
		this.next();
		const cells = this.#cells;
		this.#cells = [];
		if (cells.length > 1 || cells[0].trim()) this.found.push({ line: this.#begun, cells, isOpen: this.#isOpen });
	}
}

/** What begins like a formula gets an apostrophe before it, which spreadsheets do not show. @param {unknown} value */
function cellOf(value) {
	const text = value === null || value === undefined ? "" : String(value);
	const safe = typeof value === "string" && FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
	return /[",;\t\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {unknown[][]} rows */
export const asCsv = (rows) => rows.map((row) => `${row.map(cellOf).join(",")}\r\n`).join("");

/** Offers a file: a CSV, or what is one already. @param {string} name @param {string | Blob} content */
export function save(name, content) {
	const file = content instanceof Blob ? content : new Blob([content], { type: "text/csv;charset=utf-8" });
	const link = document.createElement("a");
	link.href = URL.createObjectURL(file);
	link.download = name.replace(/[\\/:*?"<>|\s]+/g, "-");
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
