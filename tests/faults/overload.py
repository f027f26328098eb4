"""More than the service can do, for minutes: runs queued twice as fast as they end, and everything else besides.

Two API processes and a worker whose trainers do not really train. Part of `make faults`; tells what was asked and what
was found: answers that must not be, memory or open files that grow, and runs that were not taken in their order.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import func, select

from app.db import migrate
from app.db.engine import Database
from app.db.tables import events, runs
from app.domain.runs import FINAL, Change
from tests.faults.checks import of_log
from tests.faults.mixed import AHEAD, TIMES, Answers, Clients
from tests.faults.processes import Fleet, Member, members, settings_in, until
from tests.faults.traffic import Findings, Thread

MINUTE = 60.0  # seconds from the start in which caches fill: what grows then is no leak
# Growth that is none: bytes in all, of an allocator and of SQLite's caches, which fill for some minutes; and bytes
# with each request, or with each run that ends, half of what would be a leak.
MOST = {"api": (6 * 2**20, 512.0), "worker": (2 * 2**20, 16_384.0)}
MOST_FILES = 8  # more open at the end than at first; some belong to requests that are just being answered
START_SECONDS = 60.0  # in which the first run ends


@dataclass(frozen=True)
class Sample:
    """A process at one moment."""

    at: float  # seconds since the start
    done: int  # requests that it has answered; of a worker, runs that have ended
    memory: int  # resident, bytes
    files: int  # open file descriptors


@dataclass
class Overload:
    """What was asked, and what was found."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)  # by process
    statuses: dict[str, int] = field(default_factory=dict)  # by sort of call and status
    counts: dict[str, int] = field(default_factory=dict)
    queued: int = 0
    ended: int = 0
    predict_seconds: list[float] = field(default_factory=list)  # in order
    wrong: list[str] = field(default_factory=list)


def overload(folder: Path, seconds: float, settle: float = MINUTE) -> Overload:
    """Load a service for so long; growth is looked at from `settle` seconds on, if it lasts longer."""
    settings, log = settings_in(folder, lease=10.0), folder / "service.log"
    migrate.upgrade(settings["DENSELY_DATABASE_URL"])
    database = Database(settings["DENSELY_DATABASE_URL"])
    fleet = Fleet(list(members(settings, log, workers=1, quick=True)))
    answers = Answers(Findings())
    fleet.start()
    try:
        fleet.wait_until_ready()
        found = _load(fleet, database, answers, seconds)
    finally:
        fleet.stop()
    found.statuses, found.counts = dict(answers.statuses), answers.findings.counts
    found.predict_seconds = sorted(answers.seconds)
    found.wrong = [
        *answers.findings.wrong,
        *fleet.unexplained,
        *of_growth(found.samples, settle),
        *of_order(*_order(database)),
        *_of_load(found),
        *of_log(log.read_text(errors="replace")),
    ]
    database.close()
    return found


def _load(fleet: Fleet, database: Database, answers: Answers, seconds: float) -> Overload:
    """All clients for so long, and until a run has ended; a look at every process each second."""
    found = Overload(samples={member.name: [] for member in fleet.members})
    clients = Clients(fleet.of("api"), answers, lambda: found.ended)
    threads = [Thread(answers.findings, step) for step in clients.steps()]
    began, due = time.monotonic(), 0.0
    for passed in until(seconds + START_SECONDS, 0.1):
        found.ended = _ended(database)
        if found.ended and passed >= seconds:
            break
        if passed >= due:
            due += 1.0
            for member in fleet.members:
                done = found.ended if member.name.startswith("worker") else answers.of_member[member.name]
                found.samples[member.name].append(_look(member, time.monotonic() - began, done))
    for thread in threads:
        thread.stop()
    clients.close()
    found.queued = len(clients.queued)
    return found


def _look(member: Member, at: float, done: int) -> Sample:
    process = member.process
    assert isinstance(process, psutil.Popen)
    return Sample(at, done, process.memory_info().rss, process.num_fds())


def _ended(database: Database) -> int:
    with database.read() as tx:
        number: int = tx.execute(select(func.count()).where(runs.c.status.in_(sorted(FINAL)))).scalar_one()
    return number


def growth(samples: Sequence[Sample]) -> tuple[float, float]:
    """Of memory: bytes for each request or run, the slope of the line through all samples; and bytes in all."""
    line = statistics.linear_regression([each.done for each in samples], [each.memory for each in samples])
    return line.slope, line.slope * (samples[-1].done - samples[0].done)


def of_growth(samples: dict[str, list[Sample]], settle: float) -> Iterator[str]:
    """Memory and open files of every process are flat from `settle` seconds on."""
    for name, all_of_it in samples.items():
        later = [each for each in all_of_it if each.at >= settle]
        if len(later) < 20 or later[0].done == later[-1].done:
            continue
        steps = later[-1].done - later[0].done
        slope, grown = growth(later)
        some, each = MOST[name.split()[0]]
        if grown > some + each * steps:
            yield f"{name} has grown by {grown / 2**20:.1f} MiB, {slope:.0f} bytes with each of {steps}"
        part = len(later) // 4
        before, after = (max(each.files for each in some) for some in (later[:part], later[-part:]))
        if after > before + MOST_FILES:
            yield f"{name} had up to {before} files open, and at the end {after}"


def _order(database: Database) -> tuple[list[str], list[str]]:
    """Ids of all runs as they were created, and as they were claimed."""
    with database.read() as tx:
        created = list(tx.execute(select(runs.c.id).order_by(runs.c.number)).scalars())
        told = tx.execute(select(events).where(events.c.type == "status").order_by(events.c.id)).all()
    return created, [row.run_id for row in told if row.data.get("change") == Change.CLAIMED]


def of_order(created: list[str], claimed: list[str]) -> Iterator[str]:
    """Runs are taken one after the other as they were created: nobody overtakes, and nobody is taken twice."""
    for number, (first, second) in enumerate(zip(created, claimed, strict=False), 1):
        if first != second:
            yield f"the {number}th run to be claimed was {second}; it was the turn of {first}"
            return
    if len(claimed) > len(created):
        yield f"{len(claimed)} claims of {len(created)} runs"


def _of_load(found: Overload) -> Iterator[str]:
    """It was as much as it was meant to be."""
    if not found.ended:
        yield "no run ended"
    elif found.queued + AHEAD < TIMES * found.ended:
        yield f"only {found.queued} runs were queued while {found.ended} ended"


def main() -> int:
    """Exit status 1 if something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--settle", type=float, default=MINUTE, help="seconds after which nothing may grow")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="densely-overload-"))
    found = overload(folder, asked.seconds, asked.settle)
    sys.stdout.write("\n".join(_told(found, asked.seconds, asked.settle)) + "\n")
    if found.wrong:
        sys.stdout.write(f"  kept for a closer look: {folder}\n")
    else:
        shutil.rmtree(folder)
    return int(bool(found.wrong))


def _told(found: Overload, seconds: float, settle: float) -> Iterator[str]:
    took = found.predict_seconds or [0.0]
    median, most, longest = took[len(took) // 2], took[len(took) * 99 // 100], took[-1]
    yield f"overload for {seconds:g} s: {found.queued} runs queued, {found.ended} ended"
    yield f"  answers: {', '.join(f'{name}: {number}' for name, number in sorted(found.statuses.items()))}"
    yield f"  besides: {', '.join(f'{name} {number}' for name, number in sorted(found.counts.items())) or 'nothing'}"
    yield f"  /predict: median {median:.3f} s, of 99 in 100 at most {most:.3f} s, the longest {longest:.3f} s"
    for name, samples in found.samples.items():
        later = [each for each in samples if each.at >= settle]
        if len(later) > 1 and later[-1].done > later[0].done:
            slope, grown = growth(later)
            each_minute = [f"{each.memory / 2**20:.1f}" for each in (*samples[:: round(MINUTE)], samples[-1])]
            files = [each.files for each in later]
            yield (
                f"  {name}: MiB at each minute: {', '.join(each_minute)}; from {settle:g} s on {slope:.0f} bytes with "
                f"each of {later[-1].done - later[0].done}, {grown / 2**20:.2f} MiB in all; "
                f"{min(files)} to {max(files)} files open"
            )
    yield f"  wrong: {len(found.wrong)}"
    yield from (f"    {each}" for each in found.wrong[:50])


if __name__ == "__main__":
    sys.exit(main())
