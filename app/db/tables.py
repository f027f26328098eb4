"""The tables: runs and what belongs to them, sweeps, models, tasks, datasets, workers, totals, API keys, the audit."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.db.base import UTCDateTime, metadata
from app.domain.runs import RunStatus

_STATUSES = ", ".join(f"'{status}'" for status in RunStatus)

runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # order of arrival, and the page cursor
    Column("id", String(64), nullable=False, unique=True),
    Column("task", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("preset", String(64), nullable=False),
    Column("dataset", String(64), nullable=False),
    Column("recipe", JSON, nullable=False),
    Column("validation", JSON, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("seeds", Integer, nullable=False, server_default=text("1")),  # how often, from `seed` on
    Column("activate", String(16), nullable=False),
    Column("name", String(200)),
    Column("tags", JSON, nullable=False),
    Column("retry_of", String(64)),
    Column("key_id", String(64), nullable=False, server_default=text("''")),  # the API key that queued it, if any
    Column("idempotency_key", String(255), unique=True),  # hashed together with the API key, if there is one
    Column("request_sha256", String(64)),  # of the request that came with the idempotency key
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("started_at", UTCDateTime),
    Column("finished_at", UTCDateTime),
    Column("cancel_requested_at", UTCDateTime),
    Column("lease_id", String(64)),
    Column("lease_beats", Integer),  # heartbeats so far; see `domain.leases`
    Column("worker_id", String(64)),
    Column("progress", JSON(none_as_null=True)),
    Column("metrics", JSON, nullable=False),
    Column("device", String(64)),
    Column("error_type", String(64)),
    Column("error_message", Text),
    Column("traceparent", String(55)),  # of the request that asked for it (W3C Trace Context, version 00)
    Column("sweep", String(64)),  # no foreign key: SQLite adds none to a table that is there
    Column("trial", JSON(none_as_null=True)),  # NULL for all but a sweep's trials
    Column("prior", JSON(none_as_null=True)),  # of the run of a sweep's winner
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("archived_at", UTCDateTime),
    Column("score", Float),  # `domain.scores`: what runs are sorted by, the higher the better
    CheckConstraint(f"status IN ({_STATUSES})", name="status"),
    CheckConstraint("(status = 'running') = (lease_id IS NOT NULL)", name="lease"),
    Index("ix_runs_status_number", "status", "number"),
    Index("ix_runs_task_number", "task", "number"),
    Index("ix_runs_sweep_number", "sweep", "number"),
    Index("ix_runs_score_number", "score", "number"),
    Index("ix_runs_created_at", "created_at"),
    sqlite_autoincrement=True,
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("task", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("name", String(200)),
    Column("tags", JSON, nullable=False),
    Column("plan", JSON, nullable=False),  # what was asked for, complete: `domain.sweeps.SweepPlan`
    Column("generations", Integer, nullable=False),  # that have been asked for
    Column("skipped", Integer, nullable=False),  # combinations that make no recipe
    Column("skipped_reason", Text),  # of the first of them
    Column("importance", JSON, nullable=False),  # of fields, after the last generation that has ended
    Column("winner", String(64)),  # the run of the best trial
    Column("final_run", String(64)),  # the run that trains it on all rows
    Column("key_id", String(64), nullable=False, server_default=text("''")),
    Column("idempotency_key", String(255), unique=True),
    Column("request_sha256", String(64)),
    Column("traceparent", String(55)),
    Column("created_at", UTCDateTime, nullable=False),
    Column("finished_at", UTCDateTime),
    Column("cancel_requested_at", UTCDateTime),
    Column("error_type", String(64)),
    Column("error_message", Text),
    CheckConstraint("status IN ('running', 'succeeded', 'failed', 'cancelled')", name="status"),
    Index("ix_sweeps_status_number", "status", "number"),
    Index("ix_sweeps_task_number", "task", "number"),
    sqlite_autoincrement=True,
)

run_tags = Table(
    "run_tags",
    metadata,
    Column("run_id", String(64), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("value", String(200), nullable=False),
    Index("ix_run_tags_key_value", "key", "value"),
)

epochs = Table(
    "epochs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String(64), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("fit", Integer, nullable=False),  # 0: the one that is published; 1..n: folds, or further seeds
    Column("epoch", Integer, nullable=False),  # from 1
    Column("seconds", Float, nullable=False),
    Column("metrics", JSON, nullable=False),
    UniqueConstraint("run_id", "fit", "epoch"),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String(64), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("type", String(16), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("data", JSON, nullable=False),
    Index("ix_events_run_id_id", "run_id", "id"),
    sqlite_autoincrement=True,
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("run_id", String(64), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("url", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", UTCDateTime),  # NULL: before the run's end, and when there is nothing more to do
    Index("ix_webhooks_next_try_at", "next_try_at"),
)

models = Table(
    "models",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("task", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("run_id", String(64), unique=True),  # no foreign key: bundled models come from another database
    Column("dataset", String(64), nullable=False),
    Column("dataset_is_sample", Boolean, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("task", "version"),
    sqlite_autoincrement=True,
)
# "At most one active model per task" is the database's rule, not an `if`.
Index(
    "uq_models_active_task",
    models.c.task,
    unique=True,
    sqlite_where=text("active"),
    postgresql_where=text("active"),
)

activations = Table(
    "activations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("task", String(64), nullable=False),
    Column("model_id", String(64), ForeignKey("models.id"), nullable=False),
    Column("previous_model_id", String(64)),
    Column("reason", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("by_key", String(64)),  # the API key that asked for it; NULL: none was needed, or it came with Densely
    Column("note", String(200)),  # why, in the words of whoever asked
    Index("ix_activations_task_id", "task", "id"),
)

tasks = Table(
    "tasks",  # of the user's own; those that come with Densely are files
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("declaration", JSON, nullable=False),
    Column("revision", Integer, nullable=False),  # of all tasks, with which this one changed last
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    sqlite_autoincrement=True,
)

datasets = Table(
    "datasets",  # that were uploaded, for tasks of either sort
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),  # names its file
    Column("name", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("task", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("train_rows", Integer, nullable=False),
    Column("test_rows", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("key_id", String(64), nullable=False, server_default=text("''")),  # the API key that brought it, if any
    UniqueConstraint("name", "version"),
    Index("ix_datasets_task_number", "task", "number"),
    sqlite_autoincrement=True,
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("last_seen_at", UTCDateTime, nullable=False),
    Column("devices", JSON, nullable=False),
    Column("versions", JSON, nullable=False),
    Column("trainer_memory", BigInteger),  # bytes, resident; 0 or NULL: no run is going
    Column("trainers", Integer),  # runs that it trains side by side; NULL: a release wrote this that did not say
)

totals = Table(
    "totals",  # what has happened to runs so far, which stays when they are removed
    metadata,
    Column("name", String(64), primary_key=True),
    Column("task", String(64), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("value", Float, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),  # of the secret, which is not kept
    Column("scopes", JSON, nullable=False),
    Column("tasks", JSON(none_as_null=True)),  # NULL: all
    Column("origins", JSON(none_as_null=True)),  # of pages that may use it; NULL: no page is asked for
    Column("rate", String(32)),  # requests over time, as `50/s`; NULL: no limit
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime),
    Column("revoked_at", UTCDateTime),  # from when on it is let in no longer; after a rotation that may be later
    Column("last_used_at", UTCDateTime),
    Index("ix_api_keys_name", "name"),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", UTCDateTime, nullable=False),
    Column("key_id", String(64)),  # NULL: no key was needed
    Column("address", String(64)),
    Column("request_id", String(128)),
    Column("action", String(32), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("task", String(64)),
    Index("ix_audit_action_number", "action", "number"),
    Index("ix_audit_key_id_number", "key_id", "number"),
    sqlite_autoincrement=True,
)

installation = Table(
    "installation",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(200), nullable=False),
)
