"""Following a run: a live table in a terminal, a line an epoch elsewhere, JSON Lines for scripts."""

import sys
import time
from collections import deque
from typing import Any, Protocol

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from app.cli.codes import INTERRUPTED, UNREACHABLE
from app.cli.frame import fail
from app.cli.output import as_json, console, line, sparkline, table
from densely_client import Event, Run, ServiceUnreachable
from densely_client.progress import figures, time_left

ROWS = 10  # epochs shown
EVERY = 0.5  # seconds between two epochs that are told where there is no terminal
PLACES = 40  # width of the curves and the bar


class Watcher(Protocol):
    """Takes events in as they come."""

    def take(self, event: Event) -> None:
        """One more."""


class Board:
    """The last epochs, a curve of each figure and the time left; drawn anew by rich."""

    def __init__(self, run: Run) -> None:
        self._title = f"{run.id}  {run.task}  {run.data.preset} on {run.data.dataset}"
        self._status = str(run.status)
        self._rows: deque[dict[str, Any]] = deque(maxlen=ROWS)
        self._curves: dict[str, list[float]] = {}
        self._progress: dict[str, Any] = {}
        self._log = ""

    def take(self, event: Event) -> None:
        """One more event."""
        if event.type == "status":
            self._status = event.data["status"]
        elif event.type == "progress":
            self._progress = event.data
        elif event.type == "log":
            self._log = event.data.get("message", "")
        elif event.type == "epoch":
            if event.data["epoch"] == 1:  # another fold or seed: its curve starts anew
                self._curves = {}
            self._rows.append(event.data)
            for name, value in event.data.items():
                if isinstance(value, float) and name != "seconds":
                    self._curves.setdefault(name, []).append(value)

    def __rich__(self) -> Group:
        """What is on the screen."""
        parts: list[Any] = [Text(f"{self._title}  {self._status}", style="bold")]
        if self._rows:
            fits = [name for name in ("fold", "seed") if self._rows[-1].get(name) is not None]
            names = [*fits, "epoch", *self._curves, "seconds"]
            parts.append(table(names, [[_cell(row.get(name)) for name in names] for row in self._rows]))
        parts += [Text(f"{name:>14} {sparkline(values, PLACES)}") for name, values in self._curves.items()]
        if self._progress:
            fraction = self._progress.get("fraction") or 0.0
            parts.append(ProgressBar(total=1.0, completed=fraction, width=PLACES + 15))
            left = time_left(self._progress.get("eta_seconds"))
            parts.append(Text("  ".join(filter(None, (f"{fraction:.0%}", self._progress.get("phase"), left)))))
        if self._log:
            parts.append(Text(self._log, style="dim"))
        return Group(*parts)


class Lines:
    """A line for a change, and for an epoch now and then."""

    def __init__(self) -> None:
        self._told = 0.0
        self._held: Event | None = None

    def take(self, event: Event) -> None:
        """One more event."""
        if event.type == "epoch":
            self._held = event
            if time.monotonic() - self._told < EVERY:
                return
        if self._held is not None:
            line(f"epoch {self._held.data['epoch']}: {figures(self._held.data)}")
            self._held, self._told = None, time.monotonic()
        if event.type in ("status", "log"):
            line(str(event.data.get("status") or event.data.get("message")))


class Script:
    """A line of JSON for each event."""

    def take(self, event: Event) -> None:
        """One more event."""
        as_json(event)


def watch(run: Run, *, as_text: bool) -> None:
    """Follow the run to its end; afterwards `run` says how it ended.

    Raises:
        typer.Exit: Ctrl-C, or a service that stays away. The run goes on.
    """
    try:
        if sys.stdout.isatty() and not as_text:
            board = Board(run)
            with Live(board, console=console(), refresh_per_second=8):
                _follow(run, board)
        else:
            _follow(run, Script() if as_text else Lines())
        run.refresh(patient=True)
    except KeyboardInterrupt as error:
        raise fail(f"{_goes_on(run)}, end it with `densely runs cancel {run.id}`", INTERRUPTED) from error
    except ServiceUnreachable as error:
        raise fail(f"{error.message}. {_goes_on(run)}", UNREACHABLE) from error


def _goes_on(run: Run) -> str:
    return f"run {run.id} goes on; look with `densely runs show {run.id}`"


def _follow(run: Run, watcher: Watcher) -> None:
    for event in run.events():
        watcher.take(event)


def _cell(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value
