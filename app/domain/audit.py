"""What is recorded of who did what."""

from typing import Literal

Action = Literal[
    "run.queued",
    "run.cancelled",
    "run.changed",
    "run.deleted",
    "sweep.queued",
    "sweep.cancelled",
    "sweep.deleted",
    "model.activated",
    "model.deleted",
    "task.created",
    "task.changed",
    "task.deleted",
    "dataset.uploaded",
    "dataset.deleted",
    "key.created",
    "key.revoked",
    "key.rotated",
]
