"""Checkpoints: where an attempt stands between two epochs, so that the next one goes on there."""

import dataclasses
import json
import secrets
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from app.training.ensemble import members_of
from app.training.fit import FitState

MODEL, STATE, BEST, RANDOM, LOGITS = "model.keras", "state.json", "best.npz", "random.npz", "logits.npz"
CURRENT = "current"  # holds the name of the folder with the last whole checkpoint


@dataclasses.dataclass
class Position:
    """The fit that is going on, and what the finished ones before it left."""

    fit: int  # 1..n for folds or further seeds, or 0 for the fit that is published
    finished: list[dict[str, Any]]  # `FitMetrics` of the fits before it
    state: FitState
    # of each finished fold, (rows, units): what it says of rows that it held out
    logits: list[NDArray[np.float32]] = dataclasses.field(default_factory=list)


class Checkpoints:
    """One folder per run; a file in it names the last whole checkpoint, so a crash while writing does no harm."""

    def __init__(self, folder: Path, every_seconds: float, configuration: dict[str, Any]) -> None:
        """`every_seconds`: least time between two. `configuration`: another one's checkpoint is not resumed."""
        self._folder = folder
        self._every = every_seconds
        self._configuration = configuration
        self._last = time.monotonic()
        self._refused = False  # whether the last one could not be written

    def is_due(self) -> bool:
        """Whether the last checkpoint is old enough for another; short runs never write one."""
        return time.monotonic() - self._last >= self._every

    def save(self, model: keras.Model, position: Position) -> str:
        """Write a checkpoint, then drop the one before.

        Where it cannot be written the one before stays, since only another attempt would need it: no reason for this
        one to end. Returns what was in the way, of several times in a row the first time; else an empty text.
        """
        fresh = self._folder / secrets.token_hex(4)
        refused = ""
        try:
            self._write(fresh, model, position)
        except (OSError, RuntimeError) as error:  # HDF5 has no class of its own for a disk that is full
            refused = getattr(error, "strerror", None) or type(error).__name__
        for other in self._folder.glob("*"):
            if other.name not in (CURRENT, self._current()):
                shutil.rmtree(other, ignore_errors=True) if other.is_dir() else other.unlink(missing_ok=True)
        self._last = time.monotonic()
        told, self._refused = self._refused, bool(refused)
        return "" if told else refused

    def _write(self, fresh: Path, model: keras.Model, position: Position) -> None:
        fresh.mkdir(parents=True)
        model.save(fresh / MODEL)
        np.savez(fresh / RANDOM, *[variable.numpy() for variable in _random_states(model)])
        np.savez(fresh / LOGITS, *position.logits)
        if position.state.best_weights is not None:
            np.savez(fresh / BEST, *position.state.best_weights)
        kept = dataclasses.replace(position, state=dataclasses.replace(position.state, best_weights=None), logits=[])
        state = {"configuration": self._configuration, "position": dataclasses.asdict(kept)}
        (fresh / STATE).write_text(json.dumps(state), encoding="utf-8")
        pointer = self._folder / f"{fresh.name}.new"
        pointer.write_text(fresh.name, encoding="utf-8")
        pointer.replace(self._folder / CURRENT)

    def _current(self) -> str:
        """The name of the folder with the last whole checkpoint; empty if there is none."""
        try:
            return (self._folder / CURRENT).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""

    def load(self) -> tuple[keras.Model, Position] | None:
        """The last whole checkpoint of this configuration, or None. A damaged one counts as none."""
        try:
            folder = self._folder / self._current()
            saved = json.loads((folder / STATE).read_text(encoding="utf-8"))
            if saved["configuration"] != self._configuration:
                return None
            state = FitState(**saved["position"].pop("state"))
            if (folder / BEST).exists():
                with np.load(folder / BEST, allow_pickle=False) as arrays:
                    state.best_weights = [arrays[name] for name in arrays.files]
            model = keras.saving.load_model(folder / MODEL, safe_mode=True)
            with np.load(folder / RANDOM, allow_pickle=False) as arrays:
                for variable, name in zip(_random_states(model), arrays.files, strict=True):
                    variable.assign(arrays[name])
            with np.load(folder / LOGITS, allow_pickle=False) as arrays:
                logits = [arrays[name] for name in arrays.files]
            return model, Position(**saved["position"] | {"logits": logits}, state=state)
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None


def _random_states(model: keras.Model) -> list[Any]:
    """Where dropout's random numbers stand: `model.save` leaves that out."""
    layers = [layer for member in members_of(model) for layer in member.layers]
    generators = [getattr(layer, "seed_generator", None) for layer in layers]  # dropout of rate 0 has none
    return [generator.state for generator in generators if generator is not None]
