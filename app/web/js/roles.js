// Which column of a file is what, and what is asked of the service for it.

/** @import { ColumnProfile, Look, NewTask } from "../../client/densely.js" */
/** @typedef {ColumnProfile["role"]} Role */
/** @typedef {"one_of" | "several_of" | "number" | "rating"} AnswerKind */
/** @typedef {{ kind: AnswerKind, unit: string, from: string, to: string, separator: string }} Asked */
/** @typedef {{ size: string, colours: string, scaling: string }} Scaled */

const OF_TABLES = ["number", "category", "flag", "date"];
const MOST_DIFFERENT = 20; // numbers that are taken as labels when their column becomes the answer

/** The roles of a file's columns; a change of one may change others. */
export class Roles {
	/** @type {ColumnProfile[]} */
	columns = [];
	/** @type {Record<string, Role>} */
	of = {};
	/** @type {Record<string, Role>} */
	#first = {}; // as they were guessed when a column was not the answer
	kind = "table";
	/** @type {Asked} */
	answer = { kind: "one_of", unit: "", from: "", to: "", separator: "" };
	/** @type {Scaled} */
	image = { size: "28", colours: "grey", scaling: "fit" };

	/** Takes over what the service made of the file. @param {Look} look */
	take({ findings, kind, answer }) {
		this.columns = findings.columns;
		this.of = Object.fromEntries(findings.columns.map((column) => [column.source, column.role]));
		for (const [source, role] of Object.entries(this.of)) {
			if (!["label", "ignored"].includes(role)) this.#first[source] ??= role;
		}
		this.kind = kind.kind;
		this.answer = { ...this.answer, kind: answer.kind };
		if (answer.kind === "rating") Object.assign(this.answer, { from: String(answer.from), to: String(answer.to) });
		if (answer.kind === "several_of") this.answer.separator ||= separatorIn(findings);
		if (kind.kind === "image") this.image = { size: String(kind.size), colours: kind.colours, scaling: kind.scaling };
	}

	/** What a column may be. @param {string} source @returns {Role[]} */
	choices(source) {
		const role = this.of[source];
		if (role === "split") return ["split"];
		if (this.kind === "image") return [...new Set(/** @type {Role[]} */ ([role, "image", "label", "ignored"]))];
		return ["text", "number", "category", "flag", "date", "label", "ignored"];
	}

	/**
	 * Gives a column a role. A task is of texts or of a table, and has one answer: what does not go with it is left out.
	 *
	 * @param {string} source
	 * @param {Role} role
	 */
	give(source, role) {
		const before = Object.keys(this.of).find((one) => this.of[one] === "label");
		this.of[source] = role;
		if (role === "label") this.#answerMoved(source, before);
		else if (role === "text") this.#becomes("text", OF_TABLES);
		else if (role === "image") this.#leaveOut((one) => one !== source && this.of[one] === "image");
		else if (OF_TABLES.includes(role)) this.#becomes("table", ["text"]);
	}

	/** @param {string} source @param {string | undefined} before the column that was the answer */
	#answerMoved(source, before) {
		if (before && before !== source) this.of[before] = this.#besides(before);
		const { role = "category", distinct = 0 } = this.columns.find((one) => one.source === source) ?? {};
		const isNumber = (this.#first[source] ?? role) === "number" && (distinct ?? Infinity) > MOST_DIFFERENT;
		this.answer = { ...this.answer, kind: isNumber ? "number" : "one_of" };
	}

	/** What a column is that is not the answer any more. @param {string} source @returns {Role} */
	#besides(source) {
		const usual = this.#first[source] ?? "category";
		const fits = this.kind === "table" ? OF_TABLES.includes(usual) : usual === this.kind;
		return fits ? usual : "ignored";
	}

	/** @param {string} kind @param {string[]} others roles that do not go with it */
	#becomes(kind, others) {
		this.kind = kind;
		this.#leaveOut((source) => others.includes(this.of[source]));
	}

	/** @param {(source: string) => boolean} isLeft */
	#leaveOut(isLeft) {
		for (const source of Object.keys(this.of)) if (isLeft(source)) this.of[source] = "ignored";
	}

	/** @param {string[]} roles */
	#with(...roles) {
		return Object.keys(this.of).filter((source) => roles.includes(this.of[source]));
	}

	/** What keeps these roles from making a task, in words; null if nothing does. */
	get gap() {
		if (!this.#with("label").length) return "Say which column is the answer.";
		const inputs = { text: ["text"], image: ["image"], table: OF_TABLES }[this.kind] ?? [];
		return this.kind === "image" || this.#with(...inputs).length ? null : "At least one column must be an input.";
	}

	/** What the service is asked to make of the file. @returns {Pick<NewTask, "kind" | "answer">} */
	get spec() {
		return /** @type {any} */ ({
			kind: this.#kindSpec,
			answer: { ...this.#answerSpec, column: this.#with("label")[0] },
		});
	}

	/** Columns that a name of the service's own stands for. @returns {Record<string, string> | undefined} */
	get mapping() {
		const [split] = this.#with("split");
		return split ? { split } : undefined;
	}

	get #kindSpec() {
		const { size, colours, scaling } = this.image;
		if (this.kind === "image") return { kind: "image", size: Number(size), colours, scaling };
		if (this.kind === "text") return { kind: "text", columns: this.#with("text") };
		const columns = this.#with(...OF_TABLES);
		return { kind: "table", columns, roles: Object.fromEntries(columns.map((source) => [source, this.of[source]])) };
	}

	get #answerSpec() {
		const { kind, unit, from, to, separator } = this.answer;
		if (kind === "number") return { kind, ...(unit && { unit }) };
		if (kind === "several_of") return { kind, ...(separator && { separator }) };
		if (kind === "rating" && from !== "" && to !== "") return { kind, from: Number(from), to: Number(to) };
		return { kind };
	}
}

/** What parts the labels of the first rows. @param {Look["findings"]} findings */
function separatorIn({ columns, first_rows: rows }) {
	const source = columns.find((column) => column.role === "label")?.source ?? "";
	return [";", "|", ","].find((one) => rows.some((row) => String(row[source] ?? "").includes(one))) ?? ";";
}

/** A task's name out of a file's: a-z, 0-9 and -, from a letter on; another number while it is taken. @param {string} file @param {string[]} taken */
export function nameFrom(file, taken) {
	const plain = stemOf(file)
		.normalize("NFKD")
		.replace(/\p{M}/gu, "")
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, "-")
		.replace(/^[^a-z]+/, "")
		.slice(0, 36)
		.replace(/-+$/, "");
	const name = plain || "task";
	let number = 1;
	const tried = () => (number > 1 ? `${name}-${number}` : name);
	while (taken.includes(tried())) number += 1;
	return tried();
}

/** A title out of a file's name. @param {string} file */
export function titleFrom(file) {
	const words = stemOf(file)
		.replace(/[_\-.\s]+/g, " ")
		.trim();
	return words ? words[0].toUpperCase() + words.slice(1, 80) : "Task";
}

/** @param {string} file */
const stemOf = (file) => file.replace(/(\.(csv|tsv|txt|jsonl?|ndjson|parquet|zip|gz))+$/i, "");
