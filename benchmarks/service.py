"""Starts the whole service in a folder of its own, as `make run` does, and speaks to it over HTTP."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

REPOSITORY = Path(__file__).resolve().parent.parent
FINAL = ("succeeded", "failed", "cancelled")


def free_port() -> int:
    """A TCP port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Service:
    """`densely up` on a free port, with its own home and models folder; a context manager."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        command: str = "up",
        cwd: Path = REPOSITORY,
        redirected: str = "",
        program: Sequence[str] = (sys.executable, "-m", "app.cli"),
        port: int | None = None,
    ) -> None:
        """`redirected`: what a shell is told about its standard streams, for example `2>&-`. `port`: None, any one."""
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {
            "DENSELY_HOME": str(folder / "home"),
            "DENSELY_MODELS_DIR": str(folder / "models"),
            "DENSELY_PORT": str(self.port),
        }
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "service.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", f'exec "$0" "$@" {command} {redirected}', *program],
                env={**os.environ, **settings, **(environment or {})},
                cwd=cwd,
                stderr=log,
                start_new_session=True,
            )
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def __enter__(self) -> Self:
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until_ready(self, seconds: float = 90) -> None:
        """Return when the API answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the service ended with status {self.process.returncode}:\n{self.log.read_text()}")
            try:
                if self.client.get("/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise TimeoutError(f"the service is not ready after {seconds} seconds:\n{self.log.read_text()}")

    def train(self, **request: Any) -> dict[str, Any]:
        """Queue a run."""
        answer = self.client.post("/train", json=request)
        answer.raise_for_status()
        run: dict[str, Any] = answer.json()
        return run

    def run(self, run_id: str) -> dict[str, Any]:
        """A run as it stands."""
        run: dict[str, Any] = self.client.get(f"/runs/{run_id}").raise_for_status().json()
        return run

    def wait(self, run_id: str, seconds: float = 300) -> dict[str, Any]:
        """The run when it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            run = self.run(run_id)
            if run["status"] in FINAL:
                return run
            time.sleep(0.1)
        raise TimeoutError(f"run {run_id} is still {run['status']} after {seconds} seconds:\n{self.log.read_text()}")

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()
