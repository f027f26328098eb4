"""What the simulation knows of the service: seconds of processor time, of transactions and of locks."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("figures.json")


@dataclass(frozen=True)
class Turn:
    """What a process needs for one turn of its event loop: seconds that a turn costs, and each request in it."""

    fixed: float
    each: float

    def seconds(self, requests: int) -> float:
        """Of a turn with so many requests."""
        return self.fixed + self.each * requests


@dataclass(frozen=True)
class Transaction:
    """One kind of transaction on PostgreSQL, seconds: medians, and of processor time the mean."""

    whole: float  # from its beginning to the answer of its commit
    held: float  # of that, with the lock that others wait for
    cpu: float  # of PostgreSQL's processes


@dataclass(frozen=True)
class Idle:
    """What one process asks of the database while nothing happens, in a second."""

    transactions: float
    cpu: float  # seconds of PostgreSQL's processes


@dataclass(frozen=True)
class Measured:
    """A closed loop of `connections` against two API processes on two cores, with the generator on the same cores."""

    task: str
    connections: int
    rate: float  # answers per second
    p50: float  # milliseconds
    p99: float
    cores: float  # processor time that they had all together, in a second: others may use the machine


@dataclass(frozen=True)
class Figures:
    """All of them."""

    machine: str
    predict: dict[str, Turn]  # by task
    generator: dict[str, Turn]  # wrk, on the same tasks
    balancer: float  # seconds of nginx's processor time for a request
    bytes: dict[str, int]  # of a request and its answer, with their heads
    transactions: dict[str, Transaction]
    api: Idle
    worker: Idle
    model_seconds: float  # to open an artifact and make its predictor
    model_bytes: int
    two: list[Measured]


def keep(found: dict[str, Any], path: Path = FILE) -> None:
    """Put these figures in the place of those before."""
    before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    text = json.dumps(before | found, indent=1, sort_keys=True, default=asdict)
    path.write_text(f"{text}\n", encoding="utf-8")


def load(path: Path = FILE) -> Figures:
    """The figures that were measured last."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    made: dict[str, Any] = {
        **found,
        "predict": {name: Turn(**each) for name, each in found["predict"].items()},
        "generator": {name: Turn(**each) for name, each in found["generator"].items()},
        "transactions": {name: Transaction(**each) for name, each in found["transactions"].items()},
        "api": Idle(**found["api"]),
        "worker": Idle(**found["worker"]),
        "two": [Measured(**each) for each in found["two"]],
    }
    return Figures(**made)
