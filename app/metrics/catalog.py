"""Every metric, as data. Names and units are as Prometheus advises: base units, `_total` at the end of what only grows.

A label has few values: routes as they are declared, statuses, tasks that there are. What a client can make up is none.
"""

from dataclasses import dataclass
from typing import Literal

Labels = tuple[str, ...]

DURATIONS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
SMALL_SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Metric:
    """A family of series."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()  # upper bounds, each of which is within; beyond the last there is one more

    @property
    def width(self) -> int:
        """Numbers of a series: of a histogram how many there were by bucket, and their sum."""
        return len(self.buckets) + 2 if self.kind == "histogram" else 1


OF_A_MODEL = ("task", "version")

REQUESTS = Metric(
    "densely_http_requests_total",
    "counter",
    "Requests that were answered, by route, status, and for predictions the task and the version of its model; an "
    "empty label: not known, or it has none",
    ("method", "route", *OF_A_MODEL, "status"),
)
REQUEST_SECONDS = Metric(
    "densely_http_request_duration_seconds",
    "histogram",
    "Time from a request's head, of /predict from its body, to the beginning of its answer",
    ("route",),
    DURATIONS,
)
PROBLEMS = Metric(
    "densely_http_problems_total",
    "counter",
    "Requests that were refused or failed, by the problem that they were told",
    ("route", "reason"),
)
ROWS = Metric("densely_predicted_rows_total", "counter", "Inputs that /predict has answered", OF_A_MODEL)
LABELS = Metric(
    "densely_predicted_labels_total",
    "counter",
    "Labels that /predict has given; an empty one: the model abstained",
    (*OF_A_MODEL, "label"),
)
CONFIDENCE = Metric(
    "densely_prediction_confidence_ratio",
    "histogram",
    "Probability of the most probable label, 0 to 1",
    OF_A_MODEL,
    SHARES,
)
UNKNOWN_WORDS = Metric(
    "densely_prediction_unknown_words_ratio",
    "histogram",
    "Share of a text's words that the model's vocabulary does not hold, 0 to 1",
    OF_A_MODEL,
    SMALL_SHARES,
)
WARNINGS = Metric(
    "densely_prediction_warnings_total",
    "counter",
    "Warnings of answers: of a novel input (novelty), of the input otherwise (input), of a model of the sample (model)",
    (*OF_A_MODEL, "about"),
)
TRANSACTION_SECONDS = Metric(
    "densely_database_transaction_duration_seconds",
    "histogram",
    "Time of a transaction from its beginning to its end, by process (api, worker) and kind (read, write)",
    ("process", "kind"),
    DURATIONS,
)
STORE_REQUESTS = Metric(
    "densely_store_requests_total",
    "counter",
    "What was asked of the object store: get, put, list, delete; and how it went: ok, absent, away (tried again, or "
    "given up), refused",
    ("operation", "outcome"),
)
STORE_BYTES = Metric(
    "densely_store_bytes_total", "counter", "Bytes of files from and to the object store: read, written", ("direction",)
)

DATABASE_UP = Metric("densely_database_up", "gauge", "1 if the database answered this scrape, else 0")
RUNS = Metric("densely_runs", "gauge", "Runs that the database has, by status", ("status",))
QUEUE_LENGTH = Metric("densely_queue_length", "gauge", "Runs that wait for a worker")
QUEUE_AGE = Metric("densely_queue_oldest_age_seconds", "gauge", "Time since the oldest of them was asked for; 0: none")
RUN_CHANGES = Metric(
    "densely_run_changes_total",
    "counter",
    "What has happened to runs: queued, claimed, released, lost, exhausted, errored, published, cancelled",
    ("task", "change"),
)
EPOCHS = Metric("densely_epochs_total", "counter", "Epochs that were trained", ("task",))
EPOCH_SECONDS = Metric("densely_epoch_seconds_total", "counter", "Time that these epochs took, seconds", ("task",))
LEASES_LOST = Metric(
    "densely_leases_lost_total", "counter", "Runs whose worker gave no sign of life until the lease ran out", ("task",)
)
WEBHOOK_TRIES = Metric(
    "densely_webhook_tries_total", "counter", "Tries of webhooks: delivered, failed, refused", ("outcome",)
)
WORKERS = Metric("densely_workers", "gauge", "Workers that are alive")
TRAINER_MEMORY = Metric(
    "densely_trainer_resident_memory_bytes",
    "gauge",
    "Resident memory of the trainer that a worker watches over; 0: none",
    ("worker",),
)
BUILD = Metric("densely_build_info", "gauge", "1; labels say what runs", ("version", "python", "schema", "database"))

COUNTED = (
    REQUESTS,
    REQUEST_SECONDS,
    PROBLEMS,
    ROWS,
    LABELS,
    CONFIDENCE,
    UNKNOWN_WORDS,
    WARNINGS,
    TRANSACTION_SECONDS,
    STORE_REQUESTS,
    STORE_BYTES,
)  # by each process
ALL = (
    *COUNTED,
    DATABASE_UP,
    RUNS,
    QUEUE_LENGTH,
    QUEUE_AGE,
    RUN_CHANGES,
    EPOCHS,
    EPOCH_SECONDS,
    LEASES_LOST,
    WEBHOOK_TRIES,
    WORKERS,
    TRAINER_MEMORY,
    BUILD,
)
