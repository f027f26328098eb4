"""The JavaScript client in a browser: from the service itself, with a key, below a proxy's path."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from tests.integration.finished import Finished, answers_of
from tests.support.clock import FakeClock
from tests.support.server import LiveServer

PREFIX, KEY = "/ml/densely", "0123456789abcdef"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("client")
    found = Settings(home=folder / "home", models_dir=folder / "models", datasets_dir=folder / "datasets")
    migrate.upgrade(found.url)
    return found


@pytest.fixture(scope="module")
def run(settings: Settings) -> str:
    """The id of a run that has succeeded."""
    database = Database(settings.url)
    finished = Finished(database, ArtifactStore(settings.models_dir), FakeClock())
    found = finished.run("sentiment", answers_of("sentiment"), [{"loss": 0.5}, {"loss": 0.25}])
    database.close()
    return found


@pytest.fixture(params=["", PREFIX], ids=["alone", "below a path"])
def url(settings: Settings, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a service is that asks for a key."""
    server = LiveServer(create_app(settings.model_copy(update={"root_path": request.param, "api_keys": (KEY,)})))
    yield server.url + request.param
    server.close()


@pytest.fixture
def page(browser: Any, url: str) -> Iterator[Any]:
    """A page of the service's own origin."""
    context = browser.new_context()
    found = context.new_page()
    found.goto(f"{url}/health/live")
    yield found
    context.close()


def asked(page: Any, url: str, script: str, *given: Any) -> Any:
    """What a script says that has the module as `client`."""
    return page.evaluate(
        f"async ([url, ...given]) => {{ const client = await import(`${{url}}/client/densely.js`); {script} }}",
        [url, *given],
    )


def test_a_run_is_followed_with_a_key(page: Any, url: str, run: str) -> None:
    script = """
        const [id, key] = given;
        const densely = new client.Densely({ key });
        const events = [];
        const found = await (await densely.run(id)).wait({
            onEvent: ({ id, type, data }) => events.push([type, data.status ?? data.loss, Number(id) > 0]),
        });
        return { url: densely.url, events, status: found.status };"""

    told = asked(page, url, script, run, KEY)

    assert f"{url}/" == told["url"]  # where the module came from
    assert "succeeded" == told["status"]
    assert ["epoch", 0.5, True] in told["events"]
    assert ["epoch", 0.25, True] in told["events"]
    assert ["status", "succeeded", True] == told["events"][-1]


def test_another_key_is_refused_by_class(page: Any, url: str, run: str) -> None:
    script = """
        const densely = new client.Densely({ url, key: "another key, unknown" });
        const error = await (new client.Run(densely, { id: given[0], status: "running" })).wait().catch((one) => one);
        return [error instanceof client.Unauthorized, error.name, error.status, error.message];"""

    assert [True, "Unauthorized", 401, "this API key is not known"] == asked(page, url, script, run)


def test_a_drawing_is_sent_as_it_is(page: Any, url: str) -> None:
    """A Blob, as a canvas or a file gives it."""
    script = """
        const canvas = Object.assign(document.createElement("canvas"), { width: 60, height: 60 });
        const view = canvas.getContext("2d");
        Object.assign(view, { lineWidth: 6 });
        view.strokeRect(20, 10, 20, 40);
        const image = await new Promise((resolve) => canvas.toBlob(resolve));
        const answer = await new client.Densely({ url, key: given[0] }).predict("digits", { image });
        return [answer.label, answer.probabilities.length];"""

    label, count = asked(page, url, script, KEY)

    assert label in range(10)
    assert 10 == count


def test_an_aborted_call_says_so(page: Any, url: str) -> None:
    script = """
        const signal = AbortSignal.abort();
        return new client.Densely({ url }).tasks({ signal }).catch((error) => error.name);"""

    assert "AbortError" == asked(page, url, script)


def test_the_module_is_what_lies_in_its_folder(page: Any, url: str) -> None:
    source = (Path(__file__).parents[2] / "clients" / "javascript" / "densely.js").read_text(encoding="utf-8")

    assert source == asked(page, url, "return (await fetch(`${url}/client/densely.js`)).text();")
