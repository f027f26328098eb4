"""What is known of a sweep without asking."""

from typing import Any

from densely_client.errors import SweepCancelled, SweepFailed
from densely_client.forms.runs import RunError
from densely_client.forms.sweeps import ENDED, Importance, Outcome, SweepData, SweepProgress, SweepStatus, TrialRow


class SweepView:
    """What is known of a sweep since it was last asked for; `data` has every field."""

    def __init__(self, data: SweepData) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.task} {self.status}>"

    @property
    def id(self) -> str:
        """The sweep's id."""
        return self.data.id

    @property
    def task(self) -> str:
        """The name of its task."""
        return self.data.task

    @property
    def status(self) -> SweepStatus:
        """Where it stands."""
        return self.data.status

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however it did."""
        return self.data.status in ENDED

    @property
    def progress(self) -> SweepProgress:
        """How far it is."""
        return self.data.progress

    @property
    def outcome(self) -> Outcome | None:
        """What was found so far, and what it is worth; None before the first trial has a figure."""
        return self.data.outcome

    @property
    def trials(self) -> list[TrialRow]:
        """Its trials: best first, then those that are going, then the others."""
        return self.data.leaderboard

    @property
    def table(self) -> list[dict[str, Any]]:
        """Its trials as flat rows in the order in which they were asked for, as `pandas.DataFrame` takes them.

        Every row has every field of the space, None where a trial has it not.
        """
        rows = []
        for trial in sorted(self.trials, key=lambda trial: trial.number):
            told = {name: getattr(trial, name) for name in ("number", "status", "pruned")}
            fields = {path: trial.parameters.get(path) for path in self.data.plan.space}
            rest = {name: getattr(trial, name) for name in ("epochs", "seconds", "run_id")}
            rows.append({**told, self.data.plan.metric: trial.value, **fields, **rest})
        return rows

    @property
    def importance(self) -> list[Importance]:
        """Which fields make the difference, most first; empty before ten trials have a figure."""
        return self.data.importance

    @property
    def error(self) -> RunError | None:
        """Why it failed."""
        return self.data.error

    def check(self) -> None:
        """
        Raises:
            SweepFailed, SweepCancelled: it has ended so.
        """
        if self.status == "failed":
            raise SweepFailed(self.data)
        if self.status == "cancelled":
            raise SweepCancelled(self.data)
