"""What the tests of the worker share."""

import importlib.util
from collections.abc import Iterator

import pytest

from tests.support import ray_cluster
from tests.support.ray_cluster import RayCluster


@pytest.fixture(scope="session")
def two_nodes() -> Iterator[RayCluster]:
    """A Ray cluster of two nodes, with four and two CPUs; a third may be added and taken away again."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray tests need Ray: pip install -e .[ray]")
    with ray_cluster.running(4, 2) as started:
        yield started
