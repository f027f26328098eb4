"""The importing process: a file is its standard input, what is to be done its argument; it answers in lines of JSON."""

import json
import os
import resource
import sys
import time
from contextlib import suppress
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from app.datasets.uploads.importing import import_file
from app.datasets.uploads.joining import joined
from app.datasets.uploads.problems import Problem
from app.wire.datasets import MOST_FAULTS, ImportPlan

MOST_MEMORY = 2**31  # bytes of addresses: some ten times what a large file takes
EVERY = 0.2  # seconds between two lines of progress


class Teller:
    """Writes lines of JSON."""

    def __init__(self) -> None:
        self._next = 0.0

    def progress(self, done: int, of: int, rows: int) -> None:
        """How far it is, now and then."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY
            self.say({"progress": {"bytes": done, "of": of, "rows": rows}})

    def say(self, message: dict[str, Any]) -> None:
        """A line."""
        self.write(json.dumps(message, separators=(",", ":")))

    @staticmethod
    def write(line: str) -> None:
        """One that is JSON already."""
        sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.flush()


def main() -> int:
    """Import standard input as the argument says; the exit status, which is 0 for a problem of the file too."""
    with suppress(ValueError, OSError):  # already lower
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    teller = Teller()
    try:
        plan = ImportPlan.model_validate_json(sys.argv[1])
    except (IndexError, ValidationError) as error:
        sys.stderr.write(f"usage: python -m app.datasets.uploads PLAN < FILE: {error}\n")
        return 2
    try:
        with os.fdopen(0, "rb", closefd=False) as file:
            result = import_file(file, plan, teller.progress)
        if plan.earlier:
            result = joined(plan, result)
    except Problem as problem:
        teller.say({"problem": _line_of(problem)})
    except (MemoryError, pa.ArrowMemoryError):
        message = f"reading the file takes more than {MOST_MEMORY // 2**20:,} MiB of memory"
        teller.say({"problem": _line_of(Problem(message))})
    except BrokenPipeError:  # whoever asked has gone
        raise
    except OSError as error:
        if not error.errno:  # none of the system's, but of what reads files: a fault here
            raise
        teller.say({"unwritable": {"errno": error.errno}})
    else:
        teller.write(f'{{"result":{result.model_dump_json(by_alias=True)}}}')  # letters as they are, which is shorter
    return 0


def _line_of(problem: Problem) -> dict[str, Any]:
    faults = [fault.model_dump() for fault in problem.faults[:MOST_FAULTS]]
    return {
        "message": problem.message,
        "field": problem.field,
        "faults": faults,
        **({"conflict": True} if problem.conflict else {}),
    }
