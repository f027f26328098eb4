"""The command line as a process of its own, speaking to the served application."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

Done = subprocess.CompletedProcess[str]
Densely = Callable[..., Done]


def start(*words: str, stdin: Any = subprocess.PIPE, stdout: Any = subprocess.PIPE, **settings: str) -> Any:
    command = [sys.executable, "-m", "app.cli", *words]
    environment = {**os.environ, **settings}
    return subprocess.Popen(
        command, env=environment, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def one_line(text: str) -> bool:
    return 1 == len(text.splitlines())


@pytest.fixture
def densely(client: httpx.Client, tmp_path: Path) -> Densely:
    """Runs a command; `given` is its standard input, a text or an open file."""

    def run(*words: str, given: str | IO[str] = "", stdout: Any = subprocess.PIPE, **settings: str) -> Done:
        settings = {"DENSELY_URL": str(client.base_url), "DENSELY_HOME": str(tmp_path), **settings}
        text = given if isinstance(given, str) else None
        process = start(*words, stdin=given if text is None else subprocess.PIPE, stdout=stdout, **settings)
        out, err = process.communicate(text, timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    return run
