"""A worker whose trainers are those of `tests.faults.trainer`."""

import sys

from app.processes import as_child
from app.settings import Settings
from app.worker.__main__ import work
from app.worker.executors import ProcessTrainer

if __name__ == "__main__":
    with as_child():
        ProcessTrainer.command = [sys.executable, "-m", "tests.faults.trainer"]
        work(Settings())
