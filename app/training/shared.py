"""What the trials of a sweep have in common in one trainer: encoded rows, rows on the device, compiled programs."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from app.domain.recipes import Recipe, Validation
from app.encoding.rows import Encoded
from app.training.adjustable import structure_of
from app.training.arrange import Rows, on_device
from app.training.material import Material
from app.training.prepare import Prepared
from app.training.program import Program
from app.training.starts import Starts
from app.wire.runs import Run

MOST_PREPARED = 2  # datasets as encoded by different features
MOST_RIGS = 8  # of different structure


@dataclass
class Rig:
    """What a run's fits go through: its rows, and the program, once there is one."""

    material: Material
    program: Program | None = None
    starts: Starts = field(default_factory=Starts)


class Shared:
    """Of one trainer. The least recently used go first; what TensorFlow keeps of them, only with the process."""

    def __init__(self) -> None:
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()
        self._rigs: OrderedDict[tuple[int, str], Rig] = OrderedDict()
        self._rows: list[tuple[Encoded, Rows]] = []

    def forget(self) -> None:
        """Begin anew."""
        self._prepared.clear()
        self._rigs.clear()
        self._rows = []

    def prepared(self, run: Run, make: Callable[[], Prepared]) -> Prepared:
        """The run's rows, as an earlier one has encoded them if its features were the same."""
        recipe = run.recipe
        key = f"{run.task} {run.dataset} {recipe.head} {recipe.features.model_dump_json()}"
        if key not in self._prepared:
            self._prepared[key] = make()
        self._prepared.move_to_end(key)
        while len(self._prepared) > MOST_PREPARED:
            _, old = self._prepared.popitem(last=False)
            self._rigs = OrderedDict((at, rig) for at, rig in self._rigs.items() if at[0] != id(old))
            self._rows = []
        return self._prepared[key]

    def rig(self, prepared: Prepared, recipe: Recipe, validation: Validation, units: int) -> Rig:
        """Of this recipe's structure; `prepared` is one of those above."""
        key = (id(prepared), structure_of(recipe) + validation.model_dump_json())
        if key not in self._rigs:
            self._rigs[key] = Rig(Material(prepared, recipe, units))
        self._rigs.move_to_end(key)
        if len(self._rigs) > MOST_RIGS:
            self._rigs.popitem(last=False)
        return self._rigs[key]

    def on_device(self, rows: Encoded) -> Rows:
        """The same rows once only."""
        for known, placed in self._rows:
            if known is rows:
                return placed
        self._rows = [*self._rows[-(MOST_PREPARED - 1) :], (rows, on_device(rows))]
        return self._rows[-1][1]
