// What the service takes and answers. Where a comment names a schema of /openapi.json, a test compares the fields.

export type RunStatus = "queued" | "running" | "succeeded" | "failed" | "cancelled";

/** The fields of an input, those of the task's `input_schema`. */
export type Fields = Record<string, unknown>;

/** Figures by name, for example `accuracy`. */
export type Figures = Record<string, number>;

/** The model that answered; schema ModelRef. */
export interface ModelRef {
	id: string;
	version: number;
}

/** What speaks against an answer; schema InputWarning. */
export interface InputWarning {
	/** Dotted path within the input; `model` where it is the model itself. */
	field: string;
	message: string;
}

/** A label and how probable it is; schema LabelScore. */
export interface Score {
	label: string | number;
	probability: number;
}

/** An answer; which fields it has, the task's `output_schema` tells. */
export interface Prediction {
	/** The model that answered. */
	model: ModelRef;
	/** Of a classifier; null if it abstained. */
	label?: string | number | null;
	/** Of `label`, 0 to 1. */
	probability?: number;
	/** Of each label, by its name or in the order of the labels. */
	probabilities?: Record<string, number> | number[];
	/** The most probable labels, best first. */
	top?: Score[];
	/** Where several may be true: all of them. */
	labels?: (string | number)[];
	/** Of a regression. */
	value?: number;
	unit?: string;
	/** Share of a text's words that the model knows, 0 to 1. */
	known_words?: number;
	abstained?: boolean;
	/** Share of the rows on which the model was tried that are less unlike those that it learnt from, 0 to 1. */
	novelty?: number;
	warnings: InputWarning[];
	/** With `explain`: what each part of the input did to the answer. */
	explanation?: any;
}

/** How a model sees an input. */
export interface Encoded {
	task: string;
	model: ModelRef;
	encoding: any;
}

/** What a model sees, turned back. */
export interface Decoded {
	task: string;
	model: ModelRef;
	decoding: any;
}

/** A field at fault; schema FieldProblem. */
export interface FieldProblem {
	/** Dotted path in the request; of a file the column. */
	field: string;
	message: string;
	/** Of a file, from 1. */
	line?: number | null;
}

/** A named recipe; schema Preset. */
export interface Preset {
	description: string;
	recipe: Recipe;
	validation: Validation;
}

/** The whole configuration of a training; schema Recipe. */
export interface Recipe {
	features: Part;
	layers: Part[];
	head: string;
	loss: string;
	/** Of a regression: `raw`, or `standardized` to learn values in deviations. */
	targets: "raw" | "standardized";
	/** Networks of an ensemble, whose mean answers. */
	members: number;
	optimizer: Part;
	epochs: number;
	batch_size: number;
	early_stopping: EarlyStopping | null;
	/** How pictures are changed at random while training; schema Augmentation. */
	augmentation: Record<string, number> | null;
	/** Of the learning rate; null: it stays. */
	schedule: Part | null;
	/** The share of each target that is spread over all labels. */
	label_smoothing: number;
	/** Whether rare labels count as much as others. */
	class_weights: "none" | "balanced";
	/** Of the weights over the steps; null: those of the last step are kept. */
	averaging: Part | null;
	/** Of what hidden layers work out in training; answers are of float32. */
	precision: "float32" | "mixed_bfloat16" | "mixed_float16";
}

/** A part of a recipe: its kind, and the settings of that kind. */
export interface Part {
	kind: string;
	[setting: string]: any;
}

/** When to stop before the last epoch; schema EarlyStopping. */
export interface EarlyStopping {
	monitor: string;
	patience: number;
	restore_best: boolean;
}

/** How a training is judged while it goes on. */
export interface Validation {
	kind: "holdout" | "kfold" | "none";
	size?: number;
	folds?: number;
	rows?: "in_order" | "shuffled";
}

/** A dataset that a task can train on; schema DatasetSummary. */
export interface Dataset {
	name: string;
	description: string;
	/** Whether these are toy rows, not real data. */
	is_sample: boolean;
	/** Whether the rows are on the service's machine. */
	here: boolean;
	pictures: string[];
}

/** A row that cannot be used, or a part of the file; schema Fault. */
export interface Fault {
	line: number | null;
	column: string | null;
	message: string;
}

/** A value and how many rows have it; schema ValueCount. */
export interface ValueCount {
	value: string;
	rows: number;
}

/** How numbers are spread: `counts[i]` lie from `edges[i]` up to the next; schema Histogram. */
export interface Histogram {
	edges: number[];
	counts: number[];
}

/** What a column of a file holds; schema ColumnProfile. */
export interface ColumnProfile {
	/** As an input calls it. */
	name: string;
	/** As the file calls it. */
	source: string;
	role: "text" | "number" | "category" | "flag" | "date" | "image" | "label" | "split" | "ignored";
	missing: number;
	distinct: number | null;
	/** Of numbers and dates (days since 1970); of texts the characters. */
	least: number | null;
	greatest: number | null;
	mean: number | null;
	histogram: Histogram | null;
	common: ValueCount[];
}

/** A label and the rows that have it; schema LabelCount. */
export interface LabelCount {
	label: string | number;
	train: number;
	test: number;
}

/** What was found in a file; schema Findings. */
export interface Findings {
	format: "csv" | "tsv" | "jsonl" | "json" | "parquet" | "zip";
	encoding: string | null;
	delimiter: string | null;
	compressed: boolean;
	bytes: number;
	/** That can be used. */
	rows: number;
	/** Left out for their faults. */
	skipped: number;
	faults: Fault[];
	duplicates: number;
	train_rows: number;
	test_rows: number;
	split: "given" | "made";
	columns: ColumnProfile[];
	labels: LabelCount[];
	warnings: string[];
	/** As the file has them. */
	first_rows: Record<string, any>[];
}

/** What a file would become. */
export interface Look {
	findings: Findings;
	kind: any;
	answer: Answer;
}

/** A dataset in short; schema DatasetEntry. */
export interface DatasetEntry {
	name: string;
	version: number;
	task: string;
	created_at: string;
	sha256: string;
	bytes: number;
	rows: number;
	train_rows: number;
	test_rows: number;
	skipped: number;
}

/** A dataset with what was found in it; schema DatasetDetail. */
export interface DatasetDetail extends DatasetEntry {
	findings: Findings;
	pictures: string[];
}

/** A row of a dataset; schema DatasetRow. */
export interface DatasetRow {
	row: number;
	split: "train" | "test";
	/** As `predict` takes it. */
	input: Fields;
	answer: any;
	/** With `model`: what that one says. */
	prediction: any;
	wrong: boolean | null;
}

/** What a task of one's own is; what is left out is found in its rows. */
export interface NewTask {
	name: string;
	title?: string;
	description?: string;
	/** Of the input. */
	kind?:
		| { kind: "text"; columns?: string[] }
		| { kind: "image"; size?: number; colours?: "grey" | "rgb"; scaling?: "fit" | "centre" | "crop" }
		| { kind: "table"; columns?: string[]; roles?: Record<string, "number" | "category" | "flag" | "date"> };
	answer?:
		| { kind: "one_of"; column?: string; labels?: string[] }
		| { kind: "several_of"; column?: string; labels?: string[]; separator?: string }
		| { kind: "number"; column?: string; unit?: string }
		| { kind: "rating"; column?: string; from?: number; to?: number };
}

/** What is asked of a model. */
export type Answer = OneOf | SeveralOf | NumberAnswer | RatingAnswer;

/** Any number of several labels; schema SeveralOf. */
export interface SeveralOf {
	kind: "several_of";
	labels: string[];
	column: string;
}

/** A number within bounds; schema RatingAnswer. */
export interface RatingAnswer {
	kind: "rating";
	title: string;
	unit: string;
	column: string;
	from: number;
	to: number;
}

/** One of several labels; schema OneOf. */
export interface OneOf {
	kind: "one_of";
	/** In the order of the network's outputs. */
	labels: (string | number)[];
	/** Of the datasets, that holds it. */
	column: string;
	several: string | null;
	/** What an answer holds besides the label and its probability. */
	shows: string[];
}

/** A number; schema NumberAnswer. */
export interface NumberAnswer {
	kind: "number";
	title: string;
	unit: string;
	column: string;
}

/** An input to try; schema Example. */
export interface Example {
	title: string;
	input: Fields;
}

/** Where a number usually lies; schema Range. */
export interface Range {
	least: number;
	greatest: number;
	step: number;
}

/** A task in short; schema TaskSummary. */
export interface Task {
	name: string;
	/** Whether it is of the user's own; the others come with Densely. */
	own: boolean;
	kind: "text" | "image" | "table" | "plane";
	title: string;
	description: string;
	answer: Answer;
	/** How labels are shown, where that is not as they are called. */
	label_names: Record<string, string>;
	notice: string | null;
	/** An input for `predict`. */
	example: Fields;
	presets: Record<string, Preset>;
	datasets: Dataset[];
	active_model: Model | null;
}

/** A task with its schemas; schema TaskDetail. */
export interface TaskDetail extends Task {
	/** JSON Schema of one input. */
	input_schema: any;
	/** JSON Schema of one answer. */
	output_schema: any;
	examples: Example[];
	ranges: Record<string, Range>;
	/** Known values of categories; others are taken too. */
	categories: Record<string, string[]>;
	labels: (string | number)[];
	heads: string[];
	pictures: string[];
}

/** Figures of a run; schema Metrics. */
export interface Metrics {
	train: Figures;
	validation: Figures;
	test: Figures;
	/** What guessing scores. */
	baseline: Figures;
	spread: Spread | null;
	fits: any[];
	calibration: any;
}

/** Mean and spread over folds or seeds; schema SpreadOver. */
export interface Spread {
	over: string;
	count: number;
	train: Record<string, { mean: number; std: number }>;
	validation: Record<string, { mean: number; std: number }>;
	test: Record<string, { mean: number; std: number }>;
}

/** A model in short; schema Model. */
export interface Model {
	id: string;
	task: string;
	version: number;
	run_id: string | null;
	dataset: string;
	dataset_is_sample: boolean;
	metrics: Metrics;
	created_at: string;
	active: boolean;
	/** Of the run that made it, if it is still there. */
	name: string | null;
}

/** A picture that can be asked for; schema Drawing. */
export interface Drawing {
	title: string;
	path: string;
}

/** A model with its manifest; schema ModelDetail. */
export interface ModelDetail extends Model {
	pictures: Drawing[];
	manifest: any;
}

/** A change of a task's active model; schema Activation. */
export interface Activation {
	id: number;
	task: string;
	model_id: string;
	previous_model_id: string | null;
	/** Why, in the words of the service. */
	reason: string;
	at: string;
	/** Of the model. */
	version: number;
	previous_version: number | null;
	/** Name of the API key that asked for it, or for the run. */
	by: string | null;
	/** Why, in the words of whoever asked. */
	note: string | null;
}

/** The figure that a model is measured by, with its 95 % interval; schema MetricReport. */
export interface MetricReport {
	name: string;
	value: number | null;
	low: number | null;
	high: number | null;
	guessing: number | null;
	higher_is_better: boolean;
}

/** The active model beside another; schema ActiveReport. */
export interface ActiveReport {
	model_id: string;
	version: number;
	value: number | null;
	low: number | null;
	high: number | null;
	/** The other model's figure less the active one's. */
	difference: number | null;
	p_value: number | null;
	significant: boolean | null;
	reading: string;
}

/** One label on the test split; schema LabelReport. */
export interface LabelReport {
	label: string | number;
	rows: number;
	predicted: number;
	precision: number | null;
	recall: number | null;
	f1: number | null;
}

/** Rows of one label that a model takes for another; schema ConfusedPair. */
export interface ConfusedPair {
	target: string | number;
	predicted: string | number;
	rows: number;
	/** Of the rows of `target`, 0 to 1. */
	share: number;
}

/** Answers of about the same probability; schema CalibrationBin. */
export interface CalibrationBin {
	from: number;
	to: number;
	rows: number;
	confidence: number;
	accuracy: number;
}

/** How far probabilities are from the share of right answers; schema CalibrationReport. */
export interface CalibrationReport {
	error: number;
	bins: CalibrationBin[];
}

/** Absolute errors of a regression; schema ErrorReport. */
export interface ErrorReport {
	p50: number;
	p90: number;
	p99: number;
	worst: number;
}

/** How long the service takes for the task's example, without HTTP; schema Latency. */
export interface Latency {
	p50_ms: number;
	p99_ms: number;
	rows_per_second: number;
	when: string;
	device: string;
}

/** Who made a model, and from what; schema Origin. */
export interface Origin {
	key: string | null;
	run: string | null;
	run_exists: boolean;
	name: string | null;
	sweep: string | null;
	preset: string;
	dataset: string;
	dataset_version: number | null;
	tags: Record<string, string>;
	note: string;
}

/** A model in figures; schema ModelReport. */
export interface ModelReport {
	kind: "labels" | "several" | "numbers";
	metric: MetricReport;
	active: ActiveReport | null;
	labels: LabelReport[];
	/** The worst first. */
	confusions: ConfusedPair[];
	calibration: CalibrationReport | null;
	errors: ErrorReport | null;
	latency: Latency | null;
	bytes: number;
	made_by: Origin;
}

/** How far a run is; schema Progress. */
export interface Progress {
	epoch: number;
	epochs: number;
	fold: number | null;
	folds: number | null;
	seed: number | null;
	/** Share of all epochs done, 0 to 1. */
	fraction: number;
	/** Estimated time left, seconds. */
	eta_seconds: number | null;
	/** What the attempt is at; null: a service of before tells none. */
	phase: "preparing" | "compiling" | "training" | "testing" | "publishing" | null;
}

/** Something that would probably make the next run better; schema Advice. */
export interface Advice {
	/** For example `overfitting`, `still_improving`, `unstable`, `unbalanced_labels`. */
	kind: string;
	title: string;
	message: string;
	figures: Figures;
	since_epoch: number | null;
	/** Fields of the run's recipe to replace; null: none helps. */
	change: Partial<Recipe> | null;
	change_text: string | null;
}

/** A run of a comparison, in short; schema ComparedRun. */
export interface ComparedRun {
	id: string;
	/** Its name or preset, and what else tells it apart from the others. */
	label: string;
	name: string | null;
	preset: string;
	dataset: string;
	seed: number;
	seeds: number;
	status: RunStatus;
	metrics: Metrics;
	model_id: string | null;
}

/** A run's place among those that are compared, by its figure on the test split; schema BoardRow. */
export interface BoardRow {
	run: string;
	/** 1 is the best; null: `reading` says why it has no place. */
	rank: number | null;
	/** Of the figure. */
	name: string;
	higher_is_better: boolean;
	value: number | null;
	/** Lower bound of its 95 % interval. */
	low: number | null;
	/** Upper bound of its 95 % interval. */
	high: number | null;
	guessing: number | null;
	/** Value less that of the best; null for the best itself. */
	difference: number | null;
	/** Of the paired test with the best. */
	p_adjusted: number | null;
	/** Whether that test favours the best. */
	significant: boolean | null;
	reading: string;
}

/** A setting in which runs differ; schema Difference. */
export interface Difference {
	/** Dotted path. */
	field: string;
	/** One for each run. */
	values: any[];
}

/** Two models on the same test rows; schema PairedTest. */
export interface PairedTest {
	runs: [string, string];
	test: "mcnemar" | "wilcoxon";
	rows: number;
	figures: [number, number];
	first_better: number;
	second_better: number;
	p_value: number;
	p_adjusted: number;
	/** The run that the test favours, if chance does not explain it. */
	better: string | null;
	reading: string;
}

/** Runs of one task side by side; schema Comparison. */
export interface Comparison {
	task: string;
	pictures: Drawing[];
	runs: ComparedRun[];
	/** The runs, best first. */
	board: BoardRow[];
	differences: Difference[];
	tests: PairedTest[];
	notes: string[];
}

/** Why a run failed; schema RunError. */
export interface RunError {
	type: string;
	message: string;
}

/** A run as the service tells it; schema Run. */
export interface RunData {
	id: string;
	task: string;
	status: RunStatus;
	preset: string;
	dataset: string;
	dataset_is_sample: boolean;
	recipe: Recipe;
	validation: Validation;
	seed: number;
	seeds: number;
	activate: "if_better" | "always" | "never";
	name: string | null;
	tags: Record<string, string>;
	attempt: number;
	max_attempts: number;
	created_at: string;
	started_at: string | null;
	finished_at: string | null;
	cancel_requested_at: string | null;
	progress: Progress | null;
	metrics: Metrics;
	model_id: string | null;
	error: RunError | null;
	device: string | null;
	retry_of: string | null;
	/** The id of the sweep of which it is a trial, or whose winner it trains. */
	sweep: string | null;
	trial: Trial | null;
	/** Of a winner's run: what it takes over from its trial. */
	prior: any;
	/** The trace of the request that asked for it (W3C Trace Context), which its webhook continues. */
	traceparent: string | null;
	note: string;
	/** Since when lists leave it out unless they are asked. */
	archived_at: string | null;
	/** Of a queued run alone. */
	queue: QueuePlace | null;
}

/** Where a run stands that waits; schema QueuePlace. */
export interface QueuePlace {
	/** From 1, which is next. */
	place: number;
	/** Null where nothing tells. */
	expected_start: string | null;
}

/** A run in short, as lists show it; schema RunRow. */
export interface RunRow {
	id: string;
	name: string | null;
	task: string;
	preset: string;
	dataset: string;
	dataset_is_sample: boolean;
	status: RunStatus;
	tags: Record<string, string>;
	note: string;
	archived_at: string | null;
	created_at: string;
	started_at: string | null;
	finished_at: string | null;
	/** From its start to its end. */
	seconds: number | null;
	progress: Progress | null;
	score: RunScore | null;
	model_id: string | null;
	sweep: string | null;
	retry_of: string | null;
	/** Of a queued run alone. */
	queue: QueuePlace | null;
	/** Its message is cut at 200 characters. */
	error: RunError | null;
	curve: ShortCurve | null;
}

/** A run's main figure; schema RunScore. */
export interface RunScore {
	/** accuracy, f1 or mae, on the test split; of a sweep's trial the same with `val_`, on held-out rows. */
	name: string;
	value: number;
	guessing: number | null;
	higher_is_better: boolean;
}

/** The loss of the fit that is published, by epoch: at most 24 values; schema ShortCurve. */
export interface ShortCurve {
	/** `val_loss`, or `loss` where no rows were held out. */
	name: string;
	values: number[];
}

/** A part of a list of runs, and how long the whole is; schema RunRows. */
export interface RunRows {
	items: RunRow[];
	next: number | null;
	/** Runs on all pages. */
	total: number;
}

/** What was done to runs, or in a dry run would be; schema RunActionDone. */
export interface RunActionDone {
	action: RunAction;
	dry_run: boolean;
	done: string[];
	refused: RunRefused[];
	/** The new runs of `retry`; none in a dry run. */
	created: string[];
	frees: Freed;
}

/** By what runs are put in order; with `-` falling, and by `-score` the best first. */
export type RunSort =
	`${"" | "-"}${"created" | "name" | "status" | "task" | "dataset" | "preset" | "score" | "seconds"}`;

/** What is done to many runs. */
export type RunAction = "cancel" | "retry" | "archive" | "restore" | "delete";

/** A run to which it was not done; schema RunRefused. */
export interface RunRefused {
	run: string;
	/** That the call for this run alone is answered with. */
	status: number;
	reason: string;
}

/** What is not there any more; schema Freed. */
export interface Freed {
	/** Of the files of models. */
	bytes: number;
	runs: number;
	models: number;
}

/** A run's part in its sweep; schema Trial. */
export interface Trial {
	/** From 0, in the order in which they were asked for. */
	number: number;
	generation: number;
	/** What it has of the space, by field. */
	parameters: Record<string, any>;
	metric: string;
	/** Where it stops early: epoch or fold, figure. */
	bars: [number, number][];
}

export type SweepStatus = "running" | "succeeded" | "failed" | "cancelled";

/** What a field may be in a sweep: by its `kind` a choice, a range or a logarithmic one. */
export type Axis =
	| { kind: "choice"; values: any[] | Record<string, any>; when?: Record<string, any[]> | null }
	| {
			kind: "range";
			low: number;
			high: number;
			step?: number | null;
			points?: number | null;
			when?: Record<string, any[]> | null;
	  }
	| { kind: "log_range"; low: number; high: number; points?: number | null; when?: Record<string, any[]> | null };

/** When no more trials are asked for; schema Budget. */
export interface Budget {
	trials?: number;
	minutes?: number | null;
}

/** A sweep that was asked for, checked and completed; schema SweepPlan. */
export interface SweepPlan {
	task: string;
	preset: string;
	dataset: string;
	recipe: Recipe;
	validation: Validation;
	/** What varies, by dotted path of a recipe's field. */
	space: Record<string, Axis>;
	method: Part;
	pruner: Part | null;
	budget: Budget;
	metric: "val_loss" | "val_accuracy" | "val_mae" | "val_f1";
	generation: number;
	seed: number;
	final_seeds: number;
	activate: "if_better" | "always" | "never";
	/** Whether trial 0 has the base's own values. */
	base_first: boolean;
}

/** A trial on the leaderboard; schema TrialRow. */
export interface TrialRow {
	run_id: string;
	number: number;
	status: RunStatus;
	/** Whether it was stopped as hopeless. */
	pruned: boolean;
	/** Its validation figure; of a pruned one, the last. */
	value: number | null;
	parameters: Record<string, any>;
	epochs: number | null;
	seconds: number | null;
	error: RunError | null;
}

/** The best figure so far, when a trial had ended; schema Best. */
export interface Best {
	number: number;
	at: string;
	value: number;
}

/** How much of what a field does shows in the figures of trials; schema Importance. */
export interface Importance {
	field: string;
	/** 0 to 1; all fields together are 1. */
	share: number;
}

/** The trial that has the base's own values; schema BaseTrial. */
export interface BaseTrial {
	run_id: string;
	/** Its validation figure; null before it has one. */
	value: number | null;
}

/** What choosing among so many trials is worth; schema Outcome. */
export interface Outcome {
	run_id: string;
	number: number;
	parameters: Record<string, any>;
	/** The winner's validation figure, which choosing makes look better than it is. */
	value: number;
	trials: number;
	/** By which it can be judged; null of a grid, and once its run is removed. */
	base: BaseTrial | null;
	/** The run that trains its recipe on all rows. */
	final_run: string | null;
	final_status: RunStatus | null;
	model_id: string | null;
	/** Whether the model became active by itself; null in lists. */
	activated: boolean | null;
	/** Why it did, or did not. */
	activation_reason: string | null;
	/** On the test split, which nothing was chosen by. */
	test: Figures;
	spread: Record<string, { mean: number; std: number; min: number; max: number }>;
	/** What guessing scores. */
	baseline: Figures;
}

/** How far a sweep is; schema SweepProgress. */
export interface SweepProgress {
	ended: number;
	going: number;
	waiting: number;
	pruned: number;
	failed: number;
	/** Trials that somebody cancelled. */
	cancelled: number;
	/** Combinations that make no recipe. */
	skipped: number;
	skipped_reason: string | null;
	trials: number;
	fraction: number;
	eta_seconds: number | null;
}

/** A sweep in a list; schema SweepSummary. */
export interface SweepSummary {
	id: string;
	task: string;
	status: SweepStatus;
	name: string | null;
	tags: Record<string, string>;
	plan: SweepPlan;
	progress: SweepProgress;
	outcome: Outcome | null;
	error: RunError | null;
	created_at: string;
	finished_at: string | null;
	cancel_requested_at: string | null;
}

/** A sweep with what it found so far; schema Sweep. */
export interface SweepData extends SweepSummary {
	/** Best first, then those that are going, then the others. */
	leaderboard: TrialRow[];
	best: Best[];
	importance: Importance[];
	pictures: Drawing[];
}

/** What may be asked of a sweep besides its task and space; schema SweepRequest. */
export interface SweepSettings {
	preset?: string;
	dataset?: string | null;
	/** Fields that replace the preset's. */
	recipe?: Partial<Recipe>;
	/** Of trials. */
	validation?: Validation | null;
	/** For example `{ kind: "tpe" }`. */
	method?: Part;
	/** When hopeless trials are stopped early; null: never. */
	pruner?: Part | null;
	budget?: Budget;
	metric?: string | null;
	generation?: number;
	seed?: number | null;
	/** How often the winner is trained on all rows. */
	final_seeds?: number;
	activate?: "if_better" | "always" | "never";
	name?: string | null;
	tags?: Record<string, string>;
}

/** A sweep around a run's recipe, as `search` takes it. */
export interface SweepRequest extends SweepSettings {
	task: string;
	space: Record<string, Axis>;
}

/** What may be asked of a training besides its task; schema TrainRequest. */
export interface TrainSettings {
	preset?: string;
	dataset?: string;
	seed?: number;
	seeds?: number;
	/** Fields that replace the preset's. */
	recipe?: Partial<Recipe>;
	validation?: Validation;
	activate?: "if_better" | "always" | "never";
	name?: string;
	tags?: Record<string, string>;
	note?: string;
	/** URL that is sent the run when it has ended. */
	webhook?: string;
}

/** A training as `train` would queue it; schema Preview. */
export interface Preview {
	recipe: Recipe;
	validation: Validation;
	dataset: string;
	/** Shape of an encoded row, as the first layer gets it. */
	input: number[];
	/** Whether that is certain, as in a model of the same features and dataset, or the most it may be. */
	input_from: "exact" | "model" | "most";
	/** Those of the recipe, then the head's; of an ensemble one member's. */
	layers: LayerPreview[];
	/** Weights of all layers of all members. */
	parameters: number;
	changes: RecipeChange[];
	/** Null: no run has been carried out there yet. */
	estimate: Estimate | null;
	/** How long it would wait for a worker; null: not known. */
	queue_seconds: number | null;
	/** What is not certain, or unwise. */
	warnings: string[];
}

/** A layer of a network; schema LayerPreview. */
export interface LayerPreview {
	kind: string;
	output: number[];
	parameters: number;
}

/** A field that is not the preset's; schema RecipeChange. */
export interface RecipeChange {
	/** Dotted path, `recipe.layers.0.units`. */
	field: string;
	preset: unknown;
	value: unknown;
}

/** How long a training would take, in seconds; schema Estimate. */
export interface Estimate {
	seconds: number;
	low: number;
	high: number;
	/** Earlier runs from which it was told. */
	runs: number;
	from: "same recipe" | "similar runs" | "weights";
}

/** A row of a run's history: `loss`, `accuracy` or `mae`, and the same with `val_` where measured. */
export interface Epoch {
	epoch: number;
	fold: number | null;
	seed: number | null;
	seconds: number;
	[figure: string]: number | null;
}

/** Something that happened to a run; schema Event. */
export interface RunEvent {
	/** Increasing; what `lastEventId` takes. */
	id: string;
	run_id: string;
	type: "status" | "epoch" | "log" | "progress";
	at: string;
	data: any;
}
