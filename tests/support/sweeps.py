"""Sweeps made up, as the service tells of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from app.domain.recipes import Recipe
from app.domain.runs import RunStatus
from app.domain.spaces import Space
from app.wire.sweeps import Importance, Sweep, TrialRow
from tests.support.tasks import TASKS

BEGUN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SPACES: TypeAdapter[dict[str, Any]] = TypeAdapter(Space)
SPACE: dict[str, Any] = {
    "optimizer.learning_rate": {"kind": "log_range", "low": 1e-4, "high": 1e-1},
    "layers.0.units": {"kind": "choice", "values": [16, 32, 64]},
    "layers.1": {"kind": "choice", "values": {"dropout": {"kind": "dropout", "rate": 0.5}, "none": None}},
    "layers.1.rate": {"kind": "range", "low": 0.1, "high": 0.6, "when": {"layers.1": ["dropout"]}},
}


def drawn(space: dict[str, Any], count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Parameters of so many trials, drawn evenly; conditions are kept."""
    rng = np.random.default_rng(seed)
    trials: list[dict[str, Any]] = []
    for _ in range(count):
        found: dict[str, Any] = {}
        for path, axis in space.items():
            if any(found.get(other) not in values for other, values in (axis.get("when") or {}).items()):
                continue
            if axis["kind"] == "choice":
                values = list(axis["values"])
                found[path] = values[int(rng.integers(len(values)))]
            elif axis["kind"] == "log_range":
                found[path] = float(np.exp(rng.uniform(np.log(axis["low"]), np.log(axis["high"]))))
            else:
                found[path] = float(rng.uniform(axis["low"], axis["high"]))
        trials.append(found)
    return trials


def row(number: int, parameters: dict[str, Any], value: float | None, **changed: Any) -> TrialRow:
    """A trial that has succeeded, or failed where it has no value."""
    failed = {"type": "Diverged", "message": "loss is no longer a number after epoch 1"}
    told: dict[str, Any] = {
        "run_id": f"r-{number}",
        "number": number,
        "status": RunStatus.SUCCEEDED if value is not None else RunStatus.FAILED,
        "pruned": False,
        "value": value,
        "parameters": parameters,
        "epochs": 4,
        "seconds": 1.5,
        "error": None if value is not None else failed,
    }
    return TrialRow(**(told | changed))


def sweep_of(
    rows: list[TrialRow], space: dict[str, Any] | None = None, metric: str = "val_accuracy", **changed: Any
) -> Sweep:
    """A sweep that has these trials."""
    task = TASKS.get("planar")
    recipe: Recipe = task.presets["baseline"].recipe
    space = SPACE if space is None else space
    plan = {
        "task": "planar", "preset": "baseline", "dataset": "moons", "recipe": recipe,
        "validation": {"kind": "holdout", "size": 100}, "space": SPACES.validate_python(space),
        "method": {"kind": "tpe"}, "pruner": {"kind": "successive_halving"}, "budget": {"trials": max(len(rows), 1)},
        "metric": metric, "generation": 10, "seed": 1, "final_seeds": 3, "activate": "never",
    }  # fmt: skip
    shares = [0.58, 0.27, 0.12, 0.03, *[0.0] * len(space)][: len(space)]
    failed = sum(1 for each in rows if each.status == RunStatus.FAILED)
    told: dict[str, Any] = {
        "id": "s-made-up", "task": "planar", "status": "succeeded", "name": None, "tags": {}, "plan": plan,
        "progress": {
            "ended": len(rows), "going": 0, "waiting": 0, "pruned": sum(each.pruned for each in rows),
            "failed": failed, "cancelled": 0,
            "skipped": 0, "skipped_reason": None, "trials": max(len(rows), 1), "fraction": 1.0,
            "eta_seconds": None,
        },
        "outcome": None, "error": None, "created_at": BEGUN, "finished_at": BEGUN + timedelta(minutes=1),
        "cancel_requested_at": None, "leaderboard": rows, "best": [], "pictures": [],
        "importance": [Importance(field=path, share=share) for path, share in zip(space, shares, strict=True)],
    }  # fmt: skip
    return Sweep(**(told | changed))


def searched(count: int, space: dict[str, Any] | None = None, metric: str = "val_accuracy") -> Sweep:
    """So many trials that improve slowly; every fourth after the tenth is stopped early, every 17th fails."""
    space = SPACE if space is None else space
    rng = np.random.default_rng(2)
    rows = []
    for number, parameters in enumerate(drawn(space, count)):
        good = 0.8 + 0.1 * (1 - np.exp(-number / 15)) + float(rng.normal(0, 0.015))
        value = float(min(good, 0.999)) if metric == "val_accuracy" else float(5 - 4 * good)
        stopped = number >= 10 and number % 4 == 1
        status = RunStatus.CANCELLED if stopped else RunStatus.SUCCEEDED
        worse = value - 0.08 if metric == "val_accuracy" else value + 0.3
        made = row(number, parameters, worse if stopped else value, pruned=stopped, status=status)
        rows.append(row(number, parameters, None) if number % 17 == 16 else made)
    return sweep_of(rows, space, metric)
