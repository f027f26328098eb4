"""What the nodes of a Ray cluster are made of, and whether they suit this worker; of Ray itself this knows nothing."""

import importlib.util
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Any

import app
from app.domain.asks import Asks, Node, worded
from app.errors import Unusable
from app.storage.filesystems import check_installed

AGAIN = 30.0  # seconds after which a node that does not suit is asked again: somebody may have mended it
PACKAGES = ("keras", "tensorflow")
TITLES = {"densely": "Densely", "keras": "Keras", "python": "Python", "tensorflow": "TensorFlow"}

Versions = Mapping[str, str]


def versions() -> dict[str, str]:
    """Of what has a say in how a run ends, here; TensorFlow is not imported for it."""
    found = {"densely": app.__version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def probe(database: str, store: str) -> dict[str, str] | str:
    """The versions here, or what is missing to train with this database and this store, in a line.

    `database`: how its URL begins, as `postgresql+psycopg`; `store`: the same, as `s3`, or empty.
    """
    name, _, driver = database.partition("+")
    if name in ("postgres", "postgresql") and importlib.util.find_spec(driver or "psycopg") is None:
        return "PostgreSQL needs its driver: pip install 'densely[postgres]'"
    try:
        if store:
            check_installed(f"{store}://")
    except Unusable as error:
        return error.message
    return versions()


class Answers:
    """What nodes have answered, by their ids. One that cannot carry out runs is not asked once for all."""

    def __init__(self, own: Versions, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`own`: versions of the worker."""
        self._own = own
        self._monotonic = monotonic
        self._found: dict[str, Versions | str] = {}
        self._asked_at: dict[str, float] = {}

    def due(self, names: Mapping[str, str]) -> list[str]:
        """Whom to ask now, of the nodes that are alive; all others are forgotten. `names`: of nodes, by their ids."""
        self._found = {each: self._found[each] for each in names if each in self._found}
        self._asked_at = {each: self._asked_at[each] for each in names if each in self._asked_at}
        doubtful = set(names) if self.misfit(names) else self.left_out(names)  # where versions differ, any may be wrong
        now = self._monotonic()
        again = {each for each, at in self._asked_at.items() if each in doubtful and now - at >= AGAIN}
        due = [each for each in names if each in again or each not in self._asked_at]
        self._asked_at |= dict.fromkeys(due, now)
        return due

    def take(self, node: str, answer: Versions | str) -> None:
        """Of a node that was asked: its versions, or why it cannot carry out runs."""
        self._found[node] = answer

    def knows(self, node: str) -> bool:
        """Whether it has answered, or failed to."""
        return node in self._found

    def left_out(self, names: Mapping[str, str]) -> dict[str, str]:
        """Why nodes cannot carry out runs, by their ids, in a line each that names the node."""
        reasons = {each: unfit(self._found[each]) for each in names if each in self._found}
        return {each: f"node {names[each]} {reason}" for each, reason in reasons.items() if reason}

    def misfit(self, names: Mapping[str, str]) -> str | None:
        """Why runs cannot be handed to any of them, in a line, or None."""
        found = {names[each]: answer for each, answer in self._found.items() if each in names}
        able = {name: each for name, each in found.items() if not isinstance(each, str) and not unfit(each)}
        return misfit(self._own, able)


def unfit(found: Versions | str) -> str | None:
    """Why a node with this answer cannot carry out runs, or None."""
    if isinstance(found, str):
        return f"cannot carry out runs: {found}"
    missing = [title for package, title in TITLES.items() if package not in found]
    return f"has no {missing[0]}: install Densely there with its extra `train`" if missing else None


def misfit(own: Versions, nodes: Mapping[str, Versions]) -> str | None:
    """Why runs cannot be handed to a cluster, in a line, or None; `nodes`: by name, what each has.

    A worker needs no TensorFlow of its own, but its nodes have to agree on one.
    """
    expected = dict(own)
    for name, found in sorted(nodes.items()):
        for package, title in TITLES.items():
            if package in found and found[package] != expected.setdefault(package, found[package]):
                return (
                    f"node {name} has {title} {found[package]}, and others {expected[package]}: "
                    "install one release on the worker and on all nodes"
                )
    return None


def node_of(told: Mapping[str, Any]) -> Node:
    """As Ray tells of one."""
    resources = told["Resources"]
    return Node(resources.get("CPU", 0), resources.get("memory", 0), resources.get("GPU", 0))


def no_room(asks: Asks, nodes: Sequence[Node], free: Mapping[str, float], seconds: float) -> tuple[str, bool]:
    """Why a run found no place in so many seconds, in a line, and whether it could ever find one."""
    asked = f"asks for {asks} on one node"
    if not any(asks.fit(node) for node in nodes):
        largest = max(nodes, key=lambda node: (node.memory, node.cpus), default=Node(0, 0, 0))
        has = worded(largest.cpus, largest.memory, largest.gpus)
        return f"{asked}, which none of the cluster's {len(nodes)} nodes has: the largest has {has}", False
    left = worded(free.get("CPU", 0), free.get("memory", 0), free.get("GPU", 0))
    return f"{asked}, which no node had free within {seconds:g} seconds: all nodes together have {left} left", True
