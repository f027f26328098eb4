"""The examples in the client's docstrings, run against a started service."""

import doctest
from collections.abc import Iterator

import pytest

import app.client
from app.client import Densely, run, sync
from benchmarks.service import Service

MODULES = [sync, run]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """API and worker, with the models that come with them."""
    with Service(tmp_path_factory.mktemp("service")) as started:
        yield started


def examples() -> list[doctest.DocTest]:
    return [test for module in MODULES for test in doctest.DocTestFinder().find(module) if test.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda test: test.name.removeprefix("app.client."))
def test_the_examples_are_true(example: doctest.DocTest, service: Service) -> None:
    told: list[str] = []
    with Densely(service.url) as client:
        names = {"client": client, "url": service.url, "Densely": Densely}
        if example.name.endswith("Run.events"):
            names["run"] = client.train("planar", dataset="moons", preset="capacity-3", activate="never")
        example.globs = names
        result = doctest.DocTestRunner().run(example, out=told.append)

    assert 0 == result.failed, "".join(told)
    assert result.attempted > 0


def test_there_are_examples_of_every_part() -> None:
    named = {test.name.removeprefix("app.client.") for test in examples()}

    assert {f"sync.Predictions.{task}" for task in ("sentiment", "newswire", "digits", "housing", "planar")} <= named
    assert {"sync.Densely", "sync.Densely.train", "sync.Models", "sync.Tasks", "run.Run", "run.Run.events"} <= named
    assert app.client.Densely is Densely
