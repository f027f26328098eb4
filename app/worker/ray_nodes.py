"""What the nodes of a Ray cluster are made of, and whether they suit this worker; of Ray itself this knows nothing."""

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import app
from app.domain.asks import Asks, Node, worded

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


def misfit(own: Versions, nodes: Mapping[str, Versions | str]) -> str | None:
    """Why runs cannot be handed to a cluster, in a line, or None; `nodes`: by name, what each has or why it cannot.

    A worker needs no TensorFlow of its own, but its nodes have to agree on one.
    """
    expected = dict(own)
    for name, found in sorted(nodes.items()):
        if isinstance(found, str):
            return f"node {name} cannot carry out runs: {found}"
        for package, title in TITLES.items():
            if package not in found:
                return f"node {name} has no {title}: install Densely there with its extra `train`"
            if found[package] != expected.setdefault(package, found[package]):
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
