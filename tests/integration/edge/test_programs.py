"""Clients as they are: Java, Node, curl, wget. Where a program is missing its test is skipped and says so."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

PROGRAMS = Path(__file__).parent / "programs"
POINT = json.dumps({"task": "planar", "point": [0.5, -0.25]})
TRAIN = json.dumps({"task": "planar", "dataset": "moons", "activate": "never"})
JSON = "Content-Type: application/json"


def output(*command: str) -> str:
    """What a program prints; the test is skipped where there is no such program.

    Raises:
        CalledProcessError: it failed.
    """
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.fixture
def predicted(url: str) -> Any:
    """The answer that all should get."""
    return httpx.post(f"{url}/predict", content=POINT, headers={"Content-Type": "application/json"}).json()


def runs(url: str) -> int:
    """How many were queued."""
    return len(httpx.get(f"{url}/runs?limit=100").json()["items"])


def test_java(url: str, predicted: Any) -> None:
    """Its client offers HTTP/2 with every first request of a connection, bodies come after the head."""
    before = runs(url)
    lines = [
        line.split(" ", 3) for line in output("java", str(PROGRAMS / "Client.java"), url, POINT, TRAIN).splitlines()
    ]

    assert ["predict"] * 3 + ["late", "train", "get", "several", "old"] == [name for name, *_ in lines]
    assert ["200"] * 4 + ["202", "200", "[200]", "200"] == [status for _, status, *_ in lines]
    assert {"HTTP_1_1"} == {line[2] for line in lines[:6]}
    assert [predicted] * 4 == [json.loads(line[3]) for line in lines[:4]]
    assert before + 1 == runs(url)


def test_node(url: str, predicted: Any) -> None:
    lines = [
        line.split(" ", 2) for line in output("node", str(PROGRAMS / "client.mjs"), url, POINT, TRAIN).splitlines()
    ]

    assert [["fetch", "200"]] * 2 + [["fetch", "202"]] == [line[:2] for line in lines[:3]]
    assert [predicted] * 2 == [json.loads(line[2]) for line in lines[:2]]
    assert [["http", "200"]] * 3 + [["connections", "1"], ["offer", "200"]] == lines[3:]


@pytest.mark.parametrize(
    "options", [[], ["--http1.0"], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]]
)
def test_curl(url: str, predicted: Any, options: list[str]) -> None:
    """With its offer of HTTP/2 and without, in forms that it sends for one reason or another."""
    offer = ["--http2"] if "HTTP2" in output("curl", "--version") else []
    for more in ([], offer):
        if options == ["--http1.0"] and more:
            continue
        told = output("curl", "-sS", "-w", "%{http_code}", *options, *more, "-H", JSON, "-d", POINT, f"{url}/predict")
        assert "200" == told[-3:]
        assert predicted == json.loads(told[:-3])


def test_curl_with_an_offer_starts_one_run(url: str) -> None:
    before = runs(url)
    told = output("curl", "-sS", "--http2", "-H", JSON, "-d", TRAIN, f"{url}/train", f"{url}/health/live")
    assert "queued" in told
    assert before + 1 == runs(url)


def test_curl_learns_why_its_url_is_refused(url: str) -> None:
    told = output("curl", "-sS", "-w", "%{http_code}", f"{url}/tasks?{'a' * 20_000}")
    assert "414" == told[-3:]
    assert "8,192 bytes" in json.loads(told[:-3])["detail"]


def test_wget(url: str, predicted: Any) -> None:
    told = output("wget", "-qO-", "--header", JSON, "--post-data", POINT, f"{url}/predict")
    assert predicted == json.loads(told)
    assert "items" in json.loads(output("wget", "-qO-", f"{url}/tasks"))
