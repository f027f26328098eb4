"""The examples in the client's docstrings, run against a started service."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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


def test_the_readmes_example_is_true(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(app.__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    (example,) = [block for block in blocks if "from app.client" in block]
    exec(example.replace("http://127.0.0.1:8000", service.url), {})
    told = capsys.readouterr().out

    assert told.startswith("positive\n['positive', 'negative']\n")
    assert "succeeded" in told
    assert "recipe.epochs" in told


def test_the_readmes_commands_work(service: Service) -> None:
    readme = (Path(app.__file__).parent.parent / "README.md").read_text(encoding="utf-8")
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
    named = {test.name.removeprefix("app.client.") for test in examples()}

    assert {f"sync.Predictions.{task}" for task in ("sentiment", "newswire", "digits", "housing", "planar")} <= named
    assert {"sync.Densely", "sync.Densely.train", "sync.Models", "sync.Tasks", "run.Run", "run.Run.events"} <= named
    assert app.client.Densely is Densely
