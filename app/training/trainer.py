"""The trainer process: imports TensorFlow, waits for a run on standard input, carries it out, exits.

Standard output speaks to the worker, in JSON lines. Exit status 0: the run's state is in the database, or the run
is somebody else's by now; `OUTAGE_STATUS`: the database stayed away; anything else: it died, and the worker decides.
After a sweep's trial it says that status instead of exiting, and waits for the next one, which has most in common.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from app import logs, stdio
from app.artifacts.cached import artifact_store
from app.datasets.catalog import DatasetCatalog
from app.datasets.encoded import EncodedCache
from app.db.engine import Database
from app.domain.clock import utc_now
from app.errors import ArtifactInvalid, LeaseLost, StoreAway, TrainingError, Unavailable, Unusable, told
from app.services.attempts import Attempt
from app.services.outages import OUTAGE_STATUS, STORE_STATUS, told_of_store
from app.storage.remote import PATIENCE, Remote, open_remote
from app.tasks.catalog import TaskCatalog
from app.wire.runs import RunError

if TYPE_CHECKING:
    from app.training.pipeline import Workplace
    from app.training.shared import Shared

NICENESS = 10  # training gives way to /predict on the same machine


def main() -> int:
    """Get warm, say so, and train once, or one trial of a sweep after the other."""
    stdio.settle()
    # The worker decides what an interrupt of them all means; here it would be an error in the middle of an epoch.
    # SIGTERM ends this process at once: the worker tells a stop, which gives the attempt back, from a lost trainer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.nice(NICENESS)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    worker = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not reach the worker
    try:
        _say_ready(worker)
    except BrokenPipeError:  # the worker was killed meanwhile
        return 0
    orders, shared = Orders(), None
    while (line := orders.next()) is not None:  # else the worker has stopped and needs no spare any more
        assignment = json.loads(line)
        if not assignment["keep"]:
            return train(assignment)
        from app.training.shared import Shared

        shared = shared or Shared()
        code = train(assignment, shared)
        orders.done()
        try:
            os.write(worker, (json.dumps({"ended": code}) + "\n").encode())
        except BrokenPipeError:
            return 0
    return 0


class Orders:
    """Lines from the worker. Standard input ends when it does, however it ended: nobody would renew the lease then."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._is_busy = False
        threading.Thread(target=self._listen, daemon=True).start()

    def next(self) -> bytes | None:
        """The next one; None: there will be none."""
        return self._lines.get()

    def done(self) -> None:
        """What the last one asked for is over."""
        self._is_busy = False

    def _listen(self) -> None:
        rest = b""
        while read := os.read(0, 65_536):  # not sys.stdin: its lock, held by a waiting thread, aborts the end
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                self._is_busy = True
                self._lines.put(line)
        if self._is_busy:
            os._exit(1)
        self._lines.put(None)


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


def train(assignment: dict[str, Any], shared: "Shared | None" = None) -> int:
    """Carry out the run of this message; see `worker.protocols.Assignment`. `shared`: of the trials before it."""
    logs.configure(assignment["log_level"])
    log = logs.get(run_id=assignment["run_id"])
    try:
        database = Database(assignment["database_url"])
    except Unusable as error:  # whoever reads the log is the only one who can be told
        log.error("run.cannot_begin", error=error.message)
        return 1
    attempt = Attempt(database, utc_now, assignment["run_id"], assignment["lease_id"])
    remote = None
    try:
        try:
            remote = remote_for(attempt, assignment)
        except Unusable as error:  # on a cluster each node has its own packages
            log.error("run.cannot_begin", error=error.message)
            attempt.fail(RunError(type=type(error).__name__, message=error.message))
            return 0
        place = _workplace(assignment, remote)
        if failure := _execute(attempt, place, log, shared):
            attempt.fail(failure)
        # On a cluster's node nobody else would: the worker's folders are those of its own machine.
        shutil.rmtree(place.checkpoints / attempt.run_id, ignore_errors=True)
    except LeaseLost:
        log.warning("run.lease_lost")
    except StoreAway as error:
        log.warning("run.interrupted", error=error.message)
        return STORE_STATUS
    except Unavailable as error:
        log.warning("run.interrupted", error=error.message)
        return OUTAGE_STATUS
    finally:
        database.close()
        if remote:
            remote.close()
    return 0


def remote_for(attempt: Attempt, assignment: dict[str, Any]) -> Remote | None:
    """The object store, whose outages the run's log tells.

    Raises:
        Unusable: what the store needs is not installed here.
    """
    places = Path(assignment["models_dir"]), Path(assignment["uploads_dir"])
    return open_remote(
        assignment["store_url"],
        *places,
        assignment["store_cache_mib"],
        PATIENCE,
        tell=lambda away: attempt.log(told_of_store(away)),
    )


def _workplace(assignment: dict[str, Any], remote: Remote | None) -> "Workplace":
    from app.training import pipeline

    return pipeline.Workplace(
        tasks=TaskCatalog(),
        store=artifact_store(Path(assignment["models_dir"]), remote),
        catalog=DatasetCatalog(Path(assignment["datasets_dir"]), Path(assignment["uploads_dir"]), remote),
        encoded=EncodedCache(Path(assignment["encoded_dir"]), assignment["encoded_cache_mib"] * 2**20),
        checkpoints=Path(assignment["checkpoints_dir"]),
        checkpoint_seconds=assignment["checkpoint_seconds"],
        devices=assignment["devices"],
    )


def _execute(attempt: Attempt, place: "Workplace", log: Any, shared: "Shared | None") -> RunError | None:
    """Publish the run's model, or measure a trial; or say why not."""
    from app.training import pipeline

    try:
        with attempt.keeping_up():
            if shared:
                pipeline.measure(attempt, place, shared)
                return None
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
