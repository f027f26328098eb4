"""Keys as an operator makes them, in two API processes: shown once, revoked within two seconds, limited together."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import httpx

from benchmarks.service import Service
from tests.e2e.conftest import UNPREPARED, StartService, processes_of

FINE = {"task": "planar", "point": [0.5, 0.5]}
TWO = {"DENSELY_WORKERS": "2", "DENSELY_REQUIRE_KEYS": "true", **UNPREPARED}


def keys(service: Service, *words: str) -> Any:
    """What the command says, as JSON."""
    home = {"DENSELY_HOME": str(service.folder / "home")}
    command = [sys.executable, "-m", "app.cli", "keys", *words, "--json"]
    done = subprocess.run(command, env={**os.environ, **home}, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def statuses(service: Service, secret: str, count: int = 20) -> Counter[int]:
    """Of a prediction by so many connections, which the system spreads."""
    headers = {"Authorization": f"Bearer {secret}"}
    return Counter(httpx.post(f"{service.url}/predict", json=FINE, headers=headers).status_code for _ in range(count))


def within_two_seconds(service: Service, secret: str, expected: int) -> bool:
    """Whether all processes answer so by then."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        if statuses(service, secret).keys() == {expected}:
            return True
    return False


def test_a_key_is_let_in_and_revoked_in_all_processes(start_service: StartService) -> None:
    service = start_service(**TWO)
    assert 2 == len(processes_of(service, "app.main"))

    made = keys(service, "create", "--name", "front end", "--scope", "predict", "--task", "planar", "--expires", "90d")
    assert within_two_seconds(service, made["secret"], 200)
    keys(service, "revoke", "front end")
    assert within_two_seconds(service, made["secret"], 401)

    (listed,) = keys(service, "list")
    assert (made["id"], ["predict"], ["planar"]) == (listed["id"], listed["scopes"], listed["tasks"])
    assert "secret" not in listed
    assert made["secret"] not in service.log.read_text()
    assert 0 == service.stop()


def test_two_processes_count_a_keys_requests_together(start_service: StartService) -> None:
    service = start_service(**TWO)
    secret = keys(service, "create", "--name", "limited", "--rate", "40/7d")["secret"]
    later = keys(service, "create", "--name", "later")["secret"]
    assert within_two_seconds(service, later, 200)  # whoever knows this one knows the one that was made before it

    assert Counter({200: 40, 429: 20}) == statuses(service, secret, 60)
    assert 0 == service.stop()
