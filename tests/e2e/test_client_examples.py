"""The examples in the client's docstrings and in the README, run against a started service."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest

from benchmarks.service import REPOSITORY, Service
from tests.support.examples import check, examples


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """API and worker, with the models that come with them."""
    with Service(tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.mark.parametrize("example", examples(), ids=lambda test: test.name.removeprefix("densely_client.sync."))
def test_the_examples_are_true(example: doctest.DocTest, service: Service) -> None:
    assert "" == check(example, service.url)


def test_the_readmes_example_is_true(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    (example,) = [block for block in blocks if "from densely_client" in block]
    exec(example.replace("http://127.0.0.1:8000", service.url), {})
    told = capsys.readouterr()

    assert told.out.startswith("positive\n['positive', 'negative']\n")
    assert "succeeded" in told.err, "the bar's last state"
    assert "recipe.epochs" in told.out


def test_the_readmes_commands_work(service: Service) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    commands = [shlex.split(line) for line in re.findall(r"^\$ densely (.*)$", readme, flags=re.MULTILINE)]
    told = {}
    for words in commands:
        # The packages are compared with the lock, which a developer's environment may be ahead of.
        expected = (0, 1) if words == ["doctor"] else (0,)
        environment = {**os.environ, "DENSELY_URL": service.url, "DENSELY_HOME": str(service.folder / "home")}
        command = [sys.executable, "-m", "app.cli", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode in expected, done.stderr
        told[words[0]] = done.stdout

    assert {"predict", "encode", "decode", "train", "runs", "models", "doctor", "presets"} == set(told)
    assert "? not bad\n" == told["decode"]
    assert "succeeded: accuracy" in told["train"]
    assert "capacity-3" in told["runs"]
    assert f"answers at {service.url}" in told["doctor"]


def test_there_are_examples_of_every_part() -> None:
    named = {test.name.removeprefix("densely_client.sync.") for test in examples()}
    parts = ("client.Densely", "client.Densely.train", "models.Models", "predictions.Predictions", "tasks.Tasks")
    parts += ("predictions.Predictions.many", "predictions.TaskPredictions", "runs.Run", "runs.Run.events")

    assert set(parts) <= named
