"""The trainer process: imports TensorFlow, waits for one run on standard input, carries it out, exits.

Standard output speaks to the worker, in JSON lines. Exit status 0: the run's state is in the database, or the run
is somebody else's by now; `OUTAGE_STATUS`: the database stayed away; anything else: it died, and the worker decides.
"""

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import logs, stdio
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.datasets.encoded import EncodedCache
from app.db.engine import Database
from app.domain.clock import utc_now
from app.errors import ArtifactInvalid, LeaseLost, TrainingError, Unavailable, told
from app.services.attempts import Attempt
from app.services.outages import OUTAGE_STATUS
from app.tasks.catalog import TaskCatalog
from app.wire.runs import RunError

if TYPE_CHECKING:
    from app.training.pipeline import Workplace

NICENESS = 10  # training gives way to /predict on the same machine


def main() -> int:
    """Get warm, say so, train once."""
    stdio.settle()
    # The worker decides what an interrupt of them all means; here it would be an error in the middle of an epoch.
    # SIGTERM ends this process at once: the worker tells a stop, which gives the attempt back, from a lost trainer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    worker = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not reach the worker
    try:
        _say_ready(worker)
    except BrokenPipeError:  # the worker was killed meanwhile
        return 0
    line = sys.stdin.readline()
    if not line:  # the worker has stopped and needs no spare any more
        return 0
    threading.Thread(target=_die_with_the_worker, daemon=True).start()
    return train(json.loads(line))


def _say_ready(worker: int) -> None:
    """One line to the worker, in one write.

    Raises:
        BrokenPipeError: it has gone.
    """
    with _hushed():
        import keras
        import tensorflow as tf

        from app.training import devices, pipeline  # the slow imports, made before there is a run

        devices.prepare()
        pipeline.warm_up()
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
    os.write(worker, (json.dumps({"devices": devices.names(), "versions": versions}) + "\n").encode())


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep TensorFlow's start-up chatter out of the log, which is JSON lines; told after all if the start fails."""
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)
        try:
            yield
        except BaseException:
            chatter.seek(0)
            with suppress(OSError):  # a log that cannot be written must not hide the reason
                os.write(stderr, chatter.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _die_with_the_worker() -> None:
    """Standard input ends when the worker does, however it ended; nobody would renew the lease then."""
    while os.read(0, 1024):  # not sys.stdin: its lock, held by a waiting thread, aborts the interpreter's end
        pass
    os._exit(1)


def train(assignment: dict[str, Any]) -> int:
    """Carry out the run of this message; see `worker.executors.Assignment`."""
    from app.training import pipeline

    logs.configure(assignment["log_level"])
    log = logs.get(run_id=assignment["run_id"])
    database = Database(assignment["database_url"])
    attempt = Attempt(database, utc_now, assignment["run_id"], assignment["lease_id"])
    place = pipeline.Workplace(
        tasks=TaskCatalog(),
        store=ArtifactStore(Path(assignment["models_dir"])),
        catalog=DatasetCatalog(Path(assignment["datasets_dir"]), Path(assignment["uploads_dir"])),
        encoded=EncodedCache(Path(assignment["encoded_dir"]), assignment["encoded_cache_mib"] * 2**20),
        checkpoints=Path(assignment["checkpoints_dir"]),
        checkpoint_seconds=assignment["checkpoint_seconds"],
    )
    try:
        failure = _execute(attempt, place, log)
        if failure:
            attempt.fail(failure)
    except LeaseLost:
        log.warning("run.lease_lost")
    except Unavailable as error:
        log.warning("run.interrupted", error=error.message)
        return OUTAGE_STATUS
    finally:
        database.close()
    return 0


def _execute(attempt: Attempt, place: "Workplace", log: Any) -> RunError | None:
    """Publish the run's model, or say why there is none."""
    from app.training import pipeline

    try:
        with attempt.keeping_up():
            manifest = pipeline.execute(attempt, place)
    except TrainingError as error:
        # What no client is told, where the files are, is here.
        log.warning(
            "run.failed",
            error=type(error).__name__,
            message=error.message,
            cause=error.__cause__ and repr(error.__cause__),
            datasets_dir=str(place.catalog.folder),
        )
        return RunError(type=type(error).__name__, message=error.message)
    except Exception as error:
        if isinstance(error, LeaseLost | Unavailable) and not isinstance(error, ArtifactInvalid):
            raise
        log.exception("run.crashed")
        message = told(error)
        if isinstance(error, OSError):  # which one is in the log: no client learns a path
            message += ": a file or folder of the worker; its log says which"
        return RunError(type=type(error).__name__, message=message)
    log.info("run.published", model_id=manifest.id, test=manifest.metrics.test)
    return None


if __name__ == "__main__":
    code = main()
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)  # everything is written and closed: TensorFlow would take another second to leave
