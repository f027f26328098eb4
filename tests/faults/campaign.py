"""A service under a schedule of faults, from its start to the judgement."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import func, select

from app.db import migrate
from app.db.engine import Database
from app.db.tables import runs, totals
from app.db.totals import LEASES_LOST
from app.domain.runs import RunStatus
from tests.faults import checks
from tests.faults.moments import Watch
from tests.faults.processes import START_SECONDS, Fleet, Member, members, settings_in, until
from tests.faults.schedule import KINDS, LONGEST_HELD, MOMENTS, TARGETS, Fault, Kind, Moment, Target, schedule
from tests.faults.traffic import Caller, Findings, Prober, Reader, Runs, Thread
from tests.support.receiver import Receiver
from tests.support.tasks import TASKS

SIGNALS = {"kill": signal.SIGKILL, "terminate": signal.SIGTERM, "stop": signal.SIGSTOP}
REQUESTS: list[dict[str, Any]] = [
    {"task": "planar", "dataset": "sample", "recipe": {"epochs": 3}},
    {"task": "planar", "dataset": "sample", "recipe": {"epochs": 20}, "activate": "always"},
    {"task": "housing", "dataset": "sample", "recipe": {"epochs": 4}, "activate": "always"},
    {"task": "housing", "dataset": "sample", "recipe": {"epochs": 5}, "validation": {"kind": "kfold", "folds": 3}},
    # Longer than a lease: whoever loses it while its trainer lives has a successor beside it.
    {"task": "planar", "dataset": "sample", "recipe": {"epochs": 120}},
]
# A minute, with trainers that do not train; the real ones are too fast for such a thing.
ENDLESS: dict[str, Any] = {"task": "planar", "dataset": "sample", "recipe": {"epochs": 2_000}}
PREDICTED = ("digits", "housing", "planar")
END_SECONDS = 240.0  # in which all runs end once the faults have


@dataclass(frozen=True)
class Plan:
    """What is done to which service. Times in seconds."""

    folder: Path
    url: str  # of the database; empty: SQLite
    seed: int
    faults: int
    quick: bool  # whether trainers do not really train
    lease: float = 1.6
    pause: float = 0.4  # mean time between two faults
    patience: float = 3.0  # for what a fault waits for
    waiting: int = 4  # runs that have not ended, at any time
    kinds: tuple[Kind, ...] = KINDS
    targets: tuple[Target, ...] = tuple(TARGETS)
    moments: tuple[Moment, ...] = MOMENTS
    held: float = LONGEST_HELD  # leases that a stop may last


@dataclass
class Report:
    """What was done, and what was found."""

    faults: Counter[str] = field(default_factory=Counter)  # by kind and target
    moments: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)  # of runs
    counts: dict[str, int] = field(default_factory=dict)  # of what clients did, and of what crashes left
    attempts: int = 0
    repeated: int = 0  # runs that took more than one
    slowest: float = 0.0  # answer of /predict
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def carry_out(plan: Plan) -> Report:
    """Start the service, harm it, let it come to rest, and judge."""
    receiver = Receiver(statuses=[204, 500, 204] * 50)
    try:
        return _Campaign(plan, receiver).carry_out()
    finally:
        receiver.close()


class _Campaign:
    def __init__(self, plan: Plan, receiver: Receiver) -> None:
        self._plan = plan
        self._receiver = receiver
        self._settings = settings_in(plan.folder, plan.lease, plan.url)
        self._models = Path(self._settings["DENSELY_MODELS_DIR"])
        self._database = Database(self._settings["DENSELY_DATABASE_URL"])
        self._log = plan.folder / "service.log"
        self._fleet = Fleet(list(members(self._settings, self._log, workers=2, quick=plan.quick)))
        self._findings = Findings()
        self._report = Report()
        self._held: list[tuple[float, Member | psutil.Process, psutil.Process]] = []  # until when, and who

    def carry_out(self) -> Report:
        began = time.monotonic()
        migrate.upgrade(self._settings["DENSELY_DATABASE_URL"])
        self._fleet.start()
        try:
            self._fleet.wait_until_ready()
            self._harm()
        finally:
            self._wake(everybody=True)
            self._fleet.stop()
        self._judge()
        self._database.close()
        self._report.seconds = time.monotonic() - began
        return self._report

    def _harm(self) -> None:
        """All faults, while clients go on; then the rest that the service needs."""
        caller = Caller(self._fleet, self._findings)
        requests = [*REQUESTS, *({**request, "webhook": self._receiver.url} for request in REQUESTS)]
        endless = ENDLESS if self._plan.quick else None
        self.asked = Runs(caller, self._plan.seed, requests, endless, self._plan.waiting)
        self._reader = Reader(self._fleet, self._findings)
        bodies = [{"task": name, **TASKS.get(name).example} for name in PREDICTED]
        told: dict[Any, Any] = {}
        probers = [Prober(member, self._findings, bodies, told) for member in self._fleet.of("api")]
        asking = Thread(self._findings, self._ask)
        others = [Thread(self._findings, step) for step in (self._reader.step, *(prober.step for prober in probers))]
        plan = self._plan
        for fault in schedule(
            plan.seed, plan.faults, plan.lease, plan.pause, plan.kinds, plan.targets, plan.moments, plan.held
        ):
            self._spare(fault)
            self._wait_for(fault)
            self._inject(fault)
        asking.stop()
        self.asked.cancel_rest()
        self._rest()
        for thread in others:
            thread.stop()
        caller.close()
        for prober in probers:
            prober.close()
        self._report.slowest = max(prober.slowest for prober in probers)

    def _ask(self) -> None:
        time.sleep(0.1)
        self.asked.step(self._open_runs())

    def _open_runs(self) -> int:
        with self._database.read() as tx:
            query = select(func.count()).where(runs.c.status.in_([RunStatus.QUEUED, RunStatus.RUNNING]))
            number: int = tx.execute(query).scalar_one()
        return number

    def _spare(self, fault: Fault) -> None:
        """Of API processes one is harmed when another answers: they would never come up, where starting takes long."""
        apis = self._fleet.of("api")
        other = apis[1 - fault.which % 2]
        for _ in until(START_SECONDS if fault.target == "api" else 0):
            self._wake()
            if other.free and other.answered == other.starts:
                break

    def _wait_for(self, fault: Fault) -> None:
        """Its moment, if that comes in time, and its pause."""
        watch = Watch(fault.moment, self._database, self._models)
        seen = fault.moment == "pause"
        for _ in until(0 if seen else self._plan.patience, 0.004):
            self._wake()
            if seen := watch.has_come():
                break
        self._report.moments[fault.moment if seen else f"{fault.moment}, not met"] += 1
        for _ in until(fault.pause, 0.004):
            self._wake()

    def _wake(self, *, everybody: bool = False) -> None:
        """Let those go on who were stopped for long enough."""
        now = time.monotonic()
        due = [each for each in self._held if everybody or each[0] <= now]
        self._held = [each for each in self._held if each not in due]
        for _, who, process in due:
            with self._fleet.lock, suppress(psutil.NoSuchProcess):
                if not isinstance(who, Member):
                    process.resume()
                elif who.process is process:
                    who.send(signal.SIGCONT)

    def _inject(self, fault: Fault) -> None:
        number = SIGNALS[fault.kind]
        with self._fleet.lock:
            victims = list(self._victims(fault))
            for victim in victims:
                process = victim.process if isinstance(victim, Member) else victim
                assert process is not None
                if isinstance(victim, Member):
                    victim.send(number)
                else:
                    with suppress(psutil.NoSuchProcess):
                        process.send_signal(number)
                if fault.kind == "stop":
                    self._held.append((time.monotonic() + fault.held, victim, process))
        self._report.faults[f"{fault.kind} {fault.target}" if victims else "nobody there"] += 1

    def _victims(self, fault: Fault) -> Iterator[Member | psutil.Process]:
        """The eldest trainer of a worker is the one at work, if one is."""
        workers, apis = self._fleet.of("worker"), self._fleet.of("api")
        if fault.target == "all":
            yield from (trainer for worker in workers for trainer in worker.trainers())
            yield from (*workers, *apis)
        elif fault.target == "trainer":
            first = workers[fault.which % 2]
            for worker in (first, workers[1 - fault.which % 2]):
                if found := worker.trainers():
                    yield found[0]
                    return
        else:
            yield (workers if fault.target == "worker" else apis)[fault.which % 2]

    def _rest(self) -> None:
        """Until every run has ended and its events have been read."""
        for _ in until(END_SECONDS, 0.05):
            self._wake()
            if not self._held and not self._open_runs():
                break
        for _ in until(20, 0.05):
            if not list(checks.of_events(self._database, self._reader.ids)):
                break

    def _judge(self) -> None:
        report, counts = self._report, self._findings.counts
        delivered = {message_id.removeprefix("msg_") for message_id in self._delivered()}
        report.wrong = [
            *self._findings.wrong,
            *self._fleet.unexplained,
            *checks.of_runs(self._database, self.asked),
            *checks.of_events(self._database, self._reader.ids),
            *checks.of_webhooks(self._database, delivered),
            *checks.of_files(self._database, self._settings, counts),
            *checks.of_log(self._log.read_text(errors="replace")),
        ]
        report.counts = {**counts, "webhooks taken": len(delivered)}
        with self._database.read() as tx:
            lost = select(func.sum(totals.c.value)).where(totals.c.name == LEASES_LOST)
            report.counts["leases lost"] = int(tx.execute(lost).scalar_one() or 0)
            for row in tx.execute(select(runs)):
                report.statuses[row.status] += 1
                report.attempts += row.attempt
                report.repeated += row.attempt > 1

    def _delivered(self) -> Iterator[str]:
        for headers in self._receiver.accepted:
            yield {name.lower(): value for name, value in headers.items()}["webhook-id"]
