"""What the images run, without a container engine: each target of the Dockerfile is built of its lines and started.

`COPY` copies what Git has and `.dockerignore` lets through, `RUN` is run, so that a forgotten file or package fails
here as it would there. Services see /usr and /etc of this machine and the image's /opt/venv and /densely, all
read-only, a /data of their own and a /tmp in memory; their user is 10001, without a name and without capabilities.
Needs root, bubblewrap (`apt-get install bubblewrap`) and a package registry.

`python -m benchmarks.images [api] [trainer] [trainer-gpu] [checkout]`: without names all but `trainer-gpu`, whose
wheels are gigabytes. `checkout` is what `make run` installs, with the code beside it.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import httpx
import psutil
import yaml

from benchmarks.dockerfile import Copy, Run, Stage, read
from benchmarks.sandbox import USER, Sandbox, context_of, missing
from benchmarks.service import FINAL, REPOSITORY, free_port

READY_SECONDS, TRAIN_SECONDS, STOP_SECONDS = 60.0, 180.0, 40.0
OF_USERS = "useradd"  # in a command that makes the image's user, whom the sandbox has without a name
ENDED = (0, 128 + signal.SIGTERM)  # the signal that ended it, handed on when all was done
LOG = 3_000  # characters of a log that are shown
CHECKOUT = "requirements.lock"
KEY = "images-are-proven-with-this"
ASKED = ("tensorflow", "keras", "ray", "optuna", "psycopg", "s3fs", "gcsfs", "adlfs", "pip")
FIND = "import importlib.util as u, json, sys; print(json.dumps([n for n in sys.argv[1:] if u.find_spec(n)]))"


class Builder:
    """Stages of a Dockerfile, each in a folder of its own; built once."""

    def __init__(self, stages: Mapping[str, Stage], folder: Path) -> None:
        self.stages, self._folder = stages, folder
        self._context = [*context_of(REPOSITORY), CHECKOUT]
        self._built: dict[str, Path] = {}
        self.seconds: dict[str, float] = {}

    def root(self, name: str) -> Path:
        """Where the stage's files lie."""
        if name not in self._built:
            root = self._built[name] = self._folder / name
            root.mkdir()
            started = time.monotonic()
            for step in self.stages[name].steps:
                if isinstance(step, Copy):
                    self._copy(step, root)
                elif OF_USERS not in step.command:
                    Sandbox(root).building(step.command, self.stages[name].folder)
            self.seconds[name] = time.monotonic() - started
        return self._built[name]

    def _copy(self, step: Copy, root: Path) -> None:
        target = root / step.target.lstrip("/")
        for source in step.sources:
            if step.stage is not None:  # by hard links, which take neither room nor time
                target.parent.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "-al", str(self.root(step.stage) / source.lstrip("/")), str(target)], check=True)
                continue
            found = [path for path in self._context if path == source or path.startswith(f"{source}/")]
            if not found:
                raise FileNotFoundError(f"COPY {source}: Git has none, or .dockerignore hides it")
            for path in found:
                below = path[len(source) :].lstrip("/") or (Path(source).name if step.target.endswith("/") else "")
                place = target / below
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / path, place)
        if step.stage is None:
            subprocess.run(
                ["chown", "-R", f"{USER}:{USER}", str(root / step.target.lstrip("/").split("/")[0])], check=True
            )


@dataclass(frozen=True)
class Image:
    """A built target."""

    stage: Stage
    root: Path
    data: Path

    def command(self, words: Sequence[str], **settings: str) -> list[str]:
        """The command line of a process of it."""
        environment = {**self.stage.environment, "DENSELY_API_KEYS": KEY, **settings}
        return Sandbox(self.root).command(words, environment, self.stage.folder, self.data)

    def modules(self) -> list[str]:
        """Those of ASKED that it can import."""
        line = self.command(["python", "-c", FIND, *ASKED])
        found: list[str] = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
        return found

    def run(self, *words: str, **settings: str) -> int:
        """To its end; its exit status."""
        return subprocess.run(self.command(words, **settings), check=False).returncode

    @contextmanager
    def running(
        self, words: Sequence[str], settings: Mapping[str, str] = MappingProxyType({}), ended: Sequence[int] = ENDED
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Until the end, which is asked for with SIGTERM.

        Raises:
            RuntimeError: it did not end well, or the block raised one, told with the end of the log.
        """
        log = self.data.with_suffix(".log")
        with log.open("ab") as told:
            process = subprocess.Popen(self.command(words, **settings), stdout=told, stderr=told)
        try:
            yield process
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text(errors='replace')[-LOG:]}") from error
        finally:
            for child in _children(process.pid):
                os.kill(child, signal.SIGTERM)
            status = process.wait(STOP_SECONDS)
        if status not in ended:
            raise RuntimeError(f"{' '.join(words)} ended with {status}")


def _children(pid: int) -> list[int]:
    """Bubblewrap's own first process is the parent of the command."""
    (first,) = psutil.Process(pid).children()
    return [child.pid for child in first.children()] or [first.pid]


def until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> float:
    """Seconds.

    Raises:
        RuntimeError: the service ended, or took too long.
    """
    started = time.monotonic()
    while time.monotonic() - started < READY_SECONDS and process.poll() is None:
        try:
            if client.get("/health/ready").status_code == 200:
                return time.monotonic() - started
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"not ready after {time.monotonic() - started:.0f} s; exit status {process.poll()}")


def predict(client: httpx.Client) -> int:
    """Every task's own example; how many there are."""
    names = [task["name"] for task in client.get("/tasks").raise_for_status().json()["items"]]
    for name in names:
        example = client.get(f"/tasks/{name}").raise_for_status().json()["example"]
        client.post("/predict", json={"task": name, **example}).raise_for_status()
    return len(names)


def train(client: httpx.Client) -> float:
    """Seconds from `POST /train` of the bundled sample to an answer of its model.

    Raises:
        RuntimeError: the run did not succeed.
    """
    started = time.monotonic()
    request = {"task": "planar", "dataset": "sample", "recipe": {"epochs": 2}}
    run = client.post("/train", json=request).raise_for_status().json()
    while run["status"] not in FINAL:
        if time.monotonic() - started > TRAIN_SECONDS:
            raise RuntimeError(f"the run is still {run['status']}")
        time.sleep(0.2)
        run = client.get(f"/runs/{run['id']}").raise_for_status().json()
    if run["status"] != "succeeded":
        raise RuntimeError(f"the run {run['status']}: {run['error']}")
    body = {"task": "planar", "point": [0.3, -1.2], "model": run["model_id"]}
    client.post("/predict", json=body).raise_for_status()
    return time.monotonic() - started


def prove(image: Image, worker: Image | None) -> str:
    """Serve from it, and train with the other, if given."""
    port = str(free_port())
    settings = {"DENSELY_PORT": port}
    python = ("python", "-m", "app.cli")
    if image.run(*python, "migrate", **settings):
        raise RuntimeError("the database could not be made")
    headers = {"Authorization": f"Bearer {KEY}"}
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, trust_env=False) as client,
        image.running(image.stage.command, settings) as process,
    ):
        told = f"ready after {until_ready(client, process):.2f} s, {predict(client)} tasks answered"
        if image.stage.health and image.run(*image.stage.health, **settings):
            raise RuntimeError("the health check says no")
        if worker is not None:
            with worker.running(worker.stage.command, settings):
                told += f", a run published and answered after {train(client):.1f} s"
    return told


def ray_head(image: Image) -> str:
    """The head of a cluster, as the compose file starts and asks it, on a port of its own.

    Raises:
        RuntimeError: it is not well in time.
    """
    service = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["ray-head"]
    port, started = str(free_port()), time.monotonic()
    words = [word.replace("6379", port) for word in service["command"]]
    asked = [word.replace("6379", port) for word in service["healthcheck"]["test"][1:]]
    with image.running([*words, "--node-ip-address=127.0.0.1"], ended=(*ENDED, 1)) as process:
        while image.run(*asked):
            if process.poll() is not None or time.monotonic() - started > READY_SECONDS:
                raise RuntimeError(f"Ray is not well; exit status {process.poll()}")
        return f"Ray's head well after {time.monotonic() - started:.0f} s"


def size(path: Path) -> str:
    """On the disk."""
    done = subprocess.run(["du", "-sm", str(path)], check=True, capture_output=True, text=True)
    return f"{int(done.stdout.split()[0]):,} MiB"


def checkout(stages: Mapping[str, Stage]) -> tuple[Stage, Stage]:
    """The stage of what `make run` installs, and one that has the code beside it, as the trainer has."""
    steps: list[Copy | Run] = [*stages["empty"].steps, Copy(None, (CHECKOUT,), "/locks/")]
    command = next(step.command for step in stages["packages-trainer"].steps[::-1] if isinstance(step, Run))
    packages = replace(
        stages["empty"],
        name="packages-checkout",
        steps=[
            *steps,
            Run(command.replace("requirements-scale.lock", CHECKOUT)),
        ],
    )
    copies: list[Copy | Run] = [
        Copy("packages-checkout", ("/opt/venv",), "/opt/venv"),
        Copy("code", ("/densely",), "/densely"),
    ]
    return packages, replace(stages["trainer"], name="checkout", steps=copies)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=["api", "trainer", "checkout"])
    names: list[str] = parser.parse_args().targets
    if reason := missing():
        raise SystemExit(reason)
    stages = read(REPOSITORY / "Dockerfile")
    stages |= {stage.name: stage for stage in checkout(stages)}
    print("| target | packages installed | venv | imports | |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="densely-images-") as folder:
        Path(folder).chmod(0o755)
        builder = Builder(stages, Path(folder))
        for name in names:
            data = Path(folder) / f"{name}-data"
            data.mkdir()
            os.chown(data, USER, USER)
            image = Image(stages[name], builder.root(name), data)
            if name == "api":
                told = prove(image, None)
            else:
                serving = replace(image.stage, command=stages["api"].command)
                told = prove(replace(image, stage=serving), image)
            if "ray" in (modules := image.modules()):
                told += f", {ray_head(image)}"
            cells = [name, f"{builder.seconds[f'packages-{name}']:.0f} s", size(image.root / "opt")]
            print(f"| {' | '.join([*cells, ', '.join(modules), told])} |", flush=True)


if __name__ == "__main__":
    main()
