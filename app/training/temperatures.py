"""Which temperature a run's logits are divided by, and what tells it: rows that the network has not learnt from."""

import keras
import numpy as np
from numpy.typing import NDArray

from app.domain.recipes import HeadName
from app.domain.runs import Calibration
from app.domain.trials import every_of
from app.training import calibrate, export
from app.training.arrange import Numbers
from app.training.calibrate import Logits, Temperature
from app.training.calibrate_texts import temperature_of_texts
from app.training.material import Material, Truth, words_of


class Temperatures:
    """Of the fits of one run."""

    def __init__(self, head: HeadName, material: Material) -> None:
        self._head = head
        self._material = material

    @property
    def has_any(self) -> bool:
        """Whether the head's outputs are probabilities."""
        return self._head in calibrate.CALIBRATED

    def of_fit(self, model: keras.Model, held_out: Numbers | None) -> Temperature | None:
        """By the fit's own held-out rows."""
        if held_out is None or not self.has_any:
            return None
        found = self._material.held_out(held_out)
        return self.likeliest(export.logits_of(model, found.rows), found.truth, len(held_out))

    def of_trial(self, model: keras.Model, held_out: Numbers | None) -> Temperature | None:
        """The same by some of them, evenly picked."""
        some = held_out if held_out is None else held_out[:: every_of(len(held_out))]
        return self.of_fit(model, some)

    def likeliest(self, logits: Logits, truth: Truth, rows: int) -> Temperature | None:
        """By so many rows, and what sentences they have."""
        if rows < calibrate.FEWEST:
            return None
        if truth.words is None:
            return calibrate.temperature_of(self._head, logits, truth.targets)
        return temperature_of_texts(self._head, logits, truth.targets, truth.words, truth.weights)

    def calibrated(self, logits: Logits | None, calibration: Calibration | None) -> NDArray[np.float32] | None:
        """The answers on the test split as `/predict` would give them; None: as the network gives them."""
        if calibration is None or logits is None:
            return None
        temperature = Temperature(calibration.temperature, calibration.length_exponent)
        return calibrate.probabilities(self._head, logits, temperature, words_of(self._material.seen.test))
