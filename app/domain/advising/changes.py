"""Changes of a recipe, each as a patch and what it does; None where it is that way already, or does not fit."""

from app.domain.advising.curves import Curve
from app.domain.course import EarlyStopping
from app.domain.layers import BatchNorm, Dense, Dropout
from app.domain.recipes import WEIGHED, Recipe, RecipePatch
from app.domain.tables import Raw, Standardized

MOST_EPOCHS = 10_000
MOST_LAYERS = 16
MOST_RATE, LEAST_RATE = 10.0, 1e-12
MEMBERS = 5
STUCK = 0.05  # the share of its first value that a training loss has to fall by, or nothing is learnt

Change = tuple[RecipePatch, str]


def stopped(recipe: Recipe, epochs: int) -> Change:
    """End when the validation loss rises, with the best epoch's weights; `epochs`: of the run."""
    patience = min(50, max(3, epochs // 10))
    stopping = EarlyStopping(monitor="val_loss", patience=patience, restore_best=True)
    if before := recipe.early_stopping:
        stopping = before.model_copy(update={"restore_best": True})
        if before.monitor != "loss":
            return RecipePatch(early_stopping=stopping), "keep the weights of the best epoch"
        stopping = stopping.model_copy(update={"monitor": "val_loss"})
        patience = stopping.patience
    text = f"stop when the validation loss has not fallen for {patience} epochs, and keep the best weights"
    return RecipePatch(early_stopping=stopping), text


def longer(recipe: Recipe) -> Change | None:
    """Twice the epochs."""
    epochs = min(MOST_EPOCHS, 2 * recipe.epochs)
    return (RecipePatch(epochs=epochs), f"train for {epochs:,} epochs") if epochs > recipe.epochs else None


def slower(recipe: Recipe, times: float) -> Change | None:
    """A learning rate so many times lower."""
    return _rate(recipe, recipe.optimizer.learning_rate / times, "lower")


def faster(recipe: Recipe, times: float) -> Change | None:
    """A learning rate so many times higher."""
    return _rate(recipe, recipe.optimizer.learning_rate * times, "raise")


def _rate(recipe: Recipe, wanted: float, verb: str) -> Change | None:
    rate = float(f"{min(MOST_RATE, wanted):.3g}")
    if rate < LEAST_RATE or rate == recipe.optimizer.learning_rate:
        return None
    optimizer = recipe.optimizer.model_copy(update={"learning_rate": rate})
    return RecipePatch(optimizer=optimizer), f"{verb} the learning rate to {rate:g}"


def dropped(recipe: Recipe) -> Change | None:
    """Dropout after the last hidden dense layer, if there is none anywhere yet."""
    layers = recipe.layers
    dense = [place for place, layer in enumerate(layers) if isinstance(layer, Dense)]
    if not dense or len(layers) >= MOST_LAYERS or any(isinstance(layer, Dropout | BatchNorm) for layer in layers):
        return None
    after = dense[-1] + 1
    more = (*layers[:after], Dropout(rate=0.5), *layers[after:])
    return RecipePatch(layers=more), "drop half of the last hidden layer's units while training"


def balanced(recipe: Recipe) -> Change | None:
    """Rows count by how rare their label is."""
    if recipe.head not in WEIGHED or recipe.class_weights == "balanced":
        return None
    return RecipePatch(class_weights="balanced"), "let rows of rare labels count more while training"


def ensemble(recipe: Recipe) -> Change | None:
    """Several networks instead of one, whose mean varies less."""
    if recipe.members > 1:
        return None
    return RecipePatch(members=MEMBERS), f"train {MEMBERS} networks, and answer with their mean"


def standardized(recipe: Recipe) -> Change | None:
    """Columns on one scale."""
    if not isinstance(recipe.features, Raw):
        return None
    return RecipePatch(features=Standardized(exclude=recipe.features.exclude)), "standardize the columns"


def unfrozen(recipe: Recipe, curve: Curve) -> Change | None:
    """For a network that does not learn: columns or targets on one scale, or else other steps."""
    if change := standardized(recipe):
        return change
    if recipe.head == "regression" and recipe.targets == "raw":
        return RecipePatch(targets="standardized"), "standardize the targets"
    losses = curve.figures("loss")
    if not losses or losses[0] <= 0:
        return None
    if losses[-1] > losses[0]:
        return slower(recipe, 10)
    return faster(recipe, 10) if losses[0] - losses[-1] < STUCK * losses[0] else None
