"""What is repeated, what is not, and what callers get when nothing helps: against a server that fails as told."""

import socket
import time
from typing import Any

import pytest

from densely_client import ApiError, Retries, ServiceUnreachable, errors
from tests.integration.client.conftest import AT_ONCE, Connect
from tests.support.scripted import ScriptedServer, answer, hang_up, problem

READY = answer(200, {"ready": True, "tasks": {}})
PREDICTION = answer(
    200, {"task": "planar", "model": {"id": "m-1", "version": 1}, "prediction": {"label": 1, "probability": 0.9}}
)
BUSY = problem(503, "unavailable", Retry_After="0")
FULL = problem(429, "queue-full", "1 run is waiting", Retry_After="0")


@pytest.mark.parametrize("failure", [BUSY, FULL, hang_up, answer(502, b"<html>", "text/html")])
def test_a_get_is_repeated_until_it_is_answered(connect: Connect, failure: Any) -> None:
    with ScriptedServer([failure, failure, READY]) as server:
        assert connect(server.url).ready().ready

    assert 3 == len(server.asked)


def test_a_prediction_is_repeated(connect: Connect) -> None:
    with ScriptedServer([BUSY, hang_up, PREDICTION]) as server:
        assert 1 == connect(server.url).predict("planar", point=(0, 1)).label

    assert 3 == len(server.asked)


def test_a_training_is_repeated_with_one_key_of_its_own(connect: Connect) -> None:
    with ScriptedServer([hang_up, FULL, problem(404, "not-found")]) as server:
        for _ in range(2):
            with pytest.raises(errors.NotFound):
                connect(server.url).train("planar")
    keys = [asked.headers["idempotency-key"] for asked in server.asked]

    assert 4 == len(keys)
    assert 1 == len(set(keys[:3]))
    assert keys[3] != keys[0]


@pytest.mark.parametrize("failure", [BUSY, hang_up])
@pytest.mark.parametrize("call", ["cancel", "retry", "encode", "activate"])
def test_what_changes_something_is_sent_once(connect: Connect, call: str, failure: Any, run_body: Any) -> None:
    with ScriptedServer([answer(200, run_body), failure]) as server:
        client = connect(server.url)
        run = client.runs.get("r-1")
        act = {
            "cancel": run.cancel,
            "retry": run.retry,
            "encode": lambda: client.tasks.encode("sentiment", text="x"),
            "activate": lambda: client.tasks.activate("sentiment", "m-1"),
        }[call]
        with pytest.raises((errors.Unavailable, ServiceUnreachable)):
            act()

    assert 2 == len(server.asked)


def test_the_last_answer_is_told_when_repeating_did_not_help(connect: Connect) -> None:
    with ScriptedServer([FULL]) as server, pytest.raises(errors.QueueFull, match="1 run is waiting") as caught:
        connect(server.url, retries=Retries(most=2, base=0.001)).train("planar")

    assert (429, "queue-full") == (caught.value.status, caught.value.kind)
    assert 3 == len(server.asked)


def test_retry_after_is_waited_for(connect: Connect) -> None:
    with ScriptedServer([problem(503, "unavailable", Retry_After="1"), READY]) as server:
        client = connect(server.url)
        started = time.monotonic()
        client.ready()

    assert time.monotonic() - started >= 1


def test_a_retry_after_beyond_patience_is_not(connect: Connect) -> None:
    with (
        ScriptedServer([problem(503, "unavailable", Retry_After="3600")]) as server,
        pytest.raises(errors.Unavailable),
    ):
        connect(server.url).ready()

    assert 1 == len(server.asked)


def test_waits_grow_and_are_spread() -> None:
    full = Retries(most=9, base=0.25, longest=8, draw=lambda: 1.0)
    response = _response(503)

    assert [0.25, 0.5, 1, 2, 4, 8, 8, 8, 8] == [full.after_response(response, done) for done in range(9)]
    assert full.after_response(response, 9) is None
    assert 7 == Retries(draw=lambda: 0.5, longest=8, base=8).after_response(response, 0)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 500])
def test_other_answers_are_final(connect: Connect, status: int) -> None:
    with ScriptedServer([problem(status, "something-new", "because")]) as server, pytest.raises(ApiError) as caught:
        connect(server.url).ready()

    assert 1 == len(server.asked)
    assert type(caught.value) is ApiError
    assert (status, "something-new", "because") == (caught.value.status, caught.value.title, str(caught.value))


@pytest.mark.parametrize("status", [403, 404, 501])
def test_an_answer_that_is_no_problem_document_is_hardly_from_densely(connect: Connect, status: int) -> None:
    with ScriptedServer([answer(status, b"<html>no</html>", "text/html")]) as server:
        with pytest.raises(ApiError) as caught:
            connect(server.url).ready()
        told = f"status {status}; what answers at {server.url} does not seem to be Densely"

    assert (status, "", told) == (caught.value.status, caught.value.kind, caught.value.detail)


def test_a_gateway_speaks_for_densely(connect: Connect) -> None:
    with ScriptedServer([answer(502, b"<html>", "text/html")]) as server, pytest.raises(ApiError) as caught:
        connect(server.url).ready()

    assert ("Bad Gateway", "status 502") == (caught.value.title, caught.value.detail)


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"ready": "maybe"}'])
def test_something_else_at_the_url_is_told(connect: Connect, content: bytes) -> None:
    with (
        ScriptedServer([answer(200, content)]) as server,
        pytest.raises(ServiceUnreachable, match="does not answer as Densely does"),
    ):
        connect(server.url).ready()


def test_nobody_there_is_told_with_the_url(connect: Connect) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else can take the port
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ServiceUnreachable, match=url):
            connect(url).ready()


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://x", "http://", ""])
def test_a_url_that_cannot_be_is_refused_at_once(connect: Connect, url: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="no URL of a service"):
        connect(url)


def test_key_and_agent_are_sent_and_no_proxy_is_asked_for_this_machine(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with ScriptedServer([READY]) as server:
        connect(server.url, api_key="k" * 16).ready()
    headers = server.asked[0].headers

    assert "Bearer " + "k" * 16 == headers["authorization"]
    assert headers["user-agent"].startswith("densely-client/")


def test_a_webhook_is_asked_for(connect: Connect) -> None:
    with ScriptedServer([problem(422, "invalid-input")]) as server, pytest.raises(errors.InvalidInput):
        connect(server.url).train("planar", webhook="http://127.0.0.1/told")

    assert {"task": "planar", "webhook": "http://127.0.0.1/told"} == server.asked[0].body


def test_images_and_options_are_sent_as_the_service_takes_them(connect: Connect, tmp_path: Any) -> None:
    """An image as base64, whether it is a path or bytes; only options that were given."""
    path = tmp_path / "seven.png"
    path.write_bytes(b"\x89PNG")
    with ScriptedServer([PREDICTION]) as server:
        client = connect(server.url, retries=AT_ONCE)
        client.predict("planar", point=[1, 2], explain=True, min_confidence=0.8, model=3)
        for picture in (path, b"\x89PNG"):
            client.predict("digits", image=picture)
            with pytest.raises(ServiceUnreachable):  # the answer is one to a single input
                client.predict.many("digits", [{"image": picture}])

    assert {"task": "planar", "point": [1, 2], "explain": True, "min_confidence": 0.8, "model": 3} == server.asked[
        0
    ].body
    one, many = {"task": "digits", "image": "iVBORw=="}, {"task": "digits", "instances": [{"image": "iVBORw=="}]}
    assert [one, many] * 2 == [asked.body for asked in server.asked[1:]]


def _response(status: int) -> Any:
    import httpx

    return httpx.Response(status)
