"""Publishing a run's model: rename first, then one transaction that inserts the model and moves the run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.artifacts.manifest import Manifest
from app.artifacts.store import ArtifactStore
from app.db import events, fence, models, runs
from app.db.engine import lock
from app.domain.recipes import HEADS
from app.domain.runs import Activate
from app.errors import ArtifactInvalid, LeaseLost
from app.services.execution import Attempt

Score = Callable[[str], float | None]  # model id -> its figure on this run's test split; None: it has another figure


@dataclass(frozen=True)
class Verdict:
    """Whether a new model becomes active, and why."""

    activate: bool
    reason: str


def publish(
    attempt: Attempt, store: ArtifactStore, staging: Path, manifest: Manifest, activate: Activate, score: Score
) -> Manifest:
    """Put a staged artifact in place and end the run; returns the manifest as written.

    Raises:
        LeaseLost: another worker has the run; the artifact is removed again.
    """
    manifest = store.publish(staging, manifest)
    try:
        while not _commit(attempt, manifest, activate, score):
            pass  # another model became active while this one was compared: compare again
    except LeaseLost:
        store.discard(store.path(manifest.task, manifest.id))
        raise  # after any other error the row may be there all the same: what has none is swept later
    return manifest


def _commit(attempt: Attempt, manifest: Manifest, activate: Activate, score: Score) -> bool:
    """One try; false if the active model is no longer the one that was compared with."""
    with attempt.database.read() as tx:
        active = models.active(tx).get(manifest.task)
    verdict = judge(manifest, activate, active, score)
    with attempt.database.write() as tx:
        lock(tx, f"models of {manifest.task}")
        present = models.active(tx).get(manifest.task)
        if (present and present.id) != (active and active.id):
            return False
        now = attempt.clock()
        fence.hold(tx, attempt.run_id, attempt.lease_id)
        version = models.insert_model(tx, **row_of(manifest))
        message = f"published model {manifest.id} (version {version}); {'' if verdict.activate else 'not '}activated: "
        events.add_one(
            tx,
            attempt.run_id,
            "log",
            now,
            {
                "message": message + verdict.reason,
                "model_id": manifest.id,
                "version": version,
                "activated": verdict.activate,
            },
        )
        if verdict.activate:
            models.activate(tx, manifest.task, manifest.id, now, f"run {attempt.run_id}: {verdict.reason}"[:200])
        # Last, since whoever follows the run stops listening at its final status.
        runs.publish(tx, attempt.run_id, attempt.lease_id, now, manifest.metrics)
    return True


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


def judge(manifest: Manifest, activate: Activate, active: Any, score: Score) -> Verdict:
    """Whether the new model becomes active: `if_better` compares on the same test split and figure."""
    if activate == "always":
        return Verdict(True, "always was asked for")
    if activate == "never":
        return Verdict(False, "never was asked for")
    if active is None:
        return Verdict(True, "the task had no active model")
    if manifest.dataset.is_sample and not active.dataset_is_sample:
        return Verdict(
            False, "the active model is of real data; one of the sample replaces it only if asked with always"
        )
    return _compare(manifest, active, score)


def _compare(manifest: Manifest, active: Any, score: Score) -> Verdict:
    head = HEADS[manifest.recipe.head]
    new = manifest.metrics.test[head.metric]
    rival = f"model {active.id} (version {active.version})"
    try:
        old = score(active.id)
    except ArtifactInvalid as error:
        return Verdict(True, f"{rival} cannot be loaded: {error.message}")
    if old is None:
        return Verdict(False, f"{rival} has another head, so their figures cannot be compared: choose by hand")
    better = new > old if head.higher_is_better else new < old
    where = f"test {head.metric} on {manifest.dataset.name}"
    return Verdict(better, f"{where} is {new:.4f}, {'better' if better else 'not better'} than {old:.4f} of {rival}")
