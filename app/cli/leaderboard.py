"""Following a sweep: a live leaderboard in a terminal, lines of what is better elsewhere, JSON Lines for scripts."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from app.cli.codes import INTERRUPTED, UNREACHABLE
from app.cli.frame import fail
from app.cli.output import as_json, console, line, sparkline, table
from densely_client import ServiceUnreachable, Sweep
from densely_client.forms import SweepData, TrialRow
from densely_client.progress import time_left

ROWS = 10  # trials shown
EVERY = 1.0  # seconds between two looks
PLACES = 40  # width of the curve and of the bar
LETTERS = 22  # of a value in a cell
FIELDS = 6  # of the space, in columns; where there are more, the most important

Show = Callable[[SweepData], None]


class Board:
    """The best trials, the course of the best figure, what is important, and the time left; drawn anew by rich."""

    def __init__(self, sweep: SweepData) -> None:
        self.sweep = sweep

    def __rich__(self) -> Group:
        """What is on the screen."""
        sweep = self.sweep
        parts: list[Any] = [Text(f"{sweep.id}  {sweep.name or ''}  {sweep.task}  {state(sweep)}", style="bold")]
        if sweep.leaderboard:
            parts.append(table(*leaderboard(sweep, ROWS)))
        if sweep.best:
            values = [each.value for each in sweep.best]
            parts.append(Text(f"best so far {sparkline(values, PLACES)} {values[-1]:.4g}"))
        if sweep.importance:
            parts.append(Text(importance(sweep)))
        parts.append(ProgressBar(total=1.0, completed=sweep.progress.fraction, width=PLACES + 15))
        parts.append(Text(counts(sweep), style="dim"))
        return Group(*parts)


class Lines:
    """A line for each trial that is better than all before, and one for each change of state."""

    def __init__(self) -> None:
        self._told = 0
        self._state = ""

    def __call__(self, sweep: SweepData) -> None:
        """Where it stands."""
        known = {row.number: row for row in sweep.leaderboard}
        for best in sweep.best[self._told :]:
            row = known.get(best.number)
            line(f"trial {best.number}: {sweep.plan.metric} {best.value:.4g}  {parameters(row)}".rstrip())
        self._told = len(sweep.best)
        if (now := state(sweep)) != self._state:
            self._state = now
            line(now)


def watch(sweep: Sweep, *, as_text: bool) -> None:
    """Follow the sweep to its end; afterwards `sweep` says how it ended.

    Raises:
        typer.Exit: Ctrl-C, or a service that stays away. The sweep goes on.
    """
    try:
        if sys.stdout.isatty() and not as_text:
            board = Board(sweep.data)

            def show(data: SweepData) -> None:
                board.sweep = data

            with Live(board, console=console(), refresh_per_second=4):
                _follow(sweep, show)
        else:
            _follow(sweep, _script() if as_text else Lines())
    except KeyboardInterrupt as error:
        raise fail(f"{_goes_on(sweep)}, end it with `densely sweeps cancel {sweep.id}`", INTERRUPTED) from error
    except ServiceUnreachable as error:
        raise fail(f"{error.message}. {_goes_on(sweep)}", UNREACHABLE) from error


def leaderboard(sweep: SweepData, most: int) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of a table: the first trials of the leaderboard with their parameters."""
    fields = list(sweep.plan.space)
    if len(fields) > FIELDS:
        ranked = [each.field for each in sweep.importance] or fields
        fields = [field for field in fields if field in ranked[:FIELDS]]
    rows = [
        [row.number, _figure(row.value), _fate(row), *(value(row, field) for field in fields), row.epochs]
        for row in sweep.leaderboard[:most]
    ]
    return ["trial", sweep.plan.metric, "", *fields, "epochs"], rows


def value(row: TrialRow, field: str) -> str | None:
    """Of a field in a trial, in few letters; None where it has it not."""
    if field not in row.parameters:
        return None
    found = row.parameters[field]
    told = f"{found:.4g}" if isinstance(found, float) else found if isinstance(found, str) else json.dumps(found)
    return told if len(told) <= LETTERS else told[: LETTERS - 1] + "…"


def parameters(row: TrialRow | None) -> str:
    """All that a trial has of the space."""
    return " ".join(f"{field}={value(row, field)}" for field in row.parameters) if row else ""


def state(sweep: SweepData) -> str:
    """What it does, in a word or two."""
    outcome = sweep.outcome
    if sweep.status != "running":
        return str(sweep.status)
    if sweep.cancel_requested_at:
        return "is about to end"
    return "trains the winner on all rows" if outcome and outcome.final_run else "running"


def counts(sweep: SweepData) -> str:
    """How many trials of what fate."""
    told = sweep.progress
    parts = [f"{told.ended} of {told.trials} trials"]
    for number, word in (
        (told.going, "going"),
        (told.waiting, "waiting"),
        (told.pruned, "stopped early"),
        (told.failed, "failed"),
        (told.skipped, "combinations skipped"),
    ):
        if number:
            parts.append(f"{number} {word}")
    left = time_left(told.eta_seconds) if sweep.status == "running" else ""
    return ", ".join([*parts, *([left] if left else [])])


def importance(sweep: SweepData) -> str:
    """The fields that make the difference, most first."""
    return "importance  " + ", ".join(f"{each.field} {each.share:.0%}" for each in sweep.importance[:FIELDS])


def _follow(sweep: Sweep, show: Show) -> None:
    while True:
        sweep.refresh(patient=True)
        show(sweep.data)
        if sweep.is_over:
            return
        time.sleep(EVERY)


def _script() -> Show:
    """A line of JSON for each change."""
    last: list[Any] = [None]

    def show(sweep: SweepData) -> None:
        told: dict[str, Any] = {
            "status": sweep.status,
            "progress": sweep.progress.model_dump(mode="json", exclude={"eta_seconds"}),
        }
        told["best"] = sweep.best[-1].model_dump(mode="json") if sweep.best else None
        if told != last[0]:
            last[0] = told
            as_json({"sweep": sweep.id, **told})

    return show


def _fate(row: TrialRow) -> str:
    if row.pruned:
        return "stopped early"
    if row.status == "succeeded":
        return ""
    return row.error.type if row.status == "failed" and row.error else str(row.status)


def _figure(number: float | None) -> str | None:
    return None if number is None else f"{number:.4g}"


def _goes_on(sweep: Sweep) -> str:
    return f"sweep {sweep.id} goes on; look with `densely sweeps show {sweep.id}`"
