"""What is known of a run without asking."""

from densely_client.errors import RunCancelled, RunFailed
from densely_client.forms.runs import FINAL, Metrics, Progress, RunData, RunError, RunStatus


class RunView:
    """What is known of a run since it was last asked for; `data` has every field."""

    def __init__(self, data: RunData) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.task} {self.status}>"

    @property
    def id(self) -> str:
        """The run's id."""
        return self.data.id

    @property
    def task(self) -> str:
        """The name of its task."""
        return self.data.task

    @property
    def status(self) -> RunStatus:
        """Where it stands."""
        return self.data.status

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however it did."""
        return self.data.status in FINAL

    @property
    def progress(self) -> Progress | None:
        """How far it is."""
        return self.data.progress

    @property
    def metrics(self) -> Metrics:
        """Its figures; empty before it has succeeded."""
        return self.data.metrics

    @property
    def model_id(self) -> str | None:
        """The id of its model, once there is one."""
        return self.data.model_id

    @property
    def error(self) -> RunError | None:
        """Why it failed."""
        return self.data.error

    def check(self) -> None:
        """
        Raises:
            RunFailed, RunCancelled: it has ended so.
        """
        if self.status == "failed":
            raise RunFailed(self.data)
        if self.status == "cancelled":
            raise RunCancelled(self.data)
