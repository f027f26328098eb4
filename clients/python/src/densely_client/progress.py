"""A run's progress in a terminal or notebook."""

import sys
from typing import Any, Protocol, TextIO

from typing_extensions import Self

from densely_client.events import Event

PLACES = 30  # width of the bar


class Display(Protocol):
    """Shows what happens to a run while it is open."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, event: Event) -> None:
        """Take an event in."""


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event) -> None:
        """Nothing."""


class Bar:
    """A line with the epoch, its figures and the time left, written anew in its place.

    Where that is no terminal, only its last state is written.
    """

    def __init__(self, run_id: str, stream: TextIO) -> None:
        self._run_id = run_id
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

    def show(self, event: Event) -> None:
        """Move the bar."""
        if event.type == "progress":
            self._fraction = event.data.get("fraction") or 0.0
            left = time_left(event.data.get("eta_seconds"))
            self._state = f"epoch {event.data.get('epoch')}/{event.data.get('epochs')} {left}".strip()
        elif event.type == "epoch":
            self._figures = figures(event.data)
        elif event.type == "status":
            self._state = str(event.data.get("status"))
            self._fraction = 1.0 if self._state == "succeeded" else self._fraction
        self._draw()

    def _line(self) -> str:
        full = round(self._fraction * PLACES)
        bar = "━" * full + " " * (PLACES - full)
        return f"{self._run_id} {bar} {self._fraction:4.0%} {self._state} {self._figures}".rstrip()

    def _draw(self) -> None:
        if self._stream.isatty():
            line = self._line()
            self._stream.write("\r" + line.ljust(self._width))  # over what was longer
            self._stream.flush()
            self._width = len(line)


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
