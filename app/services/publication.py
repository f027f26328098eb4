"""Publishing a run's model: rename first, then one transaction that inserts the model and moves the run."""

from datetime import datetime
from pathlib import Path
from typing import Any

from app.artifacts.store import ArtifactStore
from app.db import audit, events, fence, installation, models, run_queries, runs
from app.db.engine import Transaction, lock
from app.domain.callers import Caller
from app.domain.runs import Activate
from app.errors import LeaseLost, TrainingError, Unusable
from app.services.attempts import Attempt
from app.services.outages import told
from app.services.verdict import Score, Verdict, judge
from app.wire.manifests import Manifest

ELSEWHERE = (
    "the models folder of this worker is not the one that the API reads, so the API could not load it: "
    "set DENSELY_MODELS_DIR to the same folder for both"
)


def publish(
    attempt: Attempt, store: ArtifactStore, staging: Path, manifest: Manifest, activate: Activate, score: Score
) -> Manifest:
    """Put a staged artifact in place and end the run; returns the manifest as written.

    Raises:
        LeaseLost: another worker has the run; the artifact is removed again.
        StoreAway: the object store did not answer.
        TrainingError: it does not take the artifact before somebody has mended it.
    """
    try:
        manifest = store.publish(staging, manifest)
        folder = store.identity()
    except Unusable as error:  # an object store that has to be mended first
        raise TrainingError(f"the model cannot be published: {error.message}") from error

    def commit(away: float) -> bool:
        return _commit(attempt, manifest, activate, score, folder, away)

    try:
        while not attempt.patiently(commit):
            pass  # other models came while this one was compared: compare again
    except LeaseLost:
        if _is_there(attempt, manifest):  # by a commit whose answer was lost
            return manifest
        store.remove(store.path(manifest.task, manifest.id))
        raise  # after any other error the row may be there all the same: what has none is swept later
    return manifest


def _commit(
    attempt: Attempt, manifest: Manifest, activate: Activate, score: Score, folder: str | None, away: float
) -> bool:
    """One try; false if the task's models are no longer those that were compared with."""
    with attempt.database.read() as tx:
        rows = models.of_task(tx, manifest.task)
        read_from = installation.get(tx, installation.MODELS_FOLDER)
    active = next((row for row in rows if row.active), None)
    verdict = judge(manifest, activate, active, [row for row in rows if not row.active], score)
    if read_from and read_from != folder:
        verdict = Verdict(False, ELSEWHERE)
    with attempt.database.write() as tx:
        lock(tx, f"models of {manifest.task}")
        if models.state(tx, manifest.task) != models.state_of(rows):
            return False
        now = attempt.clock()
        fence.hold(tx, attempt.run_id, attempt.lease_id)
        if away:
            events.add_one(tx, attempt.run_id, "log", now, {"message": told(away)})
        _insert(tx, attempt, manifest, verdict, now)
        # Last, since whoever follows the run stops listening at its final status.
        runs.publish(tx, attempt.run_id, attempt.lease_id, now, manifest.metrics)
    return True


def _insert(tx: Transaction, attempt: Attempt, manifest: Manifest, verdict: Verdict, now: datetime) -> None:
    version = models.insert_model(tx, **row_of(manifest))
    said = f"published model {manifest.id} (version {version}); {'' if verdict.activate else 'not '}activated: "
    data = {"model_id": manifest.id, "version": version, "activated": verdict.activate}
    events.add_one(tx, attempt.run_id, "log", now, {"message": said + verdict.reason, **data})
    if verdict.activate:
        who = Caller(run_queries.key_of(tx, attempt.run_id))
        models.activate(tx, manifest.task, manifest.id, now, f"run {attempt.run_id}: {verdict.reason}", who.key_id)
        audit.record(tx, now, "model.activated", manifest.id, manifest.task, who)


def _is_there(attempt: Attempt, manifest: Manifest) -> bool:
    def read(_: float) -> bool:
        with attempt.database.read() as tx:
            return models.find(tx, manifest.id) is not None

    return attempt.patiently(read)


def row_of(manifest: Manifest) -> dict[str, Any]:
    """What the database keeps of a manifest."""
    return {
        "id": manifest.id,
        "task": manifest.task,
        "run_id": manifest.run_id,
        "dataset": manifest.dataset.name,
        "dataset_is_sample": manifest.dataset.is_sample,
        "metrics": manifest.metrics.model_dump(),
        "created_at": manifest.created_at,
    }
