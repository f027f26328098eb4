"""Both clients bring files to the served application: tasks, datasets, their rows, and how they go again."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.settings import Settings
from densely_client import errors
from tests.integration.client.conftest import Connect
from tests.support import tickets


@pytest.fixture
def service(
    client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database, store: ArtifactStore
) -> str:
    """Where it is: without models, and with nobody who trains."""
    return str(client_for(settings).base_url)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tickets.write(tmp_path / "tickets.csv", 300)


def test_from_a_look_to_the_end(connect: Connect, service: str, file: Path) -> None:
    densely = connect(service)
    look = densely.tasks.look("tickets", file)
    assert [] == densely.datasets.list("tickets")
    assert list(tickets.TEAMS) == look.answer.labels
    assert {"message": "text", "team": "label"}.items() <= {
        each.name: each.role for each in look.findings.columns
    }.items()

    told: list[int] = []
    made = densely.tasks.create(
        "tickets", file, title="Tickets", train=False, progress=lambda sent, _: told.append(sent)
    )
    assert ("Tickets", True, None) == (made.task.title, made.task.own, made.run)
    assert (300, 1) == (made.dataset.rows, made.dataset.version)
    assert file.stat().st_size == told[-1]

    assert made.dataset == densely.datasets.get("tickets")
    rows = densely.datasets.rows("tickets", label="billing", limit=1_000)
    counted = next(each for each in made.dataset.findings.labels if each.label == "billing")
    assert counted.train + counted.test == len(rows)
    assert {"billing"} == {row.answer for row in rows}
    assert densely.datasets.picture("tickets", "labels", "png").startswith(b"\x89PNG")

    more = densely.datasets.append("tickets", tickets.write(file, 40, seed=2))
    assert (2, 340) == (more.version, more.rows)
    assert [2] == [each.version for each in densely.datasets.list("tickets")]
    assert [(2, 340), (1, 300)] == [(each.version, each.rows) for each in densely.datasets.versions("tickets")]

    changed = densely.tasks.update("tickets", title="Mail", label_names={"billing": "Money"})
    assert ("Mail", {"billing": "Money"}) == (changed.title, changed.label_names)
    with pytest.raises(errors.Conflict):
        densely.tasks.delete("tickets")
    densely.tasks.delete("tickets", datasets=True)
    with pytest.raises(errors.NotFound):
        densely.datasets.get("tickets")


def test_a_first_run_is_queued_and_can_be_deleted_when_it_has_ended(connect: Connect, service: str, file: Path) -> None:
    densely = connect(service)
    run = densely.tasks.create("tickets", file, answer={"kind": "one_of", "column": "team"}).run

    assert ("queued", "tickets@1", "baseline") == (run.status, run.data.dataset, run.data.preset)
    with pytest.raises(errors.Conflict):
        densely.runs.delete(run.id)
    with pytest.raises(errors.Conflict):  # it refers to the rows
        densely.datasets.delete("tickets")
    run.cancel()
    densely.runs.delete(run.id)
    assert [] == densely.runs.list("tickets")


def test_own_reviews_for_a_task_that_comes_with_densely(connect: Connect, service: str) -> None:
    densely = connect(service)
    rows = [f"review {number} is {word},{word}" for number in range(30) for word in ("positive", "negative")]
    content = "\n".join(["Words,Mood", *rows]).encode()
    mapping = {"text": "Words", "label": "Mood"}
    made = densely.datasets.upload("mine", content, task="sentiment", mapping=mapping)

    assert ("sentiment", 60) == (made.task, made.rows)
    wrong = content.replace(b",positive", b",neutral")
    with pytest.raises(errors.InvalidInput) as caught:
        densely.datasets.upload("mine", wrong, task="sentiment", mapping=mapping)
    assert 20 == len(caught.value.errors)
    assert (2, "Mood") == (caught.value.errors[0].line, caught.value.errors[0].field)
    assert 1 == densely.datasets.get("mine").version


class Endless(io.RawIOBase):
    """A CSV whose rows come as they are asked for, so that nobody can have read all of it."""

    def __init__(self, rows: int) -> None:
        self._rows = self._lines(rows)
        self._rest = b""
        self.largest = 0

    @staticmethod
    def _lines(rows: int) -> Iterator[bytes]:
        out = io.StringIO()
        writer = csv.writer(out)
        for number in range(rows):
            out.seek(0)
            out.truncate()
            writer.writerow([number * 0.5, number % 7, "ab"[number % 2]] if number else ["x", "y", "label"])
            yield out.getvalue().encode()

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size)
        while len(self._rest) < size:
            if not (line := next(self._rows, b"")):
                break
            self._rest += line
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


def test_a_file_is_sent_part_by_part(connect: Connect, service: str) -> None:
    source: Any = Endless(30_001)
    made = connect(service).tasks.create("flow", source, filename="rows.csv", train=False)

    assert 30_000 == made.dataset.rows
    assert 0 < source.largest <= 2**20
