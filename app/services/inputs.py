"""How wide a network's input will be, before its rows have been read: certain, or as a model tells."""

from dataclasses import dataclass

from app.artifacts.store import ArtifactStore
from app.db import history
from app.db.engine import Database
from app.domain.layers import Shape
from app.domain.recipes import HEADS, Recipe
from app.domain.tables import MixedColumns
from app.domain.texts import NGrams
from app.errors import ArtifactInvalid
from app.kinds.base import Task
from app.wire.previews import InputBasis

MOST_MODELS = 50  # of a task's dataset that are looked at


@dataclass(frozen=True)
class Ends:
    """The shape of a network's input, and the units of its last layer."""

    shape: Shape
    outputs: int
    basis: InputBasis  # of the shape
    warnings: tuple[str, ...] = ()


class InputService:
    """Looks up what the rows of a dataset become."""

    def __init__(self, database: Database, store: ArtifactStore) -> None:
        self._database = database
        self._store = store

    def ends(self, task: Task, dataset: str, recipe: Recipe) -> Ends:
        """Of a recipe's network for a dataset's rows; where they decide, as a model of them has it, or the most."""
        outputs = max(1, task.output_units(recipe.head))
        is_exact = not depends_on_rows(recipe)
        if is_exact and not HEADS[recipe.head].unit_per_label:
            return Ends(task.picture_shape or (task.input_width(recipe.features),), outputs, "exact")
        most = task.picture_shape or (task.input_width(recipe.features),)
        if known := self._like(task.name, dataset, recipe):
            model_id, width, units = known
            told = f"the first layer has {width:,} inputs in model {model_id}, of the same features and dataset"
            return Ends(most, units, "exact") if is_exact else Ends((width,), units, "model", (told,))
        doubts = []
        if not is_exact:
            doubts.append(f"the training rows decide how many inputs the first layer has: {most[0]:,} at most")
        if HEADS[recipe.head].unit_per_label:
            doubts.append(f"the last layer has a unit for each label that the training rows have: {outputs:,} at most")
        return Ends(most, outputs, "exact" if is_exact else "most", tuple(doubts))

    def _like(self, task: str, dataset: str, recipe: Recipe) -> tuple[str, int, int] | None:
        """A model of the same rows, features and head: its id, its inputs and its outputs."""
        with self._database.read() as tx:
            found = history.models_of(tx, task, dataset, MOST_MODELS)
        for model_id, trained in found:
            if trained is not None and not _is_like(trained, recipe):
                continue
            try:
                manifest = self._store.manifest(task, model_id)
            except ArtifactInvalid:
                continue
            if _is_like(manifest.recipe, recipe):
                return model_id, int(manifest.input["width"]), int(manifest.output["units"])
        return None


def depends_on_rows(recipe: Recipe) -> bool:
    """Whether the width of a row is known only when an encoder has learnt from rows."""
    features = recipe.features
    return isinstance(features, MixedColumns) or (isinstance(features, NGrams) and not features.hashed)


def _is_like(one: Recipe, other: Recipe) -> bool:
    return (one.features, one.head) == (other.features, other.head)
