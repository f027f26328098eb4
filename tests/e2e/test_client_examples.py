"""The examples in the client's docstrings and in the README, run against a started service."""

import doctest
from collections.abc import Iterator

import pytest

from benchmarks.service import Service
from tests.support.examples import check, examples


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """API and worker, with the models that come with them."""
    with Service(tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.mark.parametrize("example", examples(), ids=lambda test: test.name.removeprefix("densely_client.sync."))
def test_the_examples_are_true(example: doctest.DocTest, service: Service) -> None:
    assert "" == check(example, service.url)


def test_there_are_examples_of_every_part() -> None:
    named = {test.name.removeprefix("densely_client.sync.") for test in examples()}

    assert {"client.Densely", "client.Densely.train", "models.Models", "tasks.Tasks", "runs.Run"} <= named
    assert {f"predictions.{part}" for part in ("Predictions", "Predictions.many", "TaskPredictions")} <= named
    assert "runs.Run.events" in named
