// A file becomes a dataset: dropped, looked at, then uploaded as the next version, or its rows are added to the last one.

import { sender } from "./api.js";
import { button, bytes, counted, h, put, say } from "./dom.js";
import { dropZone, sending } from "./drop.js";
import { Fields } from "./fields.js";
import { balance, cautions, columnTable, summary } from "./findings.js";
import { mappingCard } from "./mapping.js";
import { refusal } from "./refusals.js";

/** @import { DatasetDetail, TaskDetail } from "../../client/densely.js" */

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$/;
const HINT =
	"CSV, TSV, JSON, JSON Lines, Parquet, or a zip of pictures; its columns are found by the names that the task has.";

/** The card of a task's file. */
export class Upload {
	#fields = new Fields();
	#refusal = refusal();
	#sending = sending();
	#about = h("div.stack", { hidden: true });
	#actions = h("div.row", { hidden: true });
	/** @type {File | null} */
	#file = null;
	/** @type {AbortController | undefined} */
	#going;

	/**
	 * @param {TaskDetail} task
	 * @param {object} how
	 * @param {string | null} how.name of a dataset that there is; null: it is asked for
	 * @param {string} how.suggested
	 * @param {(made: DatasetDetail) => void} how.done
	 * @param {AbortSignal} signal
	 */
	constructor(task, { name, suggested, done }, signal) {
		this.task = task;
		this.name = name;
		this.done = done;
		this.signal = signal;
		const words = name ? "Drop a file with more rows, or with all of them anew" : "Drop a file of rows";
		this.zone = dropZone({ words, hint: HINT, take: (file) => this.#take(file) });
		const input = h("input", { maxlength: 48, spellcheck: "false", autocomplete: "off", value: suggested });
		const field = this.#fields.field("name", "Name of the dataset", input);
		this.field = h("div.grid", { hidden: true }, field);
		this.columns = mappingCard(task, () => this.#look());
		put(this.#actions, this.#buttons());
		this.node = h(
			"section.card",
			h("h2", name ? "More rows, or a new version" : "Upload a dataset"),
			this.zone.node,
			this.#refusal.node,
			this.columns.node,
			this.field,
			this.#about,
			this.#actions,
			this.#sending.node,
		);
	}

	#buttons() {
		if (!this.name) return [button("Upload", () => this.#send(false), { class: "main" })];
		return [
			button("Add its rows", () => this.#send(true), { class: "main" }),
			button("Replace by its rows", () => this.#send(false)),
			h("span.hint", "Both make the next version; those before stay."),
		];
	}

	/** @param {File} file */
	#take(file) {
		this.#file = file;
		this.columns.clear();
		this.#about.hidden = this.#actions.hidden = true;
		this.field.hidden = this.name !== null;
		this.zone.shrink(`${file.name}, ${bytes(file.size)}`);
		this.#look();
	}

	/** Asks what is in the file. */
	async #look() {
		const file = /** @type {File} */ (this.#file);
		this.#about.hidden = this.#actions.hidden = true;
		await this.#try(async (signal) => {
			const how = { ...this.#how(signal), task: this.task.name };
			const { findings } = await sender.lookAtDataset(this.#nameOr("rows"), file, how);
			put(
				this.#about,
				summary(findings),
				balance(findings.labels),
				cautions(findings),
				h("details", h("summary", "The columns as figures"), columnTable(findings.columns)),
			);
			this.#about.hidden = this.#actions.hidden = false;
			say(`${counted(findings.rows, "row")} found in ${file.name}`);
		});
	}

	/** @param {AbortSignal} signal */
	#how(signal) {
		const mapping = this.columns.mapping();
		return { signal, ...(mapping && { mapping }), onProgress: this.#sending.tell };
	}

	/** @param {string} otherwise */
	#nameOr(otherwise) {
		const given = this.name ?? this.#fields.value("name");
		return NAME.test(given) ? given : otherwise;
	}

	/** @param {boolean} isMore whether the rows are added to those that there are */
	async #send(isMore) {
		const name = this.name ?? this.#fields.value("name");
		const isFit = NAME.test(name);
		const wrong = { field: "name", message: "letters, numbers, _, . and -, at most 48" };
		this.#fields.tell(isFit ? [] : [wrong]);
		if (!isFit || !this.#file) return;
		const file = this.#file;
		await this.#try(async (signal) => {
			const how = this.#how(signal);
			const made = isMore
				? await sender.appendRows(name, file, how)
				: await sender.uploadDataset(name, file, { ...how, task: this.task.name });
			say(`${made.name}, version ${made.version}, is there`);
			this.done(made);
		});
	}

	/** @param {(signal: AbortSignal) => Promise<void>} doing */
	async #try(doing) {
		this.#going?.abort();
		this.#going = new AbortController();
		const signal = AbortSignal.any([this.#going.signal, this.signal]);
		this.#refusal.clear();
		for (const one of this.#actions.querySelectorAll("button")) one.disabled = true;
		await doing(signal).catch((error) => {
			if (signal.aborted) return;
			this.#refusal.tell(error);
			if (error.status === 422 && this.#about.hidden) this.columns.offer(/** @type {File} */ (this.#file));
		});
		if (signal.aborted) return;
		this.#sending.end();
		for (const one of this.#actions.querySelectorAll("button")) one.disabled = false;
	}
}
