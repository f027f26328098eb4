"""`POST /predict` beside an empty route, the tutorial way and two served peers, all with the bundled sentiment model.

Every server runs alone on core 0 while core 1 sends real reviews of 110 to 130 words. Each alternation starts every
server anew and measures single reviews on 16 connections, then 1,000 reviews a call, one call after the other; the
table holds medians. Two cores, `wrk` and DENSELY_DATASETS_DIR are needed. Tried on Python 3.11.
"""

import argparse
import itertools
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pyarrow.parquet as pq

from benchmarks.load import Load, send
from benchmarks.peers.environments import environment
from benchmarks.peers.servers import LOAD_CORE, Server, Side, sides
from benchmarks.service import REPOSITORY

ALTERNATIONS = 3
SECONDS = 3.0
WARM = 1.0
STRETCH = (1, 3, 9)  # times as long, for a server that has not answered once
CONNECTIONS = 16
BATCH = 1_000
CHECKED = 200  # reviews that all servers must label alike
WORDS = (110, 130)
HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}  # compressing costs only who offers it


@dataclass(frozen=True)
class Figures:
    """Of one server in one alternation."""

    rate: float  # single reviews per second
    p50: float  # milliseconds
    p99: float
    batched: float | None  # reviews per second, 1,000 in one call


def reviews() -> list[str]:
    """The reviews of IMDB that are about 120 words long."""
    table = pq.read_table(Path(os.environ["DENSELY_DATASETS_DIR"]) / "imdb.parquet", columns=["text"])
    return [text for text in table["text"].to_pylist() if WORDS[0] <= len(text.split()) <= WORDS[1]]


def labels(server: Server, texts: Sequence[str]) -> list[str]:
    """What a server answers to each review alone, and then to all of them in one call."""
    side = server.side
    assert side.label is not None
    assert side.labels is not None
    assert side.batch is not None
    with httpx.Client(base_url=server.url, headers=HEADERS, timeout=60) as client:
        alone = [client.post(side.single, json=side.body(text)).raise_for_status().json() for text in texts]
        together = client.post(side.batch, json=side.bodies(texts)).raise_for_status().json()
    return [side.label(answer) for answer in alone] + side.labels(together)


def batches(server: Server, texts: Sequence[str], seconds: float) -> float | None:
    """Reviews per second in calls of 1,000, sent one after another from the load generator's core."""
    side = server.side
    if side.batch is None:
        return None
    bodies = [json.dumps(side.bodies(part)).encode() for part in zip(*[iter(texts)] * BATCH, strict=False)]
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {LOAD_CORE})
    try:
        with httpx.Client(headers=HEADERS, timeout=60) as client:
            client.post(server.url + side.batch, content=bodies[-1]).raise_for_status()
            started = time.perf_counter()
            for calls, body in enumerate(itertools.cycle(bodies), 1):
                client.post(server.url + side.batch, content=body).raise_for_status()
                if (elapsed := time.perf_counter() - started) >= seconds:
                    return calls * BATCH / elapsed
    finally:
        os.sched_setaffinity(0, cores)
    raise AssertionError


def singles(server: Server, texts: Sequence[str], seconds: float) -> Load:
    """Single reviews on many connections; longer where not one answer came.

    Raises:
        RuntimeError: some were errors, or none came.
    """
    side = server.side
    url, bodies = server.url + side.single, [side.body(text) for text in texts]
    send(url, bodies, connections=CONNECTIONS, seconds=WARM, core=LOAD_CORE)
    for factor in STRETCH:
        # This one is answered after those that the load before it has left behind.
        httpx.post(url, json=bodies[0], timeout=60).raise_for_status()
        load = send(url, bodies, connections=CONNECTIONS, seconds=seconds * factor, core=LOAD_CORE)
        if load.errors:
            raise RuntimeError(f"{side.name}: {load.errors} errors of {load.requests} answers")
        if load.requests:
            return load
    raise RuntimeError(f"{side.name} does not answer")


def measure(side: Side, texts: Sequence[str], seconds: float) -> Figures:
    """Start a server, warm it up and put both loads on it."""
    with Server(side) as server:
        load = singles(server, texts, seconds)
        return Figures(load.rate, load.p50, load.p99, batches(server, texts, seconds))


def check(compared: Sequence[Side], texts: Sequence[str]) -> None:
    """All sides that look at the text give the same labels.

    Raises:
        ValueError: they do not.
    """
    found = {}
    for side in compared:
        if side.labels is not None:
            with Server(side) as server:
                found[side.name] = labels(server, texts)
    first, expected = next(iter(found.items()))
    for name, given in found.items():
        if given != expected:
            wrong = sum(a != b for a, b in itertools.zip_longest(given, expected))
            raise ValueError(f"{name} answers {wrong} of {len(expected)} otherwise than {first}")
    counts = f"{expected.count('positive') // 2} positive"
    print(f"the same labels on {len(texts)} reviews, {counts}: {', '.join(found)}", file=sys.stderr, flush=True)


def report(found: dict[str, list[Figures]]) -> None:
    """The table: medians of the alternations, ratios taken within each of them."""
    the_measure, _, *peers = found
    batched = {name: statistics.median(f.batched or 0 for f in figures) for name, figures in found.items()}
    best = max(peers, key=lambda name: batched[name])
    print(f"| | reviews/s, {CONNECTIONS} connections | of the empty route | p50 | p99 ", end="")
    print(f"| reviews/s, {BATCH:,} a call | of the best peer |")
    print("|---|---|---|---|---|---|---|")
    for name, figures in found.items():
        middle = [statistics.median(getattr(f, key) for f in figures) for key in ("rate", "p50", "p99")]
        ratio = ratios([f.rate for f in figures], [f.rate for f in found[the_measure]])
        cells = [name, f"{middle[0]:,.0f}", f"{ratio:.3g}", f"{middle[1]:.1f} ms", f"{middle[2]:.1f} ms"]
        if batched[name]:
            ratio = ratios([f.batched or 0 for f in figures], [f.batched or 0 for f in found[best]])
            cells += [f"{batched[name]:,.0f}", f"{ratio:.3g}"]
        print(f"| {' | '.join(cells + ['–'] * (7 - len(cells)))} |")


def ratios(these: Sequence[float], those: Sequence[float]) -> float:
    """The median of the ratios of each alternation."""
    return statistics.median(this / that for this, that in zip(these, those, strict=True))


def main() -> None:
    """Check, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--environments", type=Path, default=REPOSITORY / ".densely" / "benchmarks", metavar="FOLDER",
                        help="where the peers are installed, once (default: %(default)s)")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load (default: %(default)s)")
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # a job in the background would ignore the first
        signal.signal(number, signal.default_int_handler)
    compared = sides(environment(given.environments, "litserve"), environment(given.environments, "mlserver"))
    texts = reviews()
    check(compared, texts[:CHECKED])
    found: dict[str, list[Figures]] = {side.name: [] for side in compared}
    for _ in range(ALTERNATIONS):
        for side in compared:
            found[side.name].append(measure(side, texts, given.seconds))
            print(side.name, found[side.name][-1], file=sys.stderr, flush=True)
    report(found)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
