"""What a browser makes of `/docs` below a proxy's path, and of the README's way to follow a run with a key."""

import re
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
from tests.support.nginx import Nginx
from tests.support.server import LiveServer

PREFIX, KEY = "/ml/densely", "0123456789abcdef"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("docs")
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


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_the_documentation_is_whole_below_a_proxys_path_and_its_calls_work(
    page: Any, settings: Settings, run: str, tmp_path: Path
) -> None:
    server = LiveServer(create_app(settings.model_copy(update={"root_path": PREFIX})))
    nginx = Nginx(tmp_path, f"location {PREFIX}/ {{ proxy_pass {server.url}/; }}")
    answers: list[tuple[str, int]] = []
    page.on("response", lambda answer: answers.append((answer.url, answer.status)))

    page.goto(f"{nginx.url}{PREFIX}/docs")
    page.locator("#operations-runs-get_run_runs__run_id__get").wait_for()
    assert page.locator(".opblock").count() > 30
    assert page.get_by_role("heading", name="Densely").is_visible()
    page.locator("#operations-runs-get_run_runs__run_id__get .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_placeholder("run_id").fill(run)
    page.get_by_role("button", name="Execute", exact=True).click()
    page.locator(".live-responses-table .response-col_status", has_text="200").wait_for()

    assert (f"{nginx.url}{PREFIX}/runs/{run}", 200) in answers
    assert [] == [(url, status) for url, status in answers if status >= 400 or not url.startswith(nginx.url + PREFIX)]
    nginx.close()
    server.close()


def test_a_run_is_followed_with_a_key(page: Any, settings: Settings, run: str) -> None:
    """As the README does it, since an EventSource has no way to send one."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    _, follow = re.findall(r"^```javascript\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
    server = LiveServer(create_app(settings.model_copy(update={"api_keys": (KEY,)})))
    page.goto(f"{server.url}/docs")
    told = """async ([path, key]) => {
        const events = [];
        await follow(path, key, (event, data, id) => events.push([event, data.status ?? data.loss, Number(id) > 0]));
        return events;
    }"""

    events = page.evaluate(told.replace("{", "{" + follow, 1), [f"/runs/{run}/events", KEY])

    assert ["epoch", 0.5, True] in events
    assert ["epoch", 0.25, True] in events
    assert ["status", "succeeded", True] == events[-1]
    with pytest.raises(Exception, match="API key is not known"):
        page.evaluate(told.replace("{", "{" + follow, 1), [f"/runs/{run}/events", "another key, unknown"])
    server.close()
