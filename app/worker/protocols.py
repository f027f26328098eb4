"""What the loop asks of whatever carries runs out, and what a trainer is told, wherever it is."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from app.domain.runs import Change
from app.services.execution import Claim
from app.wire.runs import RunError


@dataclass(frozen=True)
class Assignment:
    """What a trainer is told, besides the run that it reads from the database."""

    database_url: str
    models_dir: str
    datasets_dir: str
    uploads_dir: str
    encoded_dir: str
    encoded_cache_mib: int
    checkpoints_dir: str
    checkpoint_seconds: float
    log_level: str
    devices: str = "1"  # that share the batches of a run: `1`, `auto` or `all`
    store_url: str = ""
    store_cache_mib: int = 0


@dataclass(frozen=True)
class Loss:
    """Why a trainer is gone, where more is known than its status; `change` None: as any trainer that died."""

    change: Change | None
    error: RunError


class Trainer(Protocol):
    """A run being carried out."""

    def wait(self, seconds: float) -> int | None:
        """Up to so long for its end; the exit status, or None while it goes on."""

    def loss(self) -> Loss | None:
        """What is known of an end that was not the run's, besides the status."""

    def kill(self) -> None:
        """End it at once; when this returns it writes nothing any more."""

    def let_go(self) -> None:
        """The run has ended: the same, unless it waits for another one."""

    def memory(self) -> int:
        """Resident memory, bytes."""


class Executor(Protocol):
    """Starts trainers."""

    def is_ready(self) -> bool:
        """Whether a run can be carried out now, so that one may be claimed."""

    def passed_over(self) -> Collection[str]:
        """Ids of queued runs that cannot be carried out now, so that others are claimed before them."""

    def warm(self) -> None:
        """Get ready for the next run; called again and again, whether or not a run is going."""

    def start(self, claim: Claim) -> Trainer:
        """Carry out a run."""

    def facts(self) -> dict[str, Any]:
        """`devices` and `versions` of the trainers, as far as known."""

    def memory(self) -> int:
        """Resident memory of the trainers at work, bytes."""

    def close(self) -> None:
        """End what is ready but unused."""


def message_of(assignment: Assignment, claim: Claim) -> dict[str, Any]:
    """What a trainer reads; after a trial it is kept for another one, after the winner's run it is not."""
    keep = claim.run.sweep is not None and claim.run.trial is not None
    return {**asdict(assignment), "run_id": claim.run.id, "lease_id": claim.lease_id, "keep": keep}
