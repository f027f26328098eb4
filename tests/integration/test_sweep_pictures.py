"""Pictures of sweeps over HTTP: before there is anything to draw, while trials end, and afterwards."""

from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from app.db.engine import Database
from app.services.sweeps.driver import SweepDriver
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS
from tests.support.trials import end_next

SPACE = {
    "optimizer.learning_rate": {"kind": "log_range", "low": 1e-4, "high": 1.0},
    "layers.0.units": {"kind": "choice", "values": [4, 8]},
}
KINDS = ("best", "importance", "parallel")


@pytest.fixture
def asked(client: httpx.Client) -> Any:
    """A sweep of 12 trials that has just been asked for."""
    body = {"task": "planar", "dataset": "moons", "space": SPACE, "budget": {"trials": 12}, "seed": 1}
    return client.post("/sweeps", json=body | {"activate": "never"}).json()


def drawn(client: httpx.Client, sweep_id: str, kind: str, form: str = "svg") -> httpx.Response:
    return client.get(f"/sweeps/{sweep_id}/{kind}.{form}")


def test_there_is_nothing_to_draw_before_a_trial_has_a_figure(client: httpx.Client, asked: Any) -> None:
    assert [] == asked["pictures"]
    for kind in KINDS:
        answer = drawn(client, asked["id"], kind)
        assert (409, "has a figure to draw" in answer.text) == (answer.status_code, True)


def test_pictures_come_with_figures(client: httpx.Client, asked: Any, database: Database, clock: FakeClock) -> None:
    driver = SweepDriver(database, clock, TASKS, 3)
    driver.advance()
    end_next(database, clock)
    early = client.get(f"/sweeps/{asked['id']}").json()
    assert {f"sweeps/{asked['id']}/{kind}.svg" for kind in ("best", "parallel")} == {
        each["path"] for each in early["pictures"]
    }
    assert 409 == drawn(client, asked["id"], "importance").status_code
    while driver.advance() or end_next(database, clock):
        pass

    ended = client.get(f"/sweeps/{asked['id']}").json()
    assert 3 == len(ended["pictures"])
    for kind in KINDS:
        svg = drawn(client, asked["id"], kind)
        assert (200, "image/svg+xml") == (svg.status_code, svg.headers["content-type"])
        assert "planar: baseline on moons" in " ".join(ET.fromstring(svg.content).itertext())
        png = drawn(client, asked["id"], kind, "png")
        assert (b"\x89PNG", "image/png") == (png.content[:4], png.headers["content-type"])


@pytest.mark.parametrize(("kind", "form", "status"), [("worst", "svg", 422), ("best", "gif", 422)])
def test_there_are_three_pictures_in_two_forms(
    client: httpx.Client, asked: Any, kind: str, form: str, status: int
) -> None:
    assert status == drawn(client, asked["id"], kind, form).status_code
    assert 404 == drawn(client, "s-none", "best").status_code


def test_a_picture_comes_in_the_colours_and_width_that_are_asked_for(
    client: httpx.Client, asked: Any, database: Database, clock: FakeClock
) -> None:
    SweepDriver(database, clock, TASKS, 3).advance()
    end_next(database, clock)
    address = f"/sweeps/{asked['id']}/best.svg"

    light, dark = client.get(address).text, client.get(address, params={"theme": "dark", "width": 358}).text

    assert ("#ffffff" in light, "#181f1e" in light) == (True, False)
    assert ("#181f1e" in dark, "#17201f" in dark) == (True, False)
    assert 'width="268.5pt"' in dark
    for wrong in ({"theme": "sepia"}, {"width": 10}, {"width": 1e9}):
        refused = client.get(address, params=wrong)
        assert (422, next(iter(wrong))) == (refused.status_code, refused.json()["errors"][0]["field"])
