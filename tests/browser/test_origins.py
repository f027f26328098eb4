"""A page of another origin in a real Chromium: let in where its origin is listed, shut out where it is not."""

import functools
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import Serve

KEY = "0123456789abcdef"
TOY = {"task": "planar", "point": [0.5, 0.5]}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another server, with an empty page."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "index.html").write_text("<!doctype html><title>elsewhere</title>")
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Any, origin: str) -> Iterator[Any]:
    """A page of that server."""
    context = browser.new_context()
    found = context.new_page()
    found.goto(origin)
    yield found
    context.close()


ASK = """async ([url, key, body]) => {
    const answer = await fetch(`${url}/predict`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) },
        body: JSON.stringify(body),
    });
    return [answer.status, await answer.json(), answer.headers.get("X-Request-ID")];
}"""
LISTEN = """([url, run]) => new Promise((resolve, reject) => {
    const source = new EventSource(`${url}/runs/${run}/events`);
    const seen = [];
    source.addEventListener("epoch", (event) => seen.push(JSON.parse(event.data).loss));
    source.addEventListener("status", (event) => {
        const { status } = JSON.parse(event.data);
        if (status === "succeeded") { source.close(); resolve([...seen, status]); }
    });
    source.onerror = () => { source.close(); reject(new Error("the stream failed")); };
})"""
CLIENT = """async ([url, key, run]) => {
    const { Densely, DenselyError } = await import(`${url}/client/densely.js`);
    const densely = new Densely({ url, key });
    const events = [];
    const found = await (await densely.run(run)).wait({ onEvent: ({ type }) => events.push(type) });
    const wrong = await densely.run("none").catch((error) => error);
    return [found.status, events.includes("epoch"), wrong instanceof DenselyError, wrong.status];
}"""


def test_fetch_reads_answers_and_refusals(page: Any, serve: Serve, origin: str) -> None:
    url = serve(cors_origins=(origin,), api_keys=(KEY,))

    refused = page.evaluate(ASK, [url, "another-key-of-nobody", TOY])
    wrong = page.evaluate(ASK, [url, KEY, {"task": "planar"}])

    assert (401, 422) == (refused[0], wrong[0])
    assert refused[2] == refused[1]["request_id"]  # exposed, as the document says it
    assert ["point"] == [error["field"] for error in wrong[1]["errors"]]


def test_event_source_follows_a_run(page: Any, serve: Serve, origin: str, run: str) -> None:
    url = serve(cors_origins=(origin,))

    assert [0.5, 0.25, "succeeded"] == page.evaluate(LISTEN, [url, run])


def test_the_javascript_client_works_from_there(page: Any, serve: Serve, origin: str, run: str) -> None:
    url = serve(cors_origins=(origin,), api_keys=(KEY,))

    assert ["succeeded", True, True, 404] == page.evaluate(CLIENT, [url, KEY, run])


@pytest.mark.parametrize("listed", [(), ("https://app.example.org",)])
def test_other_origins_are_shut_out(page: Any, serve: Serve, listed: tuple[str, ...]) -> None:
    url = serve(cors_origins=listed)

    told = page.evaluate(f"(given) => ({ASK})(given).then(String, (error) => error.name)", [url, "", TOY])

    assert "TypeError" == told  # all that a browser tells of it
