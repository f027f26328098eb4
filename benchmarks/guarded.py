"""`POST /predict` with keys, limits and CORS beside one without: the rate, and the time of the process for an answer.

Two services stand side by side, each with its API process on core 0, and are asked in turn with 16 connections; every
round gives a ratio, of which the median is told with the least and the greatest. Metrics are counted on all sides, as
they cannot be turned off. Needs what `benchmarks.serving` needs. `python -m benchmarks.guarded [rounds]`.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import send
from benchmarks.service import REPOSITORY, Service
from benchmarks.serving import CLIENT_CORE, api_of, bodies, densely

ROUNDS = 5
SECONDS = 2.0
CONNECTIONS = 16
TASKS = ("housing", "sentiment")  # the shortest answer and the longest
ORIGIN = "https://app.example.org"
# More than is sent, of an hour: what a limit costs is asked, not what a refusal does.
RATE, GUARDS = "100000000/h", {"DENSELY_RATE_PER_ADDRESS": "100000000/h", "DENSELY_CORS_ORIGINS": ORIGIN}


@dataclass(frozen=True)
class Side:
    """How a service is asked."""

    name: str
    service: Service
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Figures:
    """Of one round."""

    rate: float  # answers per second
    cost: float  # microseconds of the API process for an answer


def main() -> None:
    """Every side, task by task."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    given = bodies()
    print(
        "| task | asked | rate | without | ratio (least to most) | process's time | without | ratio |\n"
        + "|---" * 8
        + "|"
    )
    with densely() as plain, densely(**GUARDS) as guarded:
        asked = sides(plain, guarded)
        for task in TASKS:
            compare(task, given[task], asked, rounds)


def sides(plain: Service, guarded: Service) -> list[Side]:
    """Without anything; and with everything, by a program and by a page."""
    of_all, of_one = (key_of(guarded, *words) for words in ((), ("--task", "sentiment", "--task", "housing")))
    key = {"Authorization": f"Bearer {of_all}"}
    return [
        Side("without", plain, {}),
        Side("with a key", guarded, key),
        Side("with a key for some tasks", guarded, {"Authorization": f"Bearer {of_one}"}),
        Side("with a key, from a page", guarded, {**key, "Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}),
    ]


def key_of(service: Service, *words: str) -> str:
    """The secret of a new key with a rate, which the service knows already."""
    home = {"DENSELY_HOME": str(service.folder / "home"), "DENSELY_MODELS_DIR": str(service.folder / "models")}
    command = ["keys", "create", "--name", "some" if words else "all", "--rate", RATE, *words, "--json"]
    secret: str = json.loads(output_of(command, home))["secret"]
    while service.client.get("/tasks", headers={"X-API-Key": secret}).status_code != 200:
        pass
    return secret


def output_of(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """What the command line says."""
    command = ["env", *(f"{name}={value}" for name, value in environment.items()), sys.executable, "-m", "app.cli"]
    return subprocess.run([*command, *words], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True).stdout


def compare(task: str, sent: list[dict[str, Any]], asked: Sequence[Side], rounds: int) -> None:
    """A row for every side but the first, which the others are compared with."""
    found: list[list[Figures]] = [[] for _ in asked]
    for _ in range(rounds):
        for side, figures in zip(asked, found, strict=True):
            figures.append(measure(side, sent))
    for side, figures in zip(asked[1:], found[1:], strict=True):
        cells = [task, side.name]
        for name, unit in (("rate", "/s"), ("cost", " µs")):
            here, there = ([getattr(each, name) for each in every] for every in (figures, found[0]))
            ratios = [one / other for one, other in zip(here, there, strict=True)]
            cells += [f"{statistics.median(each):,.{0 if name == 'rate' else 1}f}{unit}" for each in (here, there)]
            cells.append(f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
        print(f"| {' | '.join(cells)} |", flush=True)


def measure(side: Side, sent: list[dict[str, Any]]) -> Figures:
    """One round of one side.

    Raises:
        RuntimeError: an answer was not 200.
    """
    pid = api_of(side.service).pid
    before = nanoseconds_of(pid)
    url = f"{side.service.url}/predict"
    load = send(url, sent, connections=CONNECTIONS, seconds=SECONDS, core=CLIENT_CORE, headers=side.headers)
    if load.errors:
        raise RuntimeError(f"{side.name}: {load}")
    return Figures(load.rate, (nanoseconds_of(pid) - before) / 1e3 / load.requests)


def nanoseconds_of(pid: int) -> int:
    """That a process has been on a core, all its threads together."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat"))


if __name__ == "__main__":
    main()
