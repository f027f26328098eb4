"""The command line as a process of its own, speaking to the served application."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

Done = subprocess.CompletedProcess[str]
Densely = Callable[..., Done]


def start(*words: str, **settings: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "app.cli", *words]
    environment = {**os.environ, **settings}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


@pytest.fixture
def densely(client: httpx.Client, tmp_path: Path) -> Densely:
    """Runs a command; `given` is its standard input."""

    def run(*words: str, given: str = "", **settings: str) -> Done:
        process = start(*words, **{"DENSELY_URL": str(client.base_url), "DENSELY_HOME": str(tmp_path), **settings})
        out, err = process.communicate(given, timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    return run
