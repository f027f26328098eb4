/**
 * A client of Densely for browsers and Node 20.3 or later; it depends on nothing.
 *
 * Names in requests and answers are those of the HTTP API. Every call takes a `signal`; when it is aborted, the signal's
 * reason is thrown as it is. Whatever else goes wrong is one of these:
 *
 * DenselyError
 * ├── ServiceUnreachable      no answer: nothing listens there, or the connection broke; `cause` says why
 * ├── RunEnded                `wait` found that the run did not succeed; `run` is that run
 * │   ├── RunFailed           ... because it failed
 * │   └── RunCancelled        ... because somebody cancelled it
 * ├── SweepEnded              the same of a sweep; `sweep` is that sweep
 * │   ├── SweepFailed
 * │   └── SweepCancelled
 * └── ApiError                the service refused or failed: `status`, `kind`, `title`, `errors`, `requestId`
 *     └── InvalidInput, NotFound, Conflict, QueueFull, …: one for each kind of problem, in the service's own tree
 */

/** @typedef {import("./answers.js").Activation} Activation */
/** @typedef {import("./answers.js").Advice} Advice */
/** @typedef {import("./answers.js").BoardRow} BoardRow */
/** @typedef {import("./answers.js").ColumnProfile} ColumnProfile */
/** @typedef {import("./answers.js").ComparedRun} ComparedRun */
/** @typedef {import("./answers.js").Comparison} Comparison */
/** @typedef {import("./answers.js").Axis} Axis */
/** @typedef {import("./answers.js").DatasetDetail} DatasetDetail */
/** @typedef {import("./answers.js").DatasetEntry} DatasetEntry */
/** @typedef {import("./answers.js").DatasetRow} DatasetRow */
/** @typedef {import("./answers.js").Decoded} Decoded */
/** @typedef {import("./answers.js").Drawing} Drawing */
/** @typedef {import("./answers.js").Encoded} Encoded */
/** @typedef {import("./answers.js").Epoch} Epoch */
/** @typedef {import("./answers.js").RunEvent} RunEvent */
/** @typedef {import("./answers.js").Estimate} Estimate */
/** @typedef {import("./answers.js").Fault} Fault */
/** @typedef {import("./answers.js").Fields} Fields */
/** @typedef {import("./answers.js").FieldProblem} FieldProblem */
/** @typedef {import("./answers.js").Findings} Findings */
/** @typedef {import("./answers.js").Histogram} Histogram */
/** @typedef {import("./answers.js").LabelCount} LabelCount */
/** @typedef {import("./answers.js").LayerPreview} LayerPreview */
/** @typedef {import("./answers.js").Look} Look */
/** @typedef {import("./answers.js").Metrics} Metrics */
/** @typedef {import("./answers.js").Model} Model */
/** @typedef {import("./answers.js").NewTask} NewTask */
/** @typedef {import("./answers.js").ModelDetail} ModelDetail */
/** @typedef {import("./answers.js").ModelReport} ModelReport */
/** @typedef {import("./answers.js").Outcome} Outcome */
/** @typedef {import("./answers.js").Part} Part */
/** @typedef {import("./answers.js").Prediction} Prediction */
/** @typedef {import("./answers.js").Preset} Preset */
/** @typedef {import("./answers.js").Preview} Preview */
/** @typedef {import("./answers.js").Range} Range */
/** @typedef {import("./answers.js").Recipe} Recipe */
/** @typedef {import("./answers.js").RecipeChange} RecipeChange */
/** @typedef {import("./answers.js").RunAction} RunAction */
/** @typedef {import("./answers.js").RunActionDone} RunActionDone */
/** @typedef {import("./answers.js").RunData} RunData */
/** @typedef {import("./answers.js").RunRow} RunRow */
/** @typedef {import("./answers.js").RunRows} RunRows */
/** @typedef {import("./answers.js").RunSort} RunSort */
/** @typedef {import("./answers.js").RunStatus} RunStatus */
/** @typedef {import("./answers.js").SweepData} SweepData */
/** @typedef {import("./answers.js").SweepRequest} SweepRequest */
/** @typedef {import("./answers.js").SweepSettings} SweepSettings */
/** @typedef {import("./answers.js").SweepStatus} SweepStatus */
/** @typedef {import("./answers.js").SweepSummary} SweepSummary */
/** @typedef {import("./answers.js").Task} Task */
/** @typedef {import("./answers.js").TaskDetail} TaskDetail */
/** @typedef {import("./answers.js").TrainSettings} TrainSettings */
/** @typedef {import("./answers.js").TrialRow} TrialRow */
/** @typedef {{ signal?: AbortSignal | undefined }} Options */
/** @typedef {Options & { model?: string | number, explain?: boolean, top_k?: number, min_confidence?: number, max_novelty?: number }} PredictOptions */
/** @typedef {{ q?: string, task?: string, status?: RunStatus | "", dataset?: string, preset?: string, tag?: string, sweep?: string, trials?: boolean, since?: string, until?: string, archived?: "false" | "true" | "all", sort?: RunSort }} RunsAsked */
/** @typedef {{ name?: string | null, tags?: Record<string, string>, note?: string, archived?: boolean }} RunChanges */
/** @typedef {{ method: string, headers: Record<string, string>, signal: AbortSignal | null }} Asked */
/** @typedef {Options & { lastEventId?: string | number, away?: number, onConnection?: (isThere: boolean) => void }} EventOptions */
/** @typedef {Options & { filename?: string, mapping?: Record<string, string>, onProgress?: (sent: number, of: number) => void }} UploadOptions */
/** @typedef {Options & { method?: string, body?: unknown, query?: Record<string, unknown>, headers?: Record<string, string> }} RequestOptions */

const NODE_DEFAULT = "http://127.0.0.1:8000/";
const PROBLEM = "urn:densely:problem:";
const PASSING = [429, 502, 503, 504]; // statuses after which the same request may do later
const MOST_ROWS = 10_000; // instances that the service takes at once
const MOST_BYTES = 900_000; // of a request with many instances: below the least limit that a service can have
const PAGE = 500; // items of a page of a list
const AWAY = 60_000; // ms without an answer, after which who follows a run gives up
const SILENCE = 45_000; // ms; a stream that is silent for so long is dead, since a heartbeat comes every 15 s
const EVERY = 1_000; // ms between two looks at a sweep
const LONGEST_PAUSE = 2_000; // ms between two connections

/** Something went wrong. */
export class DenselyError extends Error {
	/** Whether the same call may succeed later. */
	isPassing = false;

	/**
	 * @param {string} message
	 * @param {ErrorOptions} [options]
	 */
	constructor(message, options) {
		super(message, options);
		this.name = new.target.name;
	}
}

/** The service does not answer. */
export class ServiceUnreachable extends DenselyError {
	isPassing = true;
}

/** The run did not succeed. */
export class RunEnded extends DenselyError {
	/** @param {Run} run as it ended */
	constructor(run) {
		const { error } = run.data;
		super(`run ${run.id} is ${run.status}${error ? `: ${error.type}: ${error.message}` : ""}`);
		this.run = run;
	}
}

/** The run failed. */
export class RunFailed extends RunEnded {}

/** The run was cancelled. */
export class RunCancelled extends RunEnded {}

/** The sweep did not succeed. */
export class SweepEnded extends DenselyError {
	/** @param {Sweep} sweep as it ended */
	constructor(sweep) {
		const { error } = sweep.data;
		super(`sweep ${sweep.id} is ${sweep.status}${error ? `: ${error.type}: ${error.message}` : ""}`);
		this.sweep = sweep;
	}
}

/** The sweep failed. */
export class SweepFailed extends SweepEnded {}

/** The sweep was cancelled. */
export class SweepCancelled extends SweepEnded {}

/** The service refused or failed; the fields are those of its problem document. */
export class ApiError extends DenselyError {
	/**
	 * @param {number} status
	 * @param {{ type?: string, title?: string, detail?: string, errors?: FieldProblem[], request_id?: string | null, retry_after?: number | null }} problem
	 */
	constructor(status, problem) {
		super(problem.detail || problem.title || `status ${status}`);
		this.status = status;
		/** The last part of the problem's type, for example `not-found`; empty where it was no problem document. */
		this.kind = problem.type?.replace(PROBLEM, "") ?? "";
		this.title = problem.title ?? "";
		/** The fields at fault, each with its dotted path; of a file the column, with the line. */
		this.errors = /** @type {FieldProblem[]} */ (problem.errors ?? []);
		/** Finds the request in the service's log. */
		this.requestId = problem.request_id ?? null;
		/** Seconds after which the service says that it may do; null where it does not say. */
		this.retryAfter = problem.retry_after ?? null;
		this.isPassing = PASSING.includes(status);
	}
}

export class InvalidInput extends ApiError {}
export class MalformedBody extends InvalidInput {}
export class MalformedRequest extends InvalidInput {}
export class TooLarge extends InvalidInput {}
export class HeadTooLarge extends TooLarge {}
export class TargetTooLong extends TooLarge {}
export class TooSlow extends InvalidInput {}
export class Misdirected extends ApiError {}
export class CrossSite extends ApiError {}
export class UnsupportedMediaType extends ApiError {}
export class UnsupportedEncoding extends UnsupportedMediaType {}
export class NotAcceptable extends ApiError {}
export class NotFound extends ApiError {}
export class NotEvaluated extends NotFound {}
export class Conflict extends ApiError {}
export class InvalidTransition extends Conflict {}
export class IdempotencyConflict extends Conflict {}
export class Unauthorized extends ApiError {}
export class Forbidden extends ApiError {}
export class RateLimited extends ApiError {}
export class QueueFull extends ApiError {}
export class QuotaReached extends QueueFull {}
export class Unavailable extends ApiError {}
export class Overloaded extends Unavailable {}
export class StoreAway extends Unavailable {}
export class Unusable extends Unavailable {}
export class ArtifactInvalid extends Unavailable {}

/** @type {Record<string, typeof ApiError>} */
const BY_KIND = {
	"invalid-input": InvalidInput,
	"invalid-body": MalformedBody, // the framework's word for it
	"malformed-body": MalformedBody,
	"malformed-request": MalformedRequest,
	"too-large": TooLarge,
	"head-too-large": HeadTooLarge,
	"target-too-long": TargetTooLong,
	"too-slow": TooSlow,
	misdirected: Misdirected,
	"cross-site": CrossSite,
	"unsupported-media-type": UnsupportedMediaType,
	"unsupported-encoding": UnsupportedEncoding,
	"not-acceptable": NotAcceptable,
	"not-found": NotFound,
	"not-evaluated": NotEvaluated,
	conflict: Conflict,
	"invalid-transition": InvalidTransition,
	"idempotency-conflict": IdempotencyConflict,
	unauthorized: Unauthorized,
	forbidden: Forbidden,
	"rate-limited": RateLimited,
	"queue-full": QueueFull,
	"quota-reached": QuotaReached,
	unavailable: Unavailable,
	overloaded: Overloaded,
	"store-away": StoreAway,
	unusable: Unusable,
	"artifact-invalid": ArtifactInvalid,
};

/** A client of the service. */
export class Densely {
	#key;
	#fetch;
	#sends; // files by XMLHttpRequest, which tells how far they are, where nobody gave another way

	/**
	 * @param {object} [options]
	 * @param {string | URL} [options.url] where the service is, with a proxy's path if there is one; left out, it is where
	 *   this module was loaded from, and in Node this machine's port 8000
	 * @param {string | undefined} [options.key] one of the service's API keys, if it has any
	 * @param {typeof globalThis.fetch} [options.fetch] used in place of the global one
	 */
	constructor({ url = home(), key, fetch } = {}) {
		/** Where the service is; it ends with a slash. */
		this.url = new URL(String(url).replace(/\/*$/, "/")).href;
		this.#key = key;
		this.#sends = fetch ? undefined : globalThis.XMLHttpRequest;
		this.#fetch =
			fetch ?? ((/** @type {Parameters<typeof globalThis.fetch>} */ ...asked) => globalThis.fetch(...asked));
	}

	/**
	 * What a model makes of an input, or of each of many in order; `fields` are those of the task's input schema.
	 *
	 * @template {Fields | Fields[]} F
	 * @param {string} task
	 * @param {F} fields an `image` may also be a Blob or bytes, numbers may be a typed array
	 * @param {PredictOptions} [options]
	 * @returns {Promise<F extends Fields[] ? Prediction[] : Prediction>}
	 */
	async predict(task, fields, { signal, ...options } = {}) {
		const found = Array.isArray(fields)
			? await predictMany(this, task, fields, options, signal)
			: await predictOne(this, { task, ...(await sendable(fields)), ...options }, signal);
		return /** @type {any} */ (found);
	}

	/**
	 * An input as a model sees it.
	 *
	 * @param {string} task
	 * @param {Fields} fields
	 * @param {Options & { model?: string | number }} [options]
	 * @returns {Promise<Encoded>}
	 */
	async encode(task, fields, { signal, ...options } = {}) {
		return this.post(at`tasks/${task}/encode`, { ...(await sendable(fields)), ...options }, { signal });
	}

	/**
	 * What a model sees, turned back.
	 *
	 * @param {string} task
	 * @param {Fields} codes
	 * @param {Options & { model?: string | number }} [options]
	 * @returns {Promise<Decoded>}
	 */
	decode(task, codes, { signal, ...options } = {}) {
		return this.post(at`tasks/${task}/decode`, { ...codes, ...options }, { signal });
	}

	/** All tasks. @param {Options} [options] @returns {Promise<Task[]>} */
	tasks(options) {
		return this.list("tasks", { limit: Infinity }, options);
	}

	/** A task with its schemas. @param {string} name @param {Options} [options] @returns {Promise<TaskDetail>} */
	task(name, options) {
		return this.get(at`tasks/${name}`, {}, options);
	}

	/**
	 * Makes a task of one's own, of a file of rows, and trains it unless `train` is false. What `task` does not tell is
	 * found in the file: which kind of input, which columns, which labels. Without a file, `kind` and `answer` say all.
	 *
	 * @param {NewTask} task
	 * @param {Blob} [file] a File, or with `filename` any Blob
	 * @param {UploadOptions & { dataset?: string, train?: boolean }} [options] the dataset's name is the task's unless told
	 * @returns {Promise<{ task: TaskDetail, dataset: DatasetDetail | null, run: Run | null }>}
	 */
	async createTask(task, file, { dataset, train, mapping, ...options } = {}) {
		if (!file) return { task: await this.post("tasks", task, options), dataset: null, run: null };
		const made = await this.upload("tasks", file, { task, dataset, train, mapping }, options);
		return { ...made, run: made.run && new Run(this, made.run) };
	}

	/**
	 * What `createTask` would make of the file; nothing is kept.
	 *
	 * @param {NewTask} task
	 * @param {Blob} file
	 * @param {UploadOptions} [options]
	 * @returns {Promise<Look>}
	 */
	lookAtTask(task, file, { mapping, ...options } = {}) {
		return this.upload("tasks", file, { task, mapping, dry_run: true }, options);
	}

	/**
	 * Changes what is shown of a task of one's own.
	 *
	 * @param {string} name
	 * @param {{ title?: string, description?: string, label_names?: Record<string, string> }} changes
	 * @param {Options} [options]
	 * @returns {Promise<TaskDetail>}
	 */
	async updateTask(name, changes, { signal } = {}) {
		return read(await this.request(at`tasks/${name}`, { method: "PATCH", body: changes, signal }), signal);
	}

	/**
	 * Removes a task of one's own, and with it what is named.
	 *
	 * @param {string} name
	 * @param {Options & { models?: boolean, datasets?: boolean }} [options]
	 */
	deleteTask(name, { signal, ...query } = {}) {
		return this.delete(at`tasks/${name}`, query, { signal });
	}

	/**
	 * Datasets in their latest version.
	 *
	 * @param {Options & { task?: string, limit?: number }} [options]
	 * @returns {Promise<DatasetEntry[]>}
	 */
	datasets({ signal, ...query } = {}) {
		return this.list("datasets", query, { signal });
	}

	/**
	 * Versions of a dataset, the latest first.
	 *
	 * @param {string} name
	 * @param {Options & { limit?: number }} [options]
	 * @returns {Promise<DatasetEntry[]>}
	 */
	datasetVersions(name, { signal, ...query } = {}) {
		return this.list(at`datasets/${name}/versions`, query, { signal });
	}

	/**
	 * A dataset with what was found in it.
	 *
	 * @param {string} name
	 * @param {Options & { version?: number }} [options]
	 * @returns {Promise<DatasetDetail>}
	 */
	dataset(name, { signal, ...query } = {}) {
		return this.get(at`datasets/${name}`, query, { signal });
	}

	/**
	 * Rows of a dataset; with `model` ("active", a version number or an id) each with its prediction, wrong ones first.
	 *
	 * @param {string} name
	 * @param {Options & { split?: "train" | "test", label?: string, version?: number, model?: string | number, wrong?: boolean, limit?: number }} [options]
	 * @returns {Promise<DatasetRow[]>}
	 */
	datasetRows(name, { signal, ...query } = {}) {
		return this.list(at`datasets/${name}/rows`, query, { signal });
	}

	/**
	 * A dataset of a task; of a name that there is already, its next version.
	 *
	 * @param {string} name
	 * @param {Blob} file
	 * @param {UploadOptions & { task: string }} options
	 * @returns {Promise<DatasetDetail>}
	 */
	uploadDataset(name, file, { task, mapping, ...options }) {
		return this.upload("datasets", file, { name, task, mapping }, options);
	}

	/**
	 * What `uploadDataset` would find in the file; nothing is kept.
	 *
	 * @param {string} name
	 * @param {Blob} file
	 * @param {UploadOptions & { task: string }} options
	 * @returns {Promise<Look>}
	 */
	lookAtDataset(name, file, { task, mapping, ...options }) {
		return this.upload("datasets", file, { name, task, mapping, dry_run: true }, options);
	}

	/**
	 * The next version: the latest one's rows and those of the file.
	 *
	 * @param {string} name
	 * @param {Blob} file
	 * @param {UploadOptions} [options]
	 * @returns {Promise<DatasetDetail>}
	 */
	appendRows(name, file, { mapping, ...options } = {}) {
		return this.upload(at`datasets/${name}/rows`, file, { mapping }, options);
	}

	/** Removes a dataset, or one version. @param {string} name @param {Options & { version?: number }} [options] */
	deleteDataset(name, { signal, ...query } = {}) {
		return this.delete(at`datasets/${name}`, query, { signal });
	}

	/** Removes a model, unless it is active. @param {string} id @param {Options} [options] */
	deleteModel(id, options) {
		return this.delete(at`models/${id}`, {}, options);
	}

	/** Removes a run that has ended; its model stays. @param {string} id @param {Options} [options] */
	deleteRun(id, options) {
		return this.delete(at`runs/${id}`, {}, options);
	}

	/**
	 * The newest models, newest first. `q`: a part of the dataset's or the run's name, the beginning of an id, or `v3`.
	 *
	 * @param {Options & { task?: string, q?: string, active?: boolean, limit?: number }} [options]
	 * @returns {Promise<Model[]>}
	 */
	models({ signal, ...query } = {}) {
		return this.list("models", query, { signal });
	}

	/** A model with its manifest. @param {string} id @param {Options} [options] @returns {Promise<ModelDetail>} */
	model(id, options) {
		return this.get(at`models/${id}`, {}, options);
	}

	/** How good it is, where it errs, who made it. @param {string} id @param {Options} [options] @returns {Promise<ModelReport>} */
	report(id, options) {
		return this.get(at`models/${id}/report`, {}, options);
	}

	/**
	 * Makes a model the one that the task's predictions use; `reason` is kept in the history.
	 *
	 * @param {string} task
	 * @param {string} modelId
	 * @param {Options & { reason?: string }} [options]
	 * @returns {Promise<Model>}
	 */
	async activate(task, modelId, { signal, reason } = {}) {
		const asked = { method: "PUT", body: { model_id: modelId, ...(reason && { reason }) }, signal };
		return read(await this.request(at`tasks/${task}/active-model`, asked), signal);
	}

	/**
	 * Changes of the active model, newest first.
	 *
	 * @param {string} task
	 * @param {Options & { limit?: number }} [options]
	 * @returns {Promise<Activation[]>}
	 */
	activations(task, { signal, ...query } = {}) {
		return this.list(at`tasks/${task}/active-model/history`, query, { signal });
	}

	/**
	 * Queues a training; what is left out comes from the task and its preset. The same `idempotencyKey` queues one run.
	 *
	 * @param {string} task
	 * @param {TrainSettings & Options & { idempotencyKey?: string }} [settings]
	 */
	async train(task, { signal, idempotencyKey, ...settings } = {}) {
		/** @type {Record<string, string>} */
		const headers = idempotencyKey ? { "Idempotency-Key": idempotencyKey } : {};
		return new Run(this, await this.post("train", { task, ...settings }, { signal, headers }));
	}

	/**
	 * What `train` would queue: its layers, what is not the preset's, how long it takes. Nothing is queued.
	 *
	 * @param {string} task
	 * @param {TrainSettings & Options} [settings]
	 * @returns {Promise<Preview>}
	 */
	preview(task, { signal, ...settings } = {}) {
		return this.post("train/preview", { task, ...settings }, { signal });
	}

	/**
	 * Runs, the newest first, or in the order of `sort`.
	 *
	 * @param {Options & RunsAsked & { limit?: number }} [options]
	 */
	async runs({ signal, ...query } = {}) {
		const found = await this.list("runs", query, { signal });
		return found.map((/** @type {RunData} */ data) => new Run(this, data));
	}

	/**
	 * A page of the same in short, with curves, and how many there are in all; `cursor` is the `next` of the page before.
	 *
	 * @param {Options & RunsAsked & { limit?: number, cursor?: number | null }} [options]
	 * @returns {Promise<RunRows>}
	 */
	runRows({ signal, ...query } = {}) {
		return this.get("runs/rows", query, { signal });
	}

	/**
	 * Changes what is written of a run, or archives it; what is left out stays.
	 *
	 * @param {string} id
	 * @param {RunChanges} changes
	 * @param {Options} [options]
	 */
	async updateRun(id, changes, { signal } = {}) {
		const answer = await this.request(at`runs/${id}`, { method: "PATCH", body: changes, signal });
		return new Run(this, await read(answer, signal));
	}

	/**
	 * Does the same to up to 500 runs, each by itself; with `dry_run` it only says what would be done. `delete` with
	 * `models` removes their models too, but for one that is active.
	 *
	 * @param {RunAction} action
	 * @param {string[]} ids
	 * @param {Options & { models?: boolean, dry_run?: boolean }} [options]
	 * @returns {Promise<RunActionDone>}
	 */
	actOnRuns(action, ids, { signal, ...how } = {}) {
		return this.post("runs/actions", { action, runs: ids, ...how }, { signal });
	}

	/** A run. @param {string} id @param {Options} [options] */
	async run(id, options) {
		return new Run(this, await this.get(at`runs/${id}`, {}, options));
	}

	/**
	 * 2 to 10 runs of one task side by side: a board, where they differ, and whether chance explains it.
	 *
	 * @param {string[]} ids
	 * @param {Options} [options]
	 * @returns {Promise<Comparison>}
	 */
	compare(ids, options) {
		return this.get("compare", { runs: ids.join(",") }, options);
	}

	/**
	 * Begins a sweep over `space`: by dotted path of a recipe's field, what it may be. What else is left out comes from
	 * the task and its preset. The same `idempotencyKey` begins one sweep.
	 *
	 * @param {string} task
	 * @param {Record<string, Axis>} space
	 * @param {SweepSettings & Options & { idempotencyKey?: string }} [settings]
	 */
	async search(task, space, { signal, idempotencyKey, ...settings } = {}) {
		/** @type {Record<string, string>} */
		const headers = idempotencyKey ? { "Idempotency-Key": idempotencyKey } : {};
		return new Sweep(this, await this.post("sweeps", { task, space, ...settings }, { signal, headers }));
	}

	/**
	 * The newest sweeps, newest first, without their trials.
	 *
	 * @param {Options & { task?: string, status?: SweepStatus | "", limit?: number }} [options]
	 * @returns {Promise<SweepSummary[]>}
	 */
	sweeps({ signal, ...query } = {}) {
		return this.list("sweeps", query, { signal });
	}

	/** A sweep with its trials. @param {string} id @param {Options} [options] */
	async sweep(id, options) {
		return new Sweep(this, await this.get(at`sweeps/${id}`, {}, options));
	}

	/** Removes a sweep that has ended, with its trials; its winner's run and model stay. @param {string} id @param {Options} [options] */
	deleteSweep(id, options) {
		return this.delete(at`sweeps/${id}`, {}, options);
	}

	/** What happens to all runs from now on, or after an event; without an end. @param {EventOptions} [options] */
	events(options) {
		return follow(this, "events", options);
	}

	/**
	 * The answer to any GET of the API.
	 *
	 * @param {string} path below the service's URL
	 * @param {Record<string, unknown>} [query]
	 * @param {Options} [options]
	 */
	async get(path, query = {}, { signal } = {}) {
		return read(await this.request(path, { query, signal }), signal);
	}

	/**
	 * The answer to any POST of the API.
	 *
	 * @param {string} path
	 * @param {unknown} [body]
	 * @param {Options & { headers?: Record<string, string> }} [options]
	 */
	async post(path, body, { signal, headers } = {}) {
		return read(await this.request(path, { method: "POST", body, headers, signal }), signal);
	}

	/**
	 * Any DELETE of the API.
	 *
	 * @param {string} path
	 * @param {Record<string, unknown>} [query]
	 * @param {Options} [options]
	 * @returns {Promise<void>}
	 */
	async delete(path, query = {}, { signal } = {}) {
		await this.request(path, { method: "DELETE", query, signal });
	}

	/**
	 * The answer to any POST of the API that takes a file with fields beside it; fields that are no texts go as JSON.
	 *
	 * @param {string} path
	 * @param {Blob} file
	 * @param {Record<string, unknown>} [fields]
	 * @param {Omit<UploadOptions, "mapping">} [options]
	 * @returns {Promise<any>}
	 */
	async upload(path, file, fields = {}, { signal, filename, onProgress } = {}) {
		signal?.throwIfAborted(); // Node would go on with the form after having refused to send it
		const form = formOf(fields);
		form.append("file", file, filename ?? /** @type {Partial<File>} */ (file).name ?? "rows");
		const asked = { method: "POST", headers: this.#headers(), signal: signal ?? null };
		const tell = onProgress && ((/** @type {number} */ sent) => onProgress(Math.min(sent, file.size), file.size));
		return read(await this.#answered(this.#sent(addressOf(this.url, path, {}), asked, form, tell), signal), signal);
	}

	/** @param {string} url @param {Asked} asked @param {FormData} form @param {((sent: number) => void) | undefined} tell */
	#sent(url, asked, form, tell) {
		if (!tell) return this.#fetch(url, { ...asked, body: form });
		if (this.#sends) return sentBy(this.#sends, url, asked, form, tell);
		return this.#fetch(url, { ...asked, ...counted(form, asked.headers, tell) });
	}

	/**
	 * Up to `limit` items of any list of the API, from as many pages as that takes.
	 *
	 * @param {string} path
	 * @param {Record<string, unknown> & { limit?: number }} [query]
	 * @param {Options} [options]
	 */
	async list(path, { limit = 50, ...query } = {}, options) {
		const items = [];
		for (let cursor = null; items.length < limit;) {
			const asked = { ...query, limit: Math.min(PAGE, limit - items.length), cursor };
			const page = await this.get(path, asked, options);
			items.push(...page.items);
			cursor = page.next;
			if (cursor === null) break;
		}
		return items;
	}

	/**
	 * A file of the API, for example `models/<id>/archive` or `runs/<id>/curves.svg`.
	 *
	 * @param {string} path
	 * @param {Options & { query?: Record<string, unknown> }} [options]
	 * @returns {Promise<Blob>}
	 */
	async file(path, { signal, query } = {}) {
		return read(await this.request(path, { signal, query }), signal, "blob");
	}

	/**
	 * The response to any request; one of status 400 or more is thrown.
	 *
	 * @param {string} path
	 * @param {RequestOptions} [options]
	 */
	async request(path, { method = "GET", body, query = {}, headers = {}, signal } = {}) {
		const all = this.#headers(headers);
		if (body !== undefined) all["Content-Type"] = "application/json";
		const sent = body === undefined ? null : asJson(body);
		const asked = { method, headers: all, body: sent, signal: signal ?? null };
		return this.#answered(this.#fetch(addressOf(this.url, path, query), asked), signal);
	}

	/** @param {Record<string, string>} [more] @returns {Record<string, string>} */
	#headers(more) {
		return { Accept: "application/json", ...more, ...(this.#key ? { Authorization: `Bearer ${this.#key}` } : {}) };
	}

	/** @param {Promise<Response>} sent @param {AbortSignal | undefined} signal */
	async #answered(sent, signal) {
		const response = await sent.catch((error) => {
			throw lost(error, this.url, signal);
		});
		if (response.status < 400) return response;
		throw await errorOf(response);
	}
}

/** A training of now or before. */
export class Run {
	#client;

	/**
	 * @param {Densely} client
	 * @param {RunData} data
	 */
	constructor(client, data) {
		this.#client = client;
		/** What the service last told of it. */
		this.data = data;
	}

	/** Its id. */
	get id() {
		return this.data.id;
	}

	/** Where it stands. */
	get status() {
		return this.data.status;
	}

	/** Whether it has ended, however it did. */
	get isOver() {
		return !["queued", "running"].includes(this.status);
	}

	/** Asks where it stands. @param {Options} [options] @returns {Promise<this>} */
	async refresh(options) {
		this.data = await this.#client.get(at`runs/${this.id}`, {}, options);
		return this;
	}

	/**
	 * What has happened to it, or what has after an event, and then what happens, up to its end. Where the connection
	 * breaks it goes on, and gives up when there was no answer for `away` ms. `onConnection` is told of each change.
	 *
	 * @param {EventOptions} [options]
	 */
	async *events(options) {
		for await (const event of follow(this.#client, at`runs/${this.id}/events`, { lastEventId: 0, ...options })) {
			const { type, data } = event;
			if (type === "status" && data.run) this.data = data.run;
			else if (type === "progress") this.data = { ...this.data, progress: data };
			yield event;
		}
	}

	/**
	 * Returns when it has succeeded; throws RunFailed or RunCancelled when it has ended otherwise.
	 *
	 * @param {EventOptions & { onEvent?: (event: RunEvent, run: Run) => unknown }} [options]
	 * @returns {Promise<this>}
	 */
	async wait({ onEvent, ...options } = {}) {
		for await (const event of this.events(options)) await onEvent?.(event, this);
		if (!this.isOver) await this.refresh(options);
		if (this.status === "failed") throw new RunFailed(this);
		if (this.status === "cancelled") throw new RunCancelled(this);
		return this;
	}

	/** Asks for its end; a running one ends within a second. @param {Options} [options] @returns {Promise<this>} */
	async cancel(options) {
		this.data = await this.#client.post(at`runs/${this.id}/cancel`, undefined, options);
		return this;
	}

	/** Changes what is written of it, or archives it. @param {RunChanges} changes @param {Options} [options] @returns {Promise<this>} */
	async update(changes, options) {
		this.data = (await this.#client.updateRun(this.id, changes, options)).data;
		return this;
	}

	/** The same training as a new run. @param {Options} [options] */
	async retry(options) {
		return new Run(this.#client, await this.#client.post(at`runs/${this.id}/retry`, undefined, options));
	}

	/**
	 * Its epochs so far; of a long run only the first and every nth.
	 *
	 * @param {Options & { every?: number }} [options]
	 * @returns {Promise<Epoch[]>}
	 */
	async history({ signal, every = 1 } = {}) {
		return (await this.#client.get(at`runs/${this.id}/history`, { every }, { signal })).epochs;
	}

	/**
	 * What would make it better, the most important first; a `change` replaces fields of its recipe.
	 *
	 * @param {Options} [options]
	 * @returns {Promise<Advice[]>}
	 */
	async advice(options) {
		return (await this.#client.get(at`runs/${this.id}/advice`, {}, options)).items;
	}

	/** Its model, or null while there is none. @param {Options} [options] */
	async model(options) {
		return this.data.model_id ? this.#client.model(this.data.model_id, options) : null;
	}

	/** A sweep around its recipe, as the client's `search` takes it. @param {Options} [options] @returns {Promise<SweepRequest>} */
	space(options) {
		return this.#client.get(at`runs/${this.id}/space`, {}, options);
	}
}

/** A search over recipes. */
export class Sweep {
	#client;

	/**
	 * @param {Densely} client
	 * @param {SweepData} data
	 */
	constructor(client, data) {
		this.#client = client;
		/** What the service last told of it. */
		this.data = data;
	}

	/** Its id. */
	get id() {
		return this.data.id;
	}

	/** Where it stands. */
	get status() {
		return this.data.status;
	}

	/** Whether it has ended, however it did. */
	get isOver() {
		return this.status !== "running";
	}

	/** Its trials: best first, then those that are going, then the others. @returns {TrialRow[]} */
	get trials() {
		return this.data.leaderboard;
	}

	/** Asks where it stands. @param {Options} [options] @returns {Promise<this>} */
	async refresh(options) {
		this.data = await this.#client.get(at`sweeps/${this.id}`, {}, options);
		return this;
	}

	/**
	 * Returns when it has succeeded; throws SweepFailed or SweepCancelled when it has ended otherwise. It looks every
	 * second, also while the service restarts, and gives up when there was no answer for `away` ms.
	 *
	 * @param {Options & { away?: number, every?: number, onProgress?: (sweep: Sweep) => unknown }} [options]
	 * @returns {Promise<this>}
	 */
	async wait({ signal, away = AWAY, every = EVERY, onProgress } = {}) {
		for (let heard = Date.now(); ; await pause(every, signal)) {
			const known = await this.refresh({ signal }).catch((error) => {
				if (!error.isPassing || Date.now() - heard > away) throw error;
			});
			if (!known) continue;
			heard = Date.now();
			await onProgress?.(this);
			if (this.isOver) break;
		}
		return this.#checked();
	}

	#checked() {
		if (this.status === "failed") throw new SweepFailed(this);
		if (this.status === "cancelled") throw new SweepCancelled(this);
		return this;
	}

	/** Asks for its end; its trials end within a second. @param {Options} [options] @returns {Promise<this>} */
	async cancel(options) {
		await this.#client.post(at`sweeps/${this.id}/cancel`, undefined, options);
		return this.refresh(options);
	}

	/**
	 * A picture of it: `best` so far, `importance` of the fields, or `parallel` coordinates.
	 *
	 * @param {"best" | "importance" | "parallel"} [kind]
	 * @param {Options & { form?: "svg" | "png", theme?: "light" | "dark", width?: number }} [options] `width` in pixels of
	 *   a screen, which it may take; text keeps its size
	 */
	picture(kind = "best", { form = "svg", theme, width, signal } = {}) {
		const path = at`sweeps/${this.id}/${`${kind}.${form}`}`;
		return this.#client.file(path, { signal, query: { theme, width } });
	}
}

/** Where the service is if nobody says so: it serves this module as `client/densely.js`. */
function home() {
	return import.meta.url.startsWith("http") ? new URL("..", import.meta.url).href : NODE_DEFAULT;
}

/** @param {string} url @param {string} path @param {Record<string, unknown>} query what is empty is left out */
function addressOf(url, path, query) {
	const address = new URL(path.replace(/^\/+/, ""), url);
	const given = Object.entries(query).filter(
		([, value]) => ![undefined, null, ""].includes(/** @type {any} */ (value)),
	);
	for (const [name, value] of given) address.searchParams.set(name, String(value));
	return address.href;
}

/** A path whose parts may hold any character. @param {TemplateStringsArray} words @param {string[]} parts */
const at = (words, ...parts) => String.raw({ raw: words }, ...parts.map(encodeURIComponent));

/** JSON, with typed arrays as arrays. @param {unknown} body */
const asJson = (body) =>
	JSON.stringify(body, (_, value) => (ArrayBuffer.isView(value) ? Array.from(/** @type {any} */ (value)) : value));

/** What is given, as a form has it. @param {Record<string, unknown>} fields */
function formOf(fields) {
	const form = new FormData();
	for (const [name, value] of Object.entries(fields).filter(([, each]) => each !== undefined)) {
		form.append(name, typeof value === "string" ? value : asJson(value));
	}
	return form;
}

/**
 * A form as a stream that tells how much of it was taken: for Node, which has no other way. It can be sent once.
 *
 * @param {FormData} form
 * @param {Record<string, string>} headers
 * @param {(sent: number) => void} progress
 */
function counted(form, headers, progress) {
	const packed = new Response(form);
	let sent = 0;
	const counting = new TransformStream({
		transform(/** @type {Uint8Array} */ part, out) {
			sent += part.byteLength;
			progress(sent);
			out.enqueue(part);
		},
	});
	const body = /** @type {ReadableStream<Uint8Array>} */ (packed.body).pipeThrough(counting);
	const type = /** @type {string} */ (packed.headers.get("Content-Type"));
	return { body, duplex: "half", headers: { ...headers, "Content-Type": type } };
}

/**
 * As `fetch`, with the progress that browsers tell of this way alone.
 *
 * @param {typeof XMLHttpRequest} Sender
 * @param {string} url
 * @param {Asked} asked
 * @param {FormData} form
 * @param {(sent: number) => void} progress
 * @returns {Promise<Response>}
 */
const sentBy = (Sender, url, { method, headers, signal }, form, progress) =>
	new Promise((resolve, reject) => {
		signal?.throwIfAborted();
		const sender = new Sender();
		const stop = () => sender.abort();
		sender.open(method, url);
		sender.responseType = "blob";
		for (const [name, value] of Object.entries(headers)) sender.setRequestHeader(name, value);
		sender.upload.onprogress = ({ loaded }) => progress(loaded);
		sender.onload = () => {
			const { status, statusText, response } = sender;
			const told = { "X-Request-ID": sender.getResponseHeader("X-Request-ID") ?? "" };
			resolve(new Response(status === 204 ? null : response, { status, statusText, headers: told }));
		};
		sender.onerror = sender.onabort = () => reject(signal?.reason ?? new TypeError("the connection broke"));
		sender.onloadend = () => signal?.removeEventListener("abort", stop);
		signal?.addEventListener("abort", stop, { once: true });
		sender.send(form);
	});

/** The fields with their image in base64. @param {Fields} fields @returns {Promise<Fields>} */
async function sendable(fields) {
	const { image } = fields;
	const content = image instanceof Blob ? await image.arrayBuffer() : image;
	if (content instanceof ArrayBuffer) return { ...fields, image: base64(new Uint8Array(content)) };
	if (!ArrayBuffer.isView(content)) return fields;
	return { ...fields, image: base64(new Uint8Array(content.buffer, content.byteOffset, content.byteLength)) };
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
	const parts = [];
	for (let start = 0; start < bytes.length; start += 8192) {
		parts.push(String.fromCharCode(...bytes.subarray(start, start + 8192)));
	}
	return btoa(parts.join(""));
}

/** @param {Densely} client @param {object} body @param {AbortSignal | undefined} signal @returns {Promise<Prediction>} */
async function predictOne(client, body, signal) {
	const { model, prediction } = await client.post("predict", body, { signal });
	return { ...prediction, model };
}

/**
 * @param {Densely} client
 * @param {string} task
 * @param {Fields[]} given
 * @param {object} options
 * @param {AbortSignal | undefined} signal
 */
async function predictMany(client, task, given, options, signal) {
	/** @type {Prediction[]} */
	const found = [];
	const instances = await Promise.all(given.map(sendable));
	while (found.length < instances.length) {
		const body = { task, instances: firstOf(instances, found.length), ...options };
		const { model, predictions } = await client.post("predict", body, { signal }).catch((error) => {
			throw shifted(error, found.length);
		});
		for (const one of predictions) found.push({ ...one, model });
	}
	return found;
}

/** As many instances from `start` on as one request can hold, at least one. @param {Fields[]} instances @param {number} start */
function firstOf(instances, start) {
	const encoder = new TextEncoder();
	let end = start;
	for (let bytes = 0; end < Math.min(instances.length, start + MOST_ROWS); end += 1) {
		bytes += encoder.encode(asJson(instances[end])).length + 1;
		if (bytes > MOST_BYTES && end > start) break;
	}
	return instances.slice(start, end);
}

/** The same error for instances that began `rows` later in what the caller gave. @param {unknown} error @param {number} rows */
function shifted(error, rows) {
	if (!(error instanceof ApiError)) return error;
	const shift = (/** @type {string} */ text) =>
		text.replace(/\binstances\.(\d+)/g, (_, row) => `instances.${Number(row) + rows}`);
	error.message = shift(error.message);
	error.errors = error.errors.map((each) => ({ ...each, field: shift(each.field) }));
	return error;
}

/**
 * A response's content. What breaks off is no answer.
 *
 * @param {Response} response
 * @param {AbortSignal | undefined} signal
 * @param {"json" | "blob"} how
 * @returns {Promise<any>}
 */
const read = (response, signal, how = "json") =>
	response[how]().catch((error) => {
		throw lost(error, response.url, signal);
	});

/**
 * What is thrown where there is no answer.
 *
 * @param {unknown} error
 * @param {string} url
 * @param {AbortSignal | undefined} signal
 */
function lost(error, url, signal) {
	if (signal?.aborted) return signal.reason;
	return new ServiceUnreachable(`The service at ${url} does not answer.`, { cause: error });
}

/** @param {Response} response */
async function errorOf(response) {
	const told = await response.json().catch(() => null);
	const problem = typeof told?.type === "string" ? told : { title: response.statusText };
	const Kind = BY_KIND[problem.type?.replace(PROBLEM, "")] ?? ApiError;
	const after = Number(response.headers.get("Retry-After") ?? Number.NaN);
	const known = {
		request_id: response.headers.get("X-Request-ID"),
		retry_after: Number.isFinite(after) ? after : null,
	};
	return new Kind(response.status, { ...known, ...problem });
}

/** @param {Densely} client @param {string} path @param {EventOptions} [options] */
const follow = (client, path, options) => new Stream(client, path, options).events();

/** The events of a stream, over as many connections as it takes. The service ends a run's stream with status 204. */
class Stream {
	#last;
	#heard = Date.now();
	#vain = 0; // connections in a row without a message
	#isOver = false;

	/** @param {Densely} client @param {string} path @param {EventOptions} [options] */
	constructor(client, path, { signal, lastEventId, away = AWAY, onConnection = () => {} } = {}) {
		this.#last = lastEventId === undefined ? undefined : String(lastEventId);
		this.client = client;
		this.path = path;
		this.signal = signal;
		this.away = away;
		this.onConnection = onConnection;
	}

	/** @returns {AsyncGenerator<RunEvent, void, void>} */
	async *events() {
		while (!this.#isOver) {
			this.#vain += 1;
			const connection = watched(this.signal, this.client.url);
			try {
				yield* this.#read(connection);
			} catch (error) {
				this.#lose(error);
			} finally {
				connection.close();
			}
			if (this.#vain && !this.#isOver) await pause(Math.min(LONGEST_PAUSE, 125 * 2 ** this.#vain), this.signal);
		}
	}

	/** One connection. @param {ReturnType<typeof watched>} connection @returns {AsyncGenerator<RunEvent, void, void>} */
	async *#read({ signal, touch }) {
		/** @type {Record<string, string>} */
		const headers = { Accept: "text/event-stream" };
		if (this.#last !== undefined) headers["Last-Event-ID"] = this.#last;
		const { status, body } = await this.client.request(this.path, { headers, signal });
		this.onConnection(true);
		this.#isOver = status === 204 || !body;
		if (!body) return;
		const hear = () => {
			touch();
			this.#heard = Date.now();
		};
		for await (const message of messagesOf(body, hear)) {
			this.#last = message.id ?? this.#last;
			this.#vain = 0;
			if (message.data) yield eventOf(message);
		}
	}

	/** Throws what is the end, and lets pass what may be better soon. @param {unknown} error */
	#lose(error) {
		this.signal?.throwIfAborted();
		const wrong = error instanceof DenselyError ? error : lost(error, this.client.url, undefined);
		if (!wrong.isPassing || Date.now() - this.#heard > this.away) throw wrong;
		this.onConnection(false);
	}
}

/** A connection's signal: of the caller's, and of silence. @param {AbortSignal | undefined} signal @param {string} url */
function watched(signal, url) {
	const silence = new AbortController();
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	const touch = () => {
		clearTimeout(timer);
		timer = setTimeout(() => silence.abort(lost(new Error("the stream is silent"), url, undefined)), SILENCE);
	};
	const close = () => {
		clearTimeout(timer);
		silence.abort();
	};
	touch();
	return { signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal, touch, close };
}

/** @typedef {{ id: string | undefined, event: string, data: string }} Message */

/**
 * A stream's messages, as the HTML standard has server-sent events.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {() => void} hear is called when something has come, and be it a comment
 * @returns {AsyncGenerator<Message, void, void>}
 */
async function* messagesOf(body, hear) {
	const decoder = /** @type {any} */ (new TextDecoderStream()); // its type takes any buffer, which is more than bytes
	/** @type {ReadableStreamDefaultReader<string>} */
	const reader = body.pipeThrough(decoder).getReader();
	/** @type {Message} */
	let message = { id: undefined, event: "", data: "" };
	let rest = "";
	for (let part = await reader.read(); !part.done; part = await reader.read()) {
		hear();
		const lines = (rest + part.value).split(/\r\n|\n|\r(?!$)/); // a CR at the end may be half of CRLF
		rest = lines.pop() ?? "";
		for (const line of lines) {
			message = withLine(message, line);
			if (line) continue;
			yield message;
			message = { ...message, event: "", data: "" };
		}
	}
}

/** A message with one more line. @param {Message} message @param {string} line @returns {Message} */
function withLine(message, line) {
	const [name, text = ""] = line.split(/: ?(.*)/s);
	if (name === "data") return { ...message, data: message.data ? `${message.data}\n${text}` : text };
	return name === "id" || name === "event" ? { ...message, [name]: text } : message;
}

/** @param {Message} message @returns {RunEvent} */
function eventOf({ id, event, data: text }) {
	const { run_id, at: moment, ...data } = JSON.parse(text);
	return { id: id ?? "", type: /** @type {RunEvent["type"]} */ (event), run_id, at: moment, data };
}

/** @param {number} ms @param {AbortSignal | undefined} signal @returns {Promise<void>} */
const pause = (ms, signal) =>
	new Promise((resolve, reject) => {
		const stop = () => {
			clearTimeout(timer);
			reject(signal?.reason);
		};
		const timer = setTimeout(() => {
			signal?.removeEventListener("abort", stop);
			resolve();
		}, ms);
		signal?.addEventListener("abort", stop, { once: true });
	});
