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
export type Activation = import("./answers.js").Activation;
export type Advice = import("./answers.js").Advice;
export type BoardRow = import("./answers.js").BoardRow;
export type ColumnProfile = import("./answers.js").ColumnProfile;
export type ComparedRun = import("./answers.js").ComparedRun;
export type Comparison = import("./answers.js").Comparison;
export type Axis = import("./answers.js").Axis;
export type DatasetDetail = import("./answers.js").DatasetDetail;
export type DatasetEntry = import("./answers.js").DatasetEntry;
export type DatasetRow = import("./answers.js").DatasetRow;
export type Decoded = import("./answers.js").Decoded;
export type Drawing = import("./answers.js").Drawing;
export type Encoded = import("./answers.js").Encoded;
export type Epoch = import("./answers.js").Epoch;
export type RunEvent = import("./answers.js").RunEvent;
export type Estimate = import("./answers.js").Estimate;
export type Fault = import("./answers.js").Fault;
export type Fields = import("./answers.js").Fields;
export type FieldProblem = import("./answers.js").FieldProblem;
export type Findings = import("./answers.js").Findings;
export type Histogram = import("./answers.js").Histogram;
export type LabelCount = import("./answers.js").LabelCount;
export type LayerPreview = import("./answers.js").LayerPreview;
export type Look = import("./answers.js").Look;
export type Metrics = import("./answers.js").Metrics;
export type Model = import("./answers.js").Model;
export type NewTask = import("./answers.js").NewTask;
export type ModelDetail = import("./answers.js").ModelDetail;
export type ModelReport = import("./answers.js").ModelReport;
export type Outcome = import("./answers.js").Outcome;
export type Part = import("./answers.js").Part;
export type Prediction = import("./answers.js").Prediction;
export type Preset = import("./answers.js").Preset;
export type Preview = import("./answers.js").Preview;
export type Range = import("./answers.js").Range;
export type Recipe = import("./answers.js").Recipe;
export type RecipeChange = import("./answers.js").RecipeChange;
export type RunAction = import("./answers.js").RunAction;
export type RunActionDone = import("./answers.js").RunActionDone;
export type RunData = import("./answers.js").RunData;
export type RunRow = import("./answers.js").RunRow;
export type RunRows = import("./answers.js").RunRows;
export type RunSort = import("./answers.js").RunSort;
export type RunStatus = import("./answers.js").RunStatus;
export type SweepData = import("./answers.js").SweepData;
export type SweepRequest = import("./answers.js").SweepRequest;
export type SweepSettings = import("./answers.js").SweepSettings;
export type SweepStatus = import("./answers.js").SweepStatus;
export type SweepSummary = import("./answers.js").SweepSummary;
export type Task = import("./answers.js").Task;
export type TaskDetail = import("./answers.js").TaskDetail;
export type TrainSettings = import("./answers.js").TrainSettings;
export type TrialRow = import("./answers.js").TrialRow;
export type Options = {
	signal?: AbortSignal | undefined;
};
export type PredictOptions = Options & {
	model?: string | number;
	explain?: boolean;
	top_k?: number;
	min_confidence?: number;
	max_novelty?: number;
};
export type RunsAsked = {
	q?: string;
	task?: string;
	status?: RunStatus | "";
	dataset?: string;
	preset?: string;
	tag?: string;
	sweep?: string;
	trials?: boolean;
	since?: string;
	until?: string;
	archived?: "false" | "true" | "all";
	sort?: RunSort;
};
export type RunChanges = {
	name?: string | null;
	tags?: Record<string, string>;
	note?: string;
	archived?: boolean;
};
export type Asked = {
	method: string;
	headers: Record<string, string>;
	signal: AbortSignal | null;
};
export type EventOptions = Options & {
	lastEventId?: string | number;
	away?: number;
	onConnection?: (isThere: boolean) => void;
};
export type UploadOptions = Options & {
	filename?: string;
	mapping?: Record<string, string>;
	onProgress?: (sent: number, of: number) => void;
};
export type RequestOptions = Options & {
	method?: string;
	body?: unknown;
	query?: Record<string, unknown>;
	headers?: Record<string, string>;
};
/** Something went wrong. */
export declare class DenselyError extends Error {
	/** Whether the same call may succeed later. */
	isPassing: boolean;
	/**
	 * @param {string} message
	 * @param {ErrorOptions} [options]
	 */
	constructor(message: string, options?: ErrorOptions);
}
/** The service does not answer. */
export declare class ServiceUnreachable extends DenselyError {
	isPassing: boolean;
}
/** The run did not succeed. */
export declare class RunEnded extends DenselyError {
	run: Run;
	/** @param {Run} run as it ended */
	constructor(run: Run);
}
/** The run failed. */
export declare class RunFailed extends RunEnded {}
/** The run was cancelled. */
export declare class RunCancelled extends RunEnded {}
/** The sweep did not succeed. */
export declare class SweepEnded extends DenselyError {
	sweep: Sweep;
	/** @param {Sweep} sweep as it ended */
	constructor(sweep: Sweep);
}
/** The sweep failed. */
export declare class SweepFailed extends SweepEnded {}
/** The sweep was cancelled. */
export declare class SweepCancelled extends SweepEnded {}
/** The service refused or failed; the fields are those of its problem document. */
export declare class ApiError extends DenselyError {
	status: number;
	/** The last part of the problem's type, for example `not-found`; empty where it was no problem document. */
	kind: string;
	title: string;
	/** The fields at fault, each with its dotted path; of a file the column, with the line. */
	errors: import("./answers.js").FieldProblem[];
	/** Finds the request in the service's log. */
	requestId: string | null;
	/** Seconds after which the service says that it may do; null where it does not say. */
	retryAfter: number | null;
	/**
	 * @param {number} status
	 * @param {{ type?: string, title?: string, detail?: string, errors?: FieldProblem[], request_id?: string | null, retry_after?: number | null }} problem
	 */
	constructor(
		status: number,
		problem: {
			type?: string;
			title?: string;
			detail?: string;
			errors?: FieldProblem[];
			request_id?: string | null;
			retry_after?: number | null;
		},
	);
}
export declare class InvalidInput extends ApiError {}
export declare class MalformedBody extends InvalidInput {}
export declare class MalformedRequest extends InvalidInput {}
export declare class TooLarge extends InvalidInput {}
export declare class HeadTooLarge extends TooLarge {}
export declare class TargetTooLong extends TooLarge {}
export declare class TooSlow extends InvalidInput {}
export declare class Misdirected extends ApiError {}
export declare class CrossSite extends ApiError {}
export declare class UnsupportedMediaType extends ApiError {}
export declare class UnsupportedEncoding extends UnsupportedMediaType {}
export declare class NotAcceptable extends ApiError {}
export declare class NotFound extends ApiError {}
export declare class NotEvaluated extends NotFound {}
export declare class Conflict extends ApiError {}
export declare class InvalidTransition extends Conflict {}
export declare class IdempotencyConflict extends Conflict {}
export declare class Unauthorized extends ApiError {}
export declare class Forbidden extends ApiError {}
export declare class RateLimited extends ApiError {}
export declare class QueueFull extends ApiError {}
export declare class QuotaReached extends QueueFull {}
export declare class Unavailable extends ApiError {}
export declare class Overloaded extends Unavailable {}
export declare class StoreAway extends Unavailable {}
export declare class Unusable extends Unavailable {}
export declare class ArtifactInvalid extends Unavailable {}
/** A client of the service. */
export declare class Densely {
	#private;
	/** Where the service is; it ends with a slash. */
	url: string;
	/**
	 * @param {object} [options]
	 * @param {string | URL} [options.url] where the service is, with a proxy's path if there is one; left out, it is where
	 *   this module was loaded from, and in Node this machine's port 8000
	 * @param {string | undefined} [options.key] one of the service's API keys, if it has any
	 * @param {typeof globalThis.fetch} [options.fetch] used in place of the global one
	 */
	constructor({ url, key, fetch }?: { url?: string | URL; key?: string | undefined; fetch?: typeof globalThis.fetch });
	/**
	 * What a model makes of an input, or of each of many in order; `fields` are those of the task's input schema.
	 *
	 * @template {Fields | Fields[]} F
	 * @param {string} task
	 * @param {F} fields an `image` may also be a Blob or bytes, numbers may be a typed array
	 * @param {PredictOptions} [options]
	 * @returns {Promise<F extends Fields[] ? Prediction[] : Prediction>}
	 */
	predict<F extends Fields | Fields[]>(
		task: string,
		fields: F,
		{ signal, ...options }?: PredictOptions,
	): Promise<F extends Fields[] ? Prediction[] : Prediction>;
	/**
	 * An input as a model sees it.
	 *
	 * @param {string} task
	 * @param {Fields} fields
	 * @param {Options & { model?: string | number }} [options]
	 * @returns {Promise<Encoded>}
	 */
	encode(
		task: string,
		fields: Fields,
		{
			signal,
			...options
		}?: Options & {
			model?: string | number;
		},
	): Promise<Encoded>;
	/**
	 * What a model sees, turned back.
	 *
	 * @param {string} task
	 * @param {Fields} codes
	 * @param {Options & { model?: string | number }} [options]
	 * @returns {Promise<Decoded>}
	 */
	decode(
		task: string,
		codes: Fields,
		{
			signal,
			...options
		}?: Options & {
			model?: string | number;
		},
	): Promise<Decoded>;
	/** All tasks. @param {Options} [options] @returns {Promise<Task[]>} */
	tasks(options?: Options): Promise<Task[]>;
	/** A task with its schemas. @param {string} name @param {Options} [options] @returns {Promise<TaskDetail>} */
	task(name: string, options?: Options): Promise<TaskDetail>;
	/**
	 * Makes a task of one's own, of a file of rows, and trains it unless `train` is false. What `task` does not tell is
	 * found in the file: which kind of input, which columns, which labels. Without a file, `kind` and `answer` say all.
	 *
	 * @param {NewTask} task
	 * @param {Blob} [file] a File, or with `filename` any Blob
	 * @param {UploadOptions & { dataset?: string, train?: boolean }} [options] the dataset's name is the task's unless told
	 * @returns {Promise<{ task: TaskDetail, dataset: DatasetDetail | null, run: Run | null }>}
	 */
	createTask(
		task: NewTask,
		file?: Blob,
		{
			dataset,
			train,
			mapping,
			...options
		}?: UploadOptions & {
			dataset?: string;
			train?: boolean;
		},
	): Promise<{
		task: TaskDetail;
		dataset: DatasetDetail | null;
		run: Run | null;
	}>;
	/**
	 * What `createTask` would make of the file; nothing is kept.
	 *
	 * @param {NewTask} task
	 * @param {Blob} file
	 * @param {UploadOptions} [options]
	 * @returns {Promise<Look>}
	 */
	lookAtTask(task: NewTask, file: Blob, { mapping, ...options }?: UploadOptions): Promise<Look>;
	/**
	 * Changes what is shown of a task of one's own.
	 *
	 * @param {string} name
	 * @param {{ title?: string, description?: string, label_names?: Record<string, string> }} changes
	 * @param {Options} [options]
	 * @returns {Promise<TaskDetail>}
	 */
	updateTask(
		name: string,
		changes: {
			title?: string;
			description?: string;
			label_names?: Record<string, string>;
		},
		{ signal }?: Options,
	): Promise<TaskDetail>;
	/**
	 * Removes a task of one's own, and with it what is named.
	 *
	 * @param {string} name
	 * @param {Options & { models?: boolean, datasets?: boolean }} [options]
	 */
	deleteTask(
		name: string,
		{
			signal,
			...query
		}?: Options & {
			models?: boolean;
			datasets?: boolean;
		},
	): Promise<void>;
	/**
	 * Datasets in their latest version.
	 *
	 * @param {Options & { task?: string, limit?: number }} [options]
	 * @returns {Promise<DatasetEntry[]>}
	 */
	datasets({
		signal,
		...query
	}?: Options & {
		task?: string;
		limit?: number;
	}): Promise<DatasetEntry[]>;
	/**
	 * Versions of a dataset, the latest first.
	 *
	 * @param {string} name
	 * @param {Options & { limit?: number }} [options]
	 * @returns {Promise<DatasetEntry[]>}
	 */
	datasetVersions(
		name: string,
		{
			signal,
			...query
		}?: Options & {
			limit?: number;
		},
	): Promise<DatasetEntry[]>;
	/**
	 * A dataset with what was found in it.
	 *
	 * @param {string} name
	 * @param {Options & { version?: number }} [options]
	 * @returns {Promise<DatasetDetail>}
	 */
	dataset(
		name: string,
		{
			signal,
			...query
		}?: Options & {
			version?: number;
		},
	): Promise<DatasetDetail>;
	/**
	 * Rows of a dataset; with `model` ("active", a version number or an id) each with its prediction, wrong ones first.
	 *
	 * @param {string} name
	 * @param {Options & { split?: "train" | "test", label?: string, version?: number, model?: string | number, wrong?: boolean, limit?: number }} [options]
	 * @returns {Promise<DatasetRow[]>}
	 */
	datasetRows(
		name: string,
		{
			signal,
			...query
		}?: Options & {
			split?: "train" | "test";
			label?: string;
			version?: number;
			model?: string | number;
			wrong?: boolean;
			limit?: number;
		},
	): Promise<DatasetRow[]>;
	/**
	 * A dataset of a task; of a name that there is already, its next version.
	 *
	 * @param {string} name
	 * @param {Blob} file
	 * @param {UploadOptions & { task: string }} options
	 * @returns {Promise<DatasetDetail>}
	 */
	uploadDataset(
		name: string,
		file: Blob,
		{
			task,
			mapping,
			...options
		}: UploadOptions & {
			task: string;
		},
	): Promise<DatasetDetail>;
	/**
	 * What `uploadDataset` would find in the file; nothing is kept.
	 *
	 * @param {string} name
	 * @param {Blob} file
	 * @param {UploadOptions & { task: string }} options
	 * @returns {Promise<Look>}
	 */
	lookAtDataset(
		name: string,
		file: Blob,
		{
			task,
			mapping,
			...options
		}: UploadOptions & {
			task: string;
		},
	): Promise<Look>;
	/**
	 * The next version: the latest one's rows and those of the file.
	 *
	 * @param {string} name
	 * @param {Blob} file
	 * @param {UploadOptions} [options]
	 * @returns {Promise<DatasetDetail>}
	 */
	appendRows(name: string, file: Blob, { mapping, ...options }?: UploadOptions): Promise<DatasetDetail>;
	/** Removes a dataset, or one version. @param {string} name @param {Options & { version?: number }} [options] */
	deleteDataset(
		name: string,
		{
			signal,
			...query
		}?: Options & {
			version?: number;
		},
	): Promise<void>;
	/** Removes a model, unless it is active. @param {string} id @param {Options} [options] */
	deleteModel(id: string, options?: Options): Promise<void>;
	/** Removes a run that has ended; its model stays. @param {string} id @param {Options} [options] */
	deleteRun(id: string, options?: Options): Promise<void>;
	/**
	 * The newest models, newest first. `q`: a part of the dataset's or the run's name, the beginning of an id, or `v3`.
	 *
	 * @param {Options & { task?: string, q?: string, active?: boolean, limit?: number }} [options]
	 * @returns {Promise<Model[]>}
	 */
	models({
		signal,
		...query
	}?: Options & {
		task?: string;
		q?: string;
		active?: boolean;
		limit?: number;
	}): Promise<Model[]>;
	/** A model with its manifest. @param {string} id @param {Options} [options] @returns {Promise<ModelDetail>} */
	model(id: string, options?: Options): Promise<ModelDetail>;
	/** How good it is, where it errs, who made it. @param {string} id @param {Options} [options] @returns {Promise<ModelReport>} */
	report(id: string, options?: Options): Promise<ModelReport>;
	/**
	 * Makes a model the one that the task's predictions use; `reason` is kept in the history.
	 *
	 * @param {string} task
	 * @param {string} modelId
	 * @param {Options & { reason?: string }} [options]
	 * @returns {Promise<Model>}
	 */
	activate(
		task: string,
		modelId: string,
		{
			signal,
			reason,
		}?: Options & {
			reason?: string;
		},
	): Promise<Model>;
	/**
	 * Changes of the active model, newest first.
	 *
	 * @param {string} task
	 * @param {Options & { limit?: number }} [options]
	 * @returns {Promise<Activation[]>}
	 */
	activations(
		task: string,
		{
			signal,
			...query
		}?: Options & {
			limit?: number;
		},
	): Promise<Activation[]>;
	/**
	 * Queues a training; what is left out comes from the task and its preset. The same `idempotencyKey` queues one run.
	 *
	 * @param {string} task
	 * @param {TrainSettings & Options & { idempotencyKey?: string }} [settings]
	 */
	train(
		task: string,
		{
			signal,
			idempotencyKey,
			...settings
		}?: TrainSettings &
			Options & {
				idempotencyKey?: string;
			},
	): Promise<Run>;
	/**
	 * What `train` would queue: its layers, what is not the preset's, how long it takes. Nothing is queued.
	 *
	 * @param {string} task
	 * @param {TrainSettings & Options} [settings]
	 * @returns {Promise<Preview>}
	 */
	preview(task: string, { signal, ...settings }?: TrainSettings & Options): Promise<Preview>;
	/**
	 * Runs, the newest first, or in the order of `sort`.
	 *
	 * @param {Options & RunsAsked & { limit?: number }} [options]
	 */
	runs({
		signal,
		...query
	}?: Options &
		RunsAsked & {
			limit?: number;
		}): Promise<Run[]>;
	/**
	 * A page of the same in short, with curves, and how many there are in all; `cursor` is the `next` of the page before.
	 *
	 * @param {Options & RunsAsked & { limit?: number, cursor?: number | null }} [options]
	 * @returns {Promise<RunRows>}
	 */
	runRows({
		signal,
		...query
	}?: Options &
		RunsAsked & {
			limit?: number;
			cursor?: number | null;
		}): Promise<RunRows>;
	/**
	 * Changes what is written of a run, or archives it; what is left out stays.
	 *
	 * @param {string} id
	 * @param {RunChanges} changes
	 * @param {Options} [options]
	 */
	updateRun(id: string, changes: RunChanges, { signal }?: Options): Promise<Run>;
	/**
	 * Does the same to up to 500 runs, each by itself; with `dry_run` it only says what would be done. `delete` with
	 * `models` removes their models too, but for one that is active.
	 *
	 * @param {RunAction} action
	 * @param {string[]} ids
	 * @param {Options & { models?: boolean, dry_run?: boolean }} [options]
	 * @returns {Promise<RunActionDone>}
	 */
	actOnRuns(
		action: RunAction,
		ids: string[],
		{
			signal,
			...how
		}?: Options & {
			models?: boolean;
			dry_run?: boolean;
		},
	): Promise<RunActionDone>;
	/** A run. @param {string} id @param {Options} [options] */
	run(id: string, options?: Options): Promise<Run>;
	/**
	 * 2 to 10 runs of one task side by side: a board, where they differ, and whether chance explains it.
	 *
	 * @param {string[]} ids
	 * @param {Options} [options]
	 * @returns {Promise<Comparison>}
	 */
	compare(ids: string[], options?: Options): Promise<Comparison>;
	/**
	 * Begins a sweep over `space`: by dotted path of a recipe's field, what it may be. What else is left out comes from
	 * the task and its preset. The same `idempotencyKey` begins one sweep.
	 *
	 * @param {string} task
	 * @param {Record<string, Axis>} space
	 * @param {SweepSettings & Options & { idempotencyKey?: string }} [settings]
	 */
	search(
		task: string,
		space: Record<string, Axis>,
		{
			signal,
			idempotencyKey,
			...settings
		}?: SweepSettings &
			Options & {
				idempotencyKey?: string;
			},
	): Promise<Sweep>;
	/**
	 * The newest sweeps, newest first, without their trials.
	 *
	 * @param {Options & { task?: string, status?: SweepStatus | "", limit?: number }} [options]
	 * @returns {Promise<SweepSummary[]>}
	 */
	sweeps({
		signal,
		...query
	}?: Options & {
		task?: string;
		status?: SweepStatus | "";
		limit?: number;
	}): Promise<SweepSummary[]>;
	/** A sweep with its trials. @param {string} id @param {Options} [options] */
	sweep(id: string, options?: Options): Promise<Sweep>;
	/** Removes a sweep that has ended, with its trials; its winner's run and model stay. @param {string} id @param {Options} [options] */
	deleteSweep(id: string, options?: Options): Promise<void>;
	/** What happens to all runs from now on, or after an event; without an end. @param {EventOptions} [options] */
	events(options?: EventOptions): AsyncGenerator<import("./answers.js").RunEvent, void, void>;
	/**
	 * The answer to any GET of the API.
	 *
	 * @param {string} path below the service's URL
	 * @param {Record<string, unknown>} [query]
	 * @param {Options} [options]
	 */
	get(path: string, query?: Record<string, unknown>, { signal }?: Options): Promise<any>;
	/**
	 * The answer to any POST of the API.
	 *
	 * @param {string} path
	 * @param {unknown} [body]
	 * @param {Options & { headers?: Record<string, string> }} [options]
	 */
	post(
		path: string,
		body?: unknown,
		{
			signal,
			headers,
		}?: Options & {
			headers?: Record<string, string>;
		},
	): Promise<any>;
	/**
	 * Any DELETE of the API.
	 *
	 * @param {string} path
	 * @param {Record<string, unknown>} [query]
	 * @param {Options} [options]
	 * @returns {Promise<void>}
	 */
	delete(path: string, query?: Record<string, unknown>, { signal }?: Options): Promise<void>;
	/**
	 * The answer to any POST of the API that takes a file with fields beside it; fields that are no texts go as JSON.
	 *
	 * @param {string} path
	 * @param {Blob} file
	 * @param {Record<string, unknown>} [fields]
	 * @param {Omit<UploadOptions, "mapping">} [options]
	 * @returns {Promise<any>}
	 */
	upload(
		path: string,
		file: Blob,
		fields?: Record<string, unknown>,
		{ signal, filename, onProgress }?: Omit<UploadOptions, "mapping">,
	): Promise<any>;
	/**
	 * Up to `limit` items of any list of the API, from as many pages as that takes.
	 *
	 * @param {string} path
	 * @param {Record<string, unknown> & { limit?: number }} [query]
	 * @param {Options} [options]
	 */
	list(
		path: string,
		{
			limit,
			...query
		}?: Record<string, unknown> & {
			limit?: number;
		},
		options?: Options,
	): Promise<any[]>;
	/**
	 * A file of the API, for example `models/<id>/archive` or `runs/<id>/curves.svg`.
	 *
	 * @param {string} path
	 * @param {Options & { query?: Record<string, unknown> }} [options]
	 * @returns {Promise<Blob>}
	 */
	file(
		path: string,
		{
			signal,
			query,
		}?: Options & {
			query?: Record<string, unknown>;
		},
	): Promise<Blob>;
	/**
	 * The response to any request; one of status 400 or more is thrown.
	 *
	 * @param {string} path
	 * @param {RequestOptions} [options]
	 */
	request(path: string, { method, body, query, headers, signal }?: RequestOptions): Promise<Response>;
}
/** A training of now or before. */
export declare class Run {
	#private;
	/** What the service last told of it. */
	data: import("./answers.js").RunData;
	/**
	 * @param {Densely} client
	 * @param {RunData} data
	 */
	constructor(client: Densely, data: RunData);
	/** Its id. */
	get id(): string;
	/** Where it stands. */
	get status(): import("./answers.js").RunStatus;
	/** Whether it has ended, however it did. */
	get isOver(): boolean;
	/** Asks where it stands. @param {Options} [options] @returns {Promise<this>} */
	refresh(options?: Options): Promise<this>;
	/**
	 * What has happened to it, or what has after an event, and then what happens, up to its end. Where the connection
	 * breaks it goes on, and gives up when there was no answer for `away` ms. `onConnection` is told of each change.
	 *
	 * @param {EventOptions} [options]
	 */
	events(options?: EventOptions): AsyncGenerator<import("./answers.js").RunEvent, void, unknown>;
	/**
	 * Returns when it has succeeded; throws RunFailed or RunCancelled when it has ended otherwise.
	 *
	 * @param {EventOptions & { onEvent?: (event: RunEvent, run: Run) => unknown }} [options]
	 * @returns {Promise<this>}
	 */
	wait({
		onEvent,
		...options
	}?: EventOptions & {
		onEvent?: (event: RunEvent, run: Run) => unknown;
	}): Promise<this>;
	/** Asks for its end; a running one ends within a second. @param {Options} [options] @returns {Promise<this>} */
	cancel(options?: Options): Promise<this>;
	/** Changes what is written of it, or archives it. @param {RunChanges} changes @param {Options} [options] @returns {Promise<this>} */
	update(changes: RunChanges, options?: Options): Promise<this>;
	/** The same training as a new run. @param {Options} [options] */
	retry(options?: Options): Promise<Run>;
	/**
	 * Its epochs so far; of a long run only the first and every nth.
	 *
	 * @param {Options & { every?: number }} [options]
	 * @returns {Promise<Epoch[]>}
	 */
	history({
		signal,
		every,
	}?: Options & {
		every?: number;
	}): Promise<Epoch[]>;
	/**
	 * What would make it better, the most important first; a `change` replaces fields of its recipe.
	 *
	 * @param {Options} [options]
	 * @returns {Promise<Advice[]>}
	 */
	advice(options?: Options): Promise<Advice[]>;
	/** Its model, or null while there is none. @param {Options} [options] */
	model(options?: Options): Promise<import("./answers.js").ModelDetail | null>;
	/** A sweep around its recipe, as the client's `search` takes it. @param {Options} [options] @returns {Promise<SweepRequest>} */
	space(options?: Options): Promise<SweepRequest>;
}
/** A search over recipes. */
export declare class Sweep {
	#private;
	/** What the service last told of it. */
	data: import("./answers.js").SweepData;
	/**
	 * @param {Densely} client
	 * @param {SweepData} data
	 */
	constructor(client: Densely, data: SweepData);
	/** Its id. */
	get id(): string;
	/** Where it stands. */
	get status(): import("./answers.js").SweepStatus;
	/** Whether it has ended, however it did. */
	get isOver(): boolean;
	/** Its trials: best first, then those that are going, then the others. @returns {TrialRow[]} */
	get trials(): TrialRow[];
	/** Asks where it stands. @param {Options} [options] @returns {Promise<this>} */
	refresh(options?: Options): Promise<this>;
	/**
	 * Returns when it has succeeded; throws SweepFailed or SweepCancelled when it has ended otherwise. It looks every
	 * second, also while the service restarts, and gives up when there was no answer for `away` ms.
	 *
	 * @param {Options & { away?: number, every?: number, onProgress?: (sweep: Sweep) => unknown }} [options]
	 * @returns {Promise<this>}
	 */
	wait({
		signal,
		away,
		every,
		onProgress,
	}?: Options & {
		away?: number;
		every?: number;
		onProgress?: (sweep: Sweep) => unknown;
	}): Promise<this>;
	/** Asks for its end; its trials end within a second. @param {Options} [options] @returns {Promise<this>} */
	cancel(options?: Options): Promise<this>;
	/**
	 * A picture of it: `best` so far, `importance` of the fields, or `parallel` coordinates.
	 *
	 * @param {"best" | "importance" | "parallel"} [kind]
	 * @param {Options & { form?: "svg" | "png", theme?: "light" | "dark", width?: number }} [options] `width` in pixels of
	 *   a screen, which it may take; text keeps its size
	 */
	picture(
		kind?: "best" | "importance" | "parallel",
		{
			form,
			theme,
			width,
			signal,
		}?: Options & {
			form?: "svg" | "png";
			theme?: "light" | "dark";
			width?: number;
		},
	): Promise<Blob>;
}
export type Message = {
	id: string | undefined;
	event: string;
	data: string;
};
