"""The database's disk is full: what was accepted stays, and nothing else is said to be."""

from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from app.db import complaints
from app.settings import Settings
from tests.support.disks import fill
from tests.support.tasks import TASKS

RUN = {"task": "planar", "dataset": "sample"}
MOST = 200  # runs that the room left does not hold


@pytest.fixture
def settings(settings: Settings, small_disk: Path) -> Settings:
    """Of a service whose home is on a small disk."""
    return settings.model_copy(update={"home": small_disk / "home"})


@pytest.mark.sqlite("its file lies on the small disk")
def test_a_full_disk_refuses_runs_and_keeps_those_that_were_accepted(client: httpx.Client, small_disk: Path) -> None:
    """Predictions and reads go on; once there is room again, so does the rest, without a restart."""
    full = fill(small_disk)
    accepted = []
    for number in range(MOST):
        answer = client.post("/train", json=RUN | {"seed": number})
        if answer.status_code != 202:
            break
        accepted.append(answer.json()["id"])

    assert 503 == answer.status_code, answer.text
    assert "the database finds no room on its disk" == answer.json()["detail"]
    assert "Retry-After" in answer.headers
    assert 200 == client.post("/predict", json={"task": "planar", **TASKS.get("planar").example}).status_code
    listed = [run["id"] for run in client.get("/runs?limit=500").raise_for_status().json()["items"]]
    assert sorted(accepted) == sorted(listed)

    full.unlink()
    accepted.append(client.post("/train", json=RUN).raise_for_status().json()["id"])
    listed = [run["id"] for run in client.get("/runs?limit=500").raise_for_status().json()["items"]]
    assert sorted(accepted) == sorted(listed)


def test_postgresql_has_a_word_for_it_too() -> None:
    psycopg = pytest.importorskip("psycopg", reason="PostgreSQL tests need its driver: pip install -e .[postgres]")
    error = OperationalError("INSERT", {}, psycopg.errors.DiskFull("could not extend file"))

    assert complaints.FULL == complaints.message(error)
    assert not complaints.is_damage(error)
