"""What an API key may have: runs that wait, models, datasets and their bytes. Who needs no key has no quota."""

from dataclasses import dataclass

from app.db import quotas
from app.db.engine import Transaction, lock
from app.domain.callers import caller
from app.domain.counting import counted
from app.errors import InvalidInput, QuotaReached

MIB = 2**20


@dataclass(frozen=True)
class Quotas:
    """The most of each, of every key."""

    queued_runs: int = 1_000
    models: int = 10_000
    datasets: int = 1_000
    dataset_bytes: int = 102_400 * MIB

    def check_run(self, tx: Transaction) -> None:
        """Before the caller queues a run.

        Raises:
            QuotaReached: it has as many, or as many models.
        """
        key_id = caller.get().key_id
        if not key_id:
            return
        if quotas.queued_runs(tx, key_id) >= self.queued_runs:
            raise QuotaReached(
                f"{counted(self.queued_runs, 'run')} of this API key wait already "
                "(DENSELY_MAX_QUEUED_RUNS_PER_KEY): cancel some, or try again later"
            )
        if quotas.models_left(tx, key_id) >= self.models:
            raise QuotaReached(
                f"this API key has {counted(self.models, 'model')} (DENSELY_MAX_MODELS_PER_KEY): remove some"
            )

    def check_at_once(self, runs: int, field: str) -> None:
        """Before the caller asks for what queues so many runs at a time; `field`: of its request, that says so.

        Raises:
            InvalidInput: they are more than it may ever have.
        """
        if caller.get().key_id and runs > self.queued_runs:
            raise InvalidInput(
                f"at most {self.queued_runs:,} runs of an API key may wait (DENSELY_MAX_QUEUED_RUNS_PER_KEY); "
                f"got {runs:,}",
                field=field,
            )

    def check_dataset(self, tx: Transaction, size: int) -> None:
        """Before the caller adds a dataset of so many bytes.

        Raises:
            QuotaReached: it has as many, or they would be too large together.
        """
        key_id = caller.get().key_id
        if not key_id:
            return
        lock(tx, f"quota of {key_id}")  # of two uploads at once the second sees the first
        count, present = quotas.datasets_brought(tx, key_id)
        if count >= self.datasets:
            raise QuotaReached(
                f"this API key has brought {counted(self.datasets, 'dataset')} (DENSELY_MAX_DATASETS_PER_KEY): "
                "remove some"
            )
        if present + size > self.dataset_bytes:
            raise QuotaReached(
                f"the datasets of this API key would take {(present + size) / MIB:,.1f} MiB; the limit is "
                f"{self.dataset_bytes // MIB:,} MiB (DENSELY_MAX_DATASET_MIB_PER_KEY): remove some"
            )
