"""A trainer that does everything as the real one does but train: it starts in a second, so that many can be killed.

Claim, lease, fence, epochs, checkpoints, staging, rename and commit are the real ones; the epochs' figures and the
model's weights are drawn.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

from app.artifacts.store import ArtifactStore
from app.domain.recipes import KFold
from app.services import publication
from app.services.attempts import Attempt
from app.training import trainer
from app.wire.manifests import MANIFEST, Manifest
from app.wire.runs import Progress, Run
from tests.support.artifacts import publish_artifact

PIPELINE = "app.training.pipeline"
EPOCH_SECONDS = 0.03


class Workplace:
    """What the pipeline's is, as far as it is used here."""

    def __init__(self, store: ArtifactStore, checkpoints: Path, **_: object) -> None:
        self.store = store
        self.checkpoints = checkpoints


def execute(attempt: Attempt, place: Workplace) -> Manifest:
    """Carry out a run, as `training.pipeline.execute` does.

    Raises:
        LeaseLost: another worker has it now; nothing of this attempt stays.
    """
    run = attempt.run()
    attempt.set_device("CPU:0")
    _epochs(attempt, run, place.checkpoints / run.id)
    staging = place.store.stage(f"{run.id}-{attempt.lease_id}")
    try:
        manifest = _write(run, staging)
        return publication.publish(attempt, place.store, staging, manifest, run.activate, lambda _: None)
    finally:
        place.store.discard(staging)


def _epochs(attempt: Attempt, run: Run, checkpoint: Path) -> None:
    """All epochs of all fits, from the last checkpoint on."""
    folds = run.validation.folds if isinstance(run.validation, KFold) else 0
    steps = [(fit, epoch) for fit in [*range(1, folds + 1), 0] for epoch in range(1, run.recipe.epochs + 1)]
    at, done = checkpoint / "at.json", 0
    if at.exists():
        done = json.loads(at.read_text())
        attempt.log(f"resuming after epoch {steps[done - 1][1]}")
    attempt.forget_epochs(*(steps[done - 1] if done else (steps[0][0], 0)))
    for number, (fit, epoch) in enumerate(steps[done:], done + 1):
        time.sleep(EPOCH_SECONDS)
        progress = Progress(epoch=epoch, epochs=run.recipe.epochs, fold=fit or None, fraction=number / len(steps))
        attempt.record_epoch(fit, epoch, EPOCH_SECONDS, {"loss": 1 / epoch, "mae": 1.0}, progress)
        attempt.flush()
        checkpoint.mkdir(parents=True, exist_ok=True)
        fresh = at.with_suffix(".new")
        fresh.write_text(json.dumps(number))
        fresh.replace(at)


def _write(run: Run, staging: Path) -> Manifest:
    """A model of the run's task, staged; its weights are drawn by the run's seed."""
    own = Path(tempfile.mkdtemp())
    made = publish_artifact(ArtifactStore(own), run.task, seed=run.seed)
    for path in (own / made.task / made.id).iterdir():
        if path.name != MANIFEST:
            shutil.copy(path, staging / path.name)
    shutil.rmtree(own)
    return made.model_copy(update={"run_id": run.id, "attempt": run.attempt})


def _say_ready(worker: int) -> None:
    os.write(worker, b'{"devices": ["CPU:0"], "versions": {}}\n')


def main() -> int:
    """The real trainer's life, with the pipeline above in the place of that which needs TensorFlow."""
    stub = ModuleType(PIPELINE)
    vars(stub).update(Workplace=Workplace, execute=execute)
    sys.modules[PIPELINE] = stub
    vars(trainer)["_say_ready"] = _say_ready
    return trainer.main()


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)
