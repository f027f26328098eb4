"""The JavaScript client in a browser: from the service itself, with a key, below a proxy's path."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Serve

PREFIX, KEY = "/ml/densely", "0123456789abcdef"


@pytest.fixture(params=["", PREFIX], ids=["alone", "below a path"])
def url(serve: Serve, request: pytest.FixtureRequest) -> str:
    """Where a service is that asks for a key."""
    path: str = request.param
    return serve(root_path=path, api_keys=(KEY,)) + path


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

    told = "this API key is not known, or is not let in any more"
    assert [True, "Unauthorized", 401, told] == asked(page, url, script, run)


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
