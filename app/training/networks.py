"""The networks of a run: as they are trained, on one device or several, and as they answer."""

from collections.abc import Callable
from typing import Any

import keras

from app.domain.layers import Picture
from app.domain.recipes import Recipe
from app.training.build import TargetUnit, build
from app.training.carrying import carry_over
from app.training.devices import Devices, Wanted, devices_for
from app.training.examples import Examples
from app.training.parallel import Parallel
from app.training.prepare import Prepared
from app.training.program import Program
from app.wire.runs import Run


class Networks:
    """Builds them."""

    def __init__(
        self,
        run: Run,
        prepared: Prepared,
        units: int,
        picture: Picture | None,
        wanted: Wanted,
        log: Callable[[str], None],
    ) -> None:
        """`units`: of the last layer. `wanted`: the devices that are to share a batch; why not, `log` is told."""
        self._recipe = run.recipe
        self._is_trial = run.trial is not None
        self._width = prepared.encoder.width
        self._units = units
        self._picture = picture
        self._unit = None if run.recipe.targets == "raw" else TargetUnit.of(prepared.train.targets)
        self.devices = self._devices(wanted, len(prepared.train))
        if self.devices.why_alone:
            log(f"trains on {self.devices} alone: {self.devices.why_alone}")

    def build(self, recipe: Recipe, seed: int) -> keras.Model:
        """One with its first weights, on one device."""
        unit, picture = self._unit, self._picture
        return build(recipe, self._width, self._units, seed, unit, picture, adjustable=self._is_trial)

    def program(
        self,
        recipe: Recipe,
        seed: int,
        resumed: keras.Model | None,
        examples: Examples,
        *arguments: Any,
        **further: Any,
    ) -> Program:
        """What trains such a network, from its first weights on or from where a former attempt was.

        `arguments`, `further`: of `Program`, behind the picture.
        """
        own = (self._recipe, examples, self._picture, *arguments)
        if self.devices.strategy is None:
            return Program(resumed or self.build(recipe, seed), *own, **further)
        with self.devices.scope():
            model = self.build(recipe, seed)
        program = Parallel(self.devices.strategy, model, *own, **further)
        if resumed is not None:
            program.take_over(resumed)
        return program

    def as_it_answers(self, model: keras.Model, recipe: Recipe, seed: int) -> keras.Model:
        """A trained one in float32 on one device, whatever it was trained in and on."""
        if recipe.precision == "float32" and self.devices.strategy is None:
            return model
        plain = self.build(recipe.model_copy(update={"precision": "float32"}), seed)
        carry_over(model, plain)
        return plain

    def _devices(self, wanted: Wanted, rows: int) -> Devices:
        stages = self._recipe.stages(self._picture or (self._width,), self._units)
        work = sum(stage.multiplications for stage in stages) * self._recipe.members
        return devices_for(wanted, min(self._recipe.batch_size, rows), work, is_trial=self._is_trial)
