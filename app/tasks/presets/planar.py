"""Planar's presets: how much a network of one hidden layer can tell apart, and what holds it back."""

from app.domain.optimizers import SGD
from app.domain.recipes import Coordinates, Dense, Dropout, Layer, Preset, Recipe
from app.tasks.presets import hidden
from app.tasks.samples.points import TRAIN


def _preset(description: str, *layers: Layer, epochs: int = 5_000) -> Preset:
    """Gradient descent with steps of 1 on all training points at once."""
    recipe = Recipe(
        features=Coordinates(),
        layers=layers,
        head="binary",
        loss="binary_crossentropy",
        optimizer=SGD(learning_rate=1.0),
        epochs=epochs,
        batch_size=TRAIN,
    )
    return Preset(description=description, recipe=recipe)


_DROPPED: tuple[Layer, ...] = (*hidden(50, activation="tanh"), Dropout(rate=0.25))


def _capacity(units: int) -> Preset:
    word = "unit" if units == 1 else "units"
    return _preset(f"One hidden layer of {units} tanh {word}", *hidden(units, activation="tanh"))


PRESETS = {
    "baseline": _capacity(5),
    **{f"capacity-{units}": _capacity(units) for units in (1, 3, 5, 20, 50)},
    "l1": _preset("50 tanh units with an L1 penalty of 0.001", Dense(units=50, activation="tanh", l1=0.001)),
    "dropout": _preset("50 tanh units, a quarter of them dropped", *_DROPPED),
    "perceptron": _preset("No hidden layer: one neuron, whose boundary is a line"),
}
