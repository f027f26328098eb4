"""What is said about runs: what would make one better, and which of several is the best."""

from collections.abc import Sequence

from app.cli.output import console, show
from densely_client.forms import Advice, Comparison


def tell_advice(found: Sequence[Advice]) -> None:
    """Each with its figures, and what could be changed."""
    for advice in found:
        console().print(f"{advice.title}: {advice.message}", markup=False)
        if advice.change_text:
            console().print(f"    → {advice.change_text}", markup=False)


def show_board(found: Comparison) -> None:
    """The runs, best first."""
    names = dict.fromkeys(row.name for row in found.board)
    labels = {run.id: run.label for run in found.runs}
    rows = [
        [
            row.rank,
            row.run,
            labels[row.run],
            *(_figure(row.value) if row.name == name else None for name in names),
            f"{_figure(row.low)} to {_figure(row.high)}" if row.low is not None else None,
            _figure(row.guessing),
            row.reading,
        ]
        for row in found.board
    ]
    show(["", "run", "called", *names, "95 %", "guessing", ""], rows, "")


def _figure(value: float | None) -> str | None:
    return None if value is None else f"{value:.4g}"
