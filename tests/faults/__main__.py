"""`make faults`: faults by the hundred in real processes; tells what was done and what was found."""

import argparse
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.db import migrate
from app.db.engine import Database
from tests.faults import writers
from tests.faults.campaign import Plan, Report, carry_out
from tests.faults.schedule import KINDS, LONGEST_HELD, MOMENTS, TARGETS
from tests.support import postgres


def main() -> int:
    """One campaign; exit status 1 if something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=300, help="with trainers that do not really train")
    parser.add_argument("--real", type=int, default=0, help="faults with real trainers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, action="append", help="only such faults; may be given again")
    parser.add_argument("--target", choices=list(TARGETS), action="append", help="only of such processes; the same")
    parser.add_argument("--moment", choices=MOMENTS, action="append", help="only then; the same")
    parser.add_argument(
        "--pause", type=float, default=0.4, help="mean seconds between two faults that wait for nothing"
    )
    parser.add_argument("--held", type=float, default=LONGEST_HELD, help="leases that a stop may last")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--writing", type=float, default=0.0, help="instead: seconds for which processes only write")
    asked = parser.parse_args()
    if asked.writing:
        return _writers(asked.database, asked.writing)
    drawn = {
        "seed": asked.seed,
        "kinds": asked.kind or KINDS,
        "targets": asked.target or tuple(TARGETS),
        "moments": asked.moment or MOMENTS,
        "pause": asked.pause,
        "held": asked.held,
    }
    reports = [
        _one(asked.database, number, drawn, quick=quick)
        for quick, number in ((True, asked.faults), (False, asked.real))
        if number
    ]
    return int(any(report.wrong for report in reports))


def _one(database: str, faults: int, drawn: dict[str, Any], *, quick: bool) -> Report:
    folder = Path(tempfile.mkdtemp(prefix="densely-faults-"))
    with ExitStack() as stack:
        url = _url(database, stack)
        plan = Plan(folder, url, faults=faults, quick=quick, **drawn)
        if not quick:  # trainers that import TensorFlow take longer to come back
            plan = replace(plan, lease=2.0, pause=3.0, patience=20.0)
        report = carry_out(plan)
    trainers = "trainers that do not train" if quick else "real trainers"
    _tell(f"{database}, {trainers}, seed {drawn['seed']}", report)
    if report.wrong:
        sys.stdout.write(f"  kept for a closer look: {folder}\n")
    else:
        shutil.rmtree(folder)
    return report


def _url(database: str, stack: ExitStack) -> str:
    """Of an empty database that lasts as long as the stack; none for SQLite."""
    if database == "sqlite":
        return ""
    if reason := postgres.missing():
        sys.exit(reason)
    return stack.enter_context(postgres.running()).new_database()


def _writers(database: str, seconds: float) -> int:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = _url(database, stack) or f"sqlite:///{folder}/densely.db"
        migrate.upgrade(url)
        opened = Database(url)
        written = writers.write(opened, seconds=seconds)
        opened.close()
    refused = [each for process in written for each in process.refused]
    sys.stdout.write(
        f"{database}, {writers.PROCESSES} processes writing for {seconds:g} s: "
        f"{sum(process.transactions for process in written)} transactions, the longest took "
        f"{max(process.longest for process in written):.2f} s; refused: {len(refused)}\n"
    )
    return int(bool(refused))


def _tell(title: str, report: Report) -> None:
    lines = [
        f"{title}: {report.faults.total()} faults in {report.seconds:.0f} s",
        f"  faults: {_counts(report.faults)}",
        f"  when: {_counts(report.moments)}",
        f"  runs: {_counts(report.statuses)}; {report.attempts} attempts",
        f"  besides: {_counts(report.counts)}; slowest /predict {report.slowest:.2f} s",
        f"  wrong: {len(report.wrong)}",
        *(f"    {each}" for each in report.wrong),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counted.items())) or "none"


if __name__ == "__main__":
    sys.exit(main())
