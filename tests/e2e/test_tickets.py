"""Your own data: from a CSV file that nobody has seen to a right answer, with one command, as a person would."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service import Service
from densely_client import Densely
from tests.support import tickets

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """API and worker, with the models that come with them."""
    with Service(tmp_path_factory.mktemp("service")) as started:
        yield started


def densely(service: Service, *words: str) -> Done:
    """A command of somebody who is elsewhere."""
    environment = {**os.environ, "DENSELY_URL": service.url, "DENSELY_HOME": str(service.folder / "elsewhere")}
    command = [sys.executable, "-m", "app.cli", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def created(service: Service, tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path, float]:
    """What the command told of 5,000 tickets, the file, and the seconds to the answer of the curl that it showed."""
    file = tickets.write(tmp_path_factory.mktemp("tickets") / "tickets.csv")
    began = time.monotonic()
    done = densely(service, "tasks", "create", "tickets", "--from", str(file), "--text", "message", "--label", "team")
    assert 0 == done.returncode, done.stderr
    asked = subprocess.run(curl_of(done), shell=True, capture_output=True, text=True, timeout=30, check=True)
    seconds = time.monotonic() - began
    assert json.loads(asked.stdout)["prediction"]["label"] in teams_of(file, curl_of(done)), asked.stdout
    return done, file, seconds


def curl_of(done: Done) -> str:
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("curl ")]
    return line


def teams_of(file: Path, curl: str) -> set[str]:
    """Those of the file's rows with the message that is asked."""
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    return {
        row["team"] for row in rows if json.dumps(row["message"], ensure_ascii=False).replace("'", "'\"'\"'") in curl
    }


def test_one_command_leads_to_a_right_answer(
    created: tuple[Done, Path, float], service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    done, _, seconds = created
    with capsys.disabled():
        sys.stdout.write(f"\n5,000 tickets, command to the first right answer: {seconds:.1f} s\n")

    for told in (
        "5,000: 4,000 to train, 1,000 to test",
        "task tickets, dataset tickets@1",
        "guessing scores",
        "is active",
    ):
        assert told in done.stdout, told
    assert "most often confused" in done.stdout

    unseen = list(tickets.rows(300, seed=2))
    with Densely(service.url) as client:
        answers = client.predict.many("tickets", [{"message": row["message"]} for row in unseen])
    right = sum(answer.label == row["team"] for answer, row in zip(answers, unseen, strict=True))
    assert right > 0.9 * len(unseen)


def test_the_mistakes_can_be_looked_at(created: tuple[Done, Path, float], service: Service) -> None:
    """Most of them are the tickets that were given to another team."""
    words = ("datasets", "rows", "tickets", "--split", "test", "--model", "active", "--wrong", "--json")
    rows: list[dict[str, Any]] = json.loads(densely(service, *words).stdout)

    assert rows
    assert all(row["wrong"] and row["prediction"]["label"] != row["answer"] for row in rows)


def test_the_same_name_again_is_refused_and_changes_nothing(
    created: tuple[Done, Path, float], service: Service
) -> None:
    _, file, _ = created
    done = densely(service, "tasks", "create", "tickets", "--from", str(file))

    assert (1, "") == (done.returncode, done.stdout)
    assert 1 == len(done.stderr.splitlines())
    assert "tickets" in done.stderr


def test_appended_rows_are_the_next_version_and_are_trained_on(
    created: tuple[Done, Path, float], service: Service, tmp_path: Path
) -> None:
    more = tickets.write(tmp_path / "more.csv", 500, seed=3)
    made = json.loads(densely(service, "datasets", "append", "tickets", "--from", str(more), "--json").stdout)
    assert (2, 5_500) == (made["version"], made["rows"])

    done = densely(service, "train", "tickets", "--watch", "--activate", "never")
    assert 0 == done.returncode, done.stderr
    assert "tickets@2" == json.loads(densely(service, "runs", "--task", "tickets", "--json").stdout)[0]["dataset"]


def test_a_task_goes_with_all_that_it_has(service: Service, tmp_path: Path) -> None:
    file = tickets.write(tmp_path / "few.csv", 200)
    done = densely(service, "tasks", "create", "going", "--from", str(file), "--label", "team", "--no-train")
    assert 0 == done.returncode, done.stderr

    kept = densely(service, "tasks", "delete", "going")
    assert (1, 1) == (kept.returncode, len(kept.stderr.splitlines()))
    assert 0 == densely(service, "tasks", "delete", "going", "--models", "--datasets").returncode
    assert 1 == densely(service, "tasks", "show", "going").returncode
    assert "going" not in densely(service, "datasets", "list").stdout
