"""A run's progress in a terminal or notebook."""

from typing import Any, Protocol, Self

from app.client.events import Event


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
    """A bar with the epoch, its figures and the time left."""

    def __init__(self, run_id: str) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(), TextColumn("{task.fields[told]}"),
        )  # fmt: skip
        self._progress = Progress(*columns)
        self._bar = self._progress.add_task(run_id, total=1.0, told="queued")
        self._figures = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Move the bar."""
        if event.type == "progress":
            self._progress.update(self._bar, completed=event.data.get("fraction") or 0.0, told=self._told(event.data))
        elif event.type == "epoch":
            self._figures = figures(event.data)
        elif event.type == "status":
            done = {"completed": 1.0} if event.data.get("status") == "succeeded" else {}
            told = f"{event.data.get('status')} {self._figures}".strip()
            self._progress.update(self._bar, told=told, **done)  # type: ignore[arg-type]

    def _told(self, progress: dict[str, Any]) -> str:
        left = time_left(progress.get("eta_seconds"))
        return f"epoch {progress.get('epoch')}/{progress.get('epochs')} {self._figures} {left}".strip()


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
    """The bar, or nothing."""
    return Bar(run_id) if progress else Silent()
