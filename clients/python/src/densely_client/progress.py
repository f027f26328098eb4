"""A run's progress in a terminal or notebook."""

import sys
from typing import Any, Protocol, TextIO

from typing_extensions import Self

from densely_client.events import Event
from densely_client.forms.sweeps import SweepData

PLACES = 30  # width of the bar


class Display(Protocol):
    """Shows what happens to a run while it is open."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, event: Event) -> None:
        """Take an event in."""


class SweepDisplay(Protocol):
    """Shows where a sweep stands while it is open."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, sweep: SweepData) -> None:
        """Take in where it stands."""


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, told: object) -> None:
        """Nothing."""


class Line:
    """A line with how far something is, written anew in its place.

    Where that is no terminal, only its last state is written.
    """

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name = name
        self._stream = stream
        self._fraction = 0.0
        self._state = "queued"
        self._figures = ""
        self._width = 0  # of the line that is shown

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.write(("" if self._stream.isatty() else self._line()) + "\n")
        self._stream.flush()

    def _line(self) -> str:
        full = round(self._fraction * PLACES)
        bar = "━" * full + " " * (PLACES - full)
        return f"{self._name} {bar} {self._fraction:4.0%} {self._state} {self._figures}".rstrip()

    def _draw(self) -> None:
        if self._stream.isatty():
            line = self._line()
            self._stream.write("\r" + line.ljust(self._width))  # over what was longer
            self._stream.flush()
            self._width = len(line)


class Bar(Line):
    """The epoch of a run, its figures and the time left."""

    def show(self, event: Event) -> None:
        """Move the bar."""
        if event.type == "progress":
            self._fraction = event.data.get("fraction") or 0.0
            left = time_left(event.data.get("eta_seconds"))
            phase = event.data.get("phase") or "training"
            epoch = f"epoch {event.data.get('epoch')}/{event.data.get('epochs')} {left}".strip()
            self._state = epoch if phase == "training" else phase
        elif event.type == "epoch":
            self._figures = figures(event.data)
        elif event.type == "status":
            self._state = str(event.data.get("status"))
            self._fraction = 1.0 if self._state == "succeeded" else self._fraction
        self._draw()


class SweepBar(Line):
    """How many trials of a sweep have ended, the best figure, and the time left."""

    def show(self, sweep: SweepData) -> None:
        """Move the bar."""
        told = sweep.progress
        self._fraction = 1.0 if sweep.status == "succeeded" else told.fraction
        left = time_left(told.eta_seconds) if sweep.status == "running" else ""
        self._state = f"{sweep.status}, trial {told.ended}/{told.trials} {left}".strip()
        best = sweep.outcome
        self._figures = f"best {sweep.plan.metric} {best.value:.4g}" if best else ""
        self._draw()


def figures(row: dict[str, Any]) -> str:
    """The figures of an epoch, in short."""
    kept = {k: v for k, v in row.items() if isinstance(v, float) and k != "seconds"}
    return " ".join(f"{name} {value:.4g}" for name, value in kept.items())


def time_left(seconds: float | None) -> str:
    """`42 s left`, `3 min left`; empty if nobody knows."""
    if seconds is None:
        return ""
    return f"{seconds:.0f} s left" if seconds < 100 else f"{seconds / 60:.0f} min left"


def display(run_id: str, *, progress: bool) -> Display:
    """The bar on standard error, or nothing."""
    return Bar(run_id, sys.stderr) if progress else Silent()


def display_of_sweep(sweep_id: str, *, progress: bool) -> SweepDisplay:
    """The same for a sweep."""
    return SweepBar(sweep_id, sys.stderr) if progress else Silent()
