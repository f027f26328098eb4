"""The servers to compare: how each is started on core 0, what it is asked, and how it is ended."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from app.db import migrate
from benchmarks.service import REPOSITORY, free_port

SERVER_CORE, LOAD_CORE = 0, 1
GRACE = 5.0  # seconds between asking a server to stop and killing it

# MLServer speaks the Open Inference Protocol, with the options that its documentation gives for one core: no pool of
# worker processes, nothing for debugging. Metrics are off because no other side keeps any.
MLSERVER = {"debug": False, "parallel_workers": 0, "metrics_endpoint": None, "host": "127.0.0.1"}


def bundled(task: str) -> Path:
    """The folder of a task's bundled model."""
    store = REPOSITORY / "models_store"
    names: dict[str, str] = json.loads((store / "bundled.json").read_text(encoding="utf-8"))
    return store / task / names[task]


@dataclass(frozen=True)
class Side:
    """A server to measure."""

    name: str
    command: Callable[[Path, int], Sequence[str]]  # of a folder of its own and its port
    ready: str  # paths
    single: str
    batch: str | None  # None: it answers single reviews only
    body: Callable[[str], Any]
    bodies: Callable[[Sequence[str]], Any]  # for many reviews in one call
    label: Callable[[Any], str] | None = None  # of the answer to one review; None: it does not look at the text
    labels: Callable[[Any], list[str]] | None = None  # of the answer to many


class Server:
    """A side at work; a context manager that ends all its processes."""

    def __init__(self, side: Side, seconds: float = 120) -> None:
        """Start it and wait until it answers.

        Raises:
            RuntimeError: it ended, or does not answer within so many seconds.
        """
        self.side = side
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder, port = Path(self._folder.name), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "log"
        settings = {
            "PYTHONPATH": str(REPOSITORY),
            "DENSELY_HOME": str(folder / "home"),
            "DENSELY_MODELS_DIR": str(folder / "models"),
            "DENSELY_PORT": str(port),
        }
        command = ["taskset", "-c", str(SERVER_CORE), *side.command(folder, port)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **settings},
                cwd=REPOSITORY,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches this program alone, which then ends the servers
            )
        try:
            self._wait_until_ready(seconds)
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait_until_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with suppress(httpx.TransportError):
                if httpx.get(self.url + self.side.ready).status_code == httpx.codes.OK:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{self.side.name} does not start:\n{self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        """Ask it to stop, and kill what is left of it and its children."""
        family = [psutil.Process(self._process.pid)] if self._process.poll() is None else []
        with suppress(psutil.NoSuchProcess):
            family += [child for parent in family[:1] for child in parent.children(recursive=True)]
        self._process.terminate()
        try:
            psutil.wait_procs(family, timeout=GRACE)
        finally:  # also on a second Ctrl-C
            with suppress(ProcessLookupError):  # children whose parent died first are in its group still
                os.killpg(self._process.pid, signal.SIGKILL)
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._process.wait()
            self._folder.cleanup()


def sides(litserve: Path, mlserver: Path) -> list[Side]:
    """All of them, the measure first; the arguments are the folders of two environments."""
    model = str(bundled("sentiment"))

    def module(python: Path | str, name: str) -> Callable[[Path, int], list[str]]:
        return lambda _, port: [str(python), "-m", f"benchmarks.peers.{name}", model, str(port)]

    def texts(given: Sequence[str]) -> dict[str, Any]:
        return {"texts": list(given)}

    return [
        Side("empty FastAPI route", lambda _, port: [sys.executable, "-m", "benchmarks.empty_route", str(port)],
             "/health/ready", "/sentiment", None, _densely_one, texts),
        Side("Densely", _densely, "/health/ready", "/predict", "/predict", _densely_one, _densely_many,
             lambda answer: answer["prediction"]["label"],
             lambda answer: [one["label"] for one in answer["predictions"]]),
        Side("`model.predict` in FastAPI", module(sys.executable, "tutorial"), "/health", "/predict", "/predict-many",
             lambda text: {"text": text}, texts,
             lambda answer: answer["label"], lambda answer: [one["label"] for one in answer]),
        Side(f"LitServe {version(litserve, 'litserve')}", module(litserve / "bin" / "python", "litserve_server"),
             "/health", "/predict", "/predict-many", lambda text: {"text": text}, texts,
             lambda answer: answer["label"], lambda answer: [one["label"] for one in answer["predictions"]]),
        Side(f"MLServer {version(mlserver, 'mlserver')}", _mlserver(mlserver), "/v2/health/ready",
             "/v2/models/sentiment/infer", "/v2/models/sentiment/infer",
             lambda text: _inference_request([text]), _inference_request,
             lambda answer: answer["outputs"][0]["data"][0], lambda answer: list(answer["outputs"][0]["data"])),
    ]  # fmt: skip


def version(environment: Path, package: str) -> str:
    """The installed version of a package."""
    (found,) = environment.glob(f"lib/python*/site-packages/{package}-*.dist-info")
    return found.name.split("-")[1].removesuffix(".dist")


def _densely(folder: Path, port: int) -> list[str]:
    """The API process alone, as the peers run without a trainer; its port is in the environment."""
    del port
    (folder / "home").mkdir()
    migrate.upgrade(f"sqlite:///{folder / 'home' / 'densely.db'}")
    return [sys.executable, "-m", "app.main"]


def _densely_one(text: str) -> dict[str, Any]:
    return {"task": "sentiment", "text": text}


def _densely_many(texts: Sequence[str]) -> dict[str, Any]:
    return {"task": "sentiment", "instances": [{"text": text} for text in texts]}


def _mlserver(environment: Path) -> Callable[[Path, int], list[str]]:
    def command(folder: Path, port: int) -> list[str]:
        ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
        folders = {"metrics_dir": str(folder / "metrics"), "environments_dir": str(folder / "environments")}
        (folder / "settings.json").write_text(json.dumps({**MLSERVER, **ports, **folders}))
        model = {
            "name": "sentiment",
            "implementation": "benchmarks.peers.mlserver_model.Sentiment",
            "parameters": {"uri": str(bundled("sentiment"))},
        }
        (folder / "model-settings.json").write_text(json.dumps(model))
        return [str(environment / "bin" / "mlserver"), "start", str(folder)]

    return command


def _inference_request(texts: Sequence[str]) -> dict[str, Any]:
    text = {"name": "text", "shape": [len(texts), 1], "datatype": "BYTES", "parameters": {"content_type": "str"}}
    return {"inputs": [{**text, "data": list(texts)}]}
