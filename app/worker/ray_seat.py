"""A seat on a node of a Ray cluster: an actor that keeps one trainer process there, as a worker does on its machine."""

import os
from pathlib import Path
from typing import Any

from ray.util import get_node_ip_address

import app
from app.artifacts.store import STAGING
from app.storage import files
from app.worker import scratch
from app.worker.executors import ProcessTrainer

CALLS = 4  # at once: a run that is carried out, and what is asked meanwhile
RUNS = "r-"  # how ids of runs begin
LONG = 60.0  # seconds of one wait for the trainer


def sweep_node(message: dict[str, Any], now: float | None = None) -> None:
    """Remove what killed trainers left long ago in the folders that a run names: no worker does so on this machine."""
    scratch.sweep_left(Path(message["checkpoints_dir"]), RUNS, now)
    scratch.sweep_left(Path(message["models_dir"]) / STAGING, "", now)  # of models that were made, or fetched
    scratch.sweep_left(Path(message["uploads_dir"]), files.STAGING, now)


class Seat:
    """Runs in a process that Ray starts for it; the trainer is a child, so that its end frees all of its memory.

    The trainer reads from this process: when it is gone, with its node or at Ray's hands, the trainer ends by itself.
    """

    def __init__(self, cpus: int, gpus: int, command: list[str] | None = None) -> None:
        """`command`: of the trainer; by default that of the Densely that is installed here."""
        scratch.sweep()
        self._has_swept = False
        if not gpus:
            os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # else TensorFlow takes those of others
        here = str(Path(app.__file__).parent.parent)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
        self._node = get_node_ip_address()
        self._trainer = ProcessTrainer(threads=cpus, command=command)

    def pid(self) -> int:
        """The trainer's process; answered as soon as there is a seat."""
        return self._trainer.pid

    def carry_out(self, message: dict[str, Any]) -> tuple[int, bool]:
        """A run, to its end: the status that the trainer says or exits with, and whether it waits for another trial."""
        if not self._has_swept:
            self._has_swept = True
            sweep_node(message)
        self._trainer.tell(message)
        while (code := self._trainer.wait(LONG)) is None:
            pass
        return code, message["keep"] and self._trainer.alive

    def state(self) -> dict[str, Any]:
        """Memory in bytes, and what the trainer said of itself, once it has."""
        hello = self._trainer.hello
        return {"memory": self._trainer.memory(), "hello": {**hello, "node": self._node} if hello else {}}

    def let_go(self) -> None:
        """The trial has ended."""
        self._trainer.let_go()

    def kill(self) -> None:
        """When this returns, nothing is written any more."""
        self._trainer.kill()
