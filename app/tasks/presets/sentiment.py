"""Sentiment's presets: the IMDB notebooks, their variations and exercises."""

from app.domain.optimizers import Adam, RMSprop
from app.domain.recipes import Dense, Dropout, EarlyStopping, Holdout, KFold, Layer, NoValidation, Preset, Recipe
from app.domain.texts import MultiHot, NGrams
from app.tasks.presets import hidden, varied, with_best

HELD_OUT = Holdout(size=10_000)  # the notebooks' "first 10,000 reviews"; 15,000 are left to train on


def _preset(description: str, *layers: Layer, epochs: int = 20) -> Preset:
    """A variation of the notebook's network, watched on the held-out reviews."""
    recipe = Recipe(
        features=MultiHot(words=10_000),
        layers=layers,
        head="binary",
        loss="binary_crossentropy",
        optimizer=RMSprop(),
        epochs=epochs,
        batch_size=512,
    )
    return Preset(description=description, recipe=recipe, validation=HELD_OUT)


def _mse(description: str, *layers: Layer) -> Preset:
    """The same with the mean squared error."""
    return varied(_preset(description, *layers), loss="mse")


def _stopped(description: str, *layers: Layer, patience: int, batch_size: int = 256) -> Preset:
    """Up to 100 epochs with the mean squared error, until the held-out loss has not fallen for `patience` epochs."""
    return varied(
        _mse(description, *layers),
        optimizer=Adam() if batch_size == 256 else RMSprop(),
        epochs=100,
        batch_size=batch_size,
        early_stopping=EarlyStopping(patience=patience, restore_best=False),
    )


def _relu(units: int, *, count: int = 2, l1: float = 0.0, l2: float = 0.0, dropout: float = 0.0) -> tuple[Layer, ...]:
    """`count` hidden layers of `units` units, each followed by dropout if there is any."""
    after: tuple[Layer, ...] = (Dropout(rate=dropout),) if dropout else ()
    return (Dense(units=units, l1=l1, l2=l2), *after) * count


def _tanh(count: int, *, l1: float = 0.0, l2: float = 0.0) -> tuple[Layer, ...]:
    """`count` hidden layers of 64 tanh units, each followed by dropout."""
    return (Dense(units=64, activation="tanh", l1=l1, l2=l2), Dropout(rate=0.5)) * count


def _final(description: str, *layers: Layer, epochs: int) -> Preset:
    """The same for as many epochs as early stopping found right."""
    return varied(_stopped(description, *layers, patience=0), epochs=epochs, early_stopping=None)


_STOPPED = {
    "tanh-mse": _stopped(
        "One hidden layer of 32 tanh units, mean squared error, early stopping",
        *hidden(32, activation="tanh"),
        patience=10,
        batch_size=512,
    ),
    "l2-64": _stopped("One hidden layer of 64 tanh units, L2 0.01", *_tanh(1, l2=0.01), patience=10),
    "l1-64x3": _stopped("Three hidden layers of 64 tanh units, L1 0.01", *_tanh(3, l1=0.01), patience=6),
    "l2-64x3": _stopped("Three hidden layers of 64 tanh units, L2 0.01", *_tanh(3, l2=0.01), patience=3),
}

_BEST = Recipe(
    features=NGrams(
        max_n=3,
        max_features=150_000,
        weights="naive_bayes",
        negation=True,
        contrast=True,
        sentences=0.15,
        spelling=True,
    ),
    layers=(),
    head="binary",
    loss="binary_crossentropy",
    optimizer=Adam(learning_rate=0.01),
    epochs=8,
    batch_size=512,
)

PRESETS = {
    "baseline": _preset(
        "Two hidden layers of 16 units, 4 epochs: the notebook's final network", *_relu(16), epochs=4
    ).model_copy(update={"validation": NoValidation()}),
    "best": Preset(
        description="No hidden layer: 150,000 n-grams of up to three words, weighted by naive Bayes, sentences besides "
        "whole reviews; calibrated on five folds",
        recipe=_BEST,
        validation=KFold(folds=5),
    ),
    "overfit": _preset("The same for 20 epochs: the held-out loss is lowest about the fourth, then rises", *_relu(16)),
    "small": _preset("Two hidden layers of 8 units: overfits later and slower", *_relu(8)),
    "tiny": _preset("Two hidden layers of 4 units: later and slower still", *_relu(4)),
    "large": _preset("Two hidden layers of 512 units: overfits at once", *_relu(512)),
    "l2": _preset("An L2 penalty of 0.001 on both hidden layers of 16 units", *_relu(16, l2=0.001)),
    "l1": _preset("An L1 penalty of 0.001 on both hidden layers of 16 units", *_relu(16, l1=0.001)),
    "dropout": _preset("Dropout of one half after both hidden layers", *_relu(16, dropout=0.5)),
    "small-l2": _preset("Two hidden layers of 8 units with the L2 penalty", *_relu(8, l2=0.001)),
    "l2-dropout": _preset("Two hidden layers of 8 units with both", *_relu(8, l2=0.001, dropout=0.5)),
    **with_best(_STOPPED),
    "l2-64x3-final": _final("Three hidden layers of 64 tanh units, L2 0.01, 8 epochs", *_tanh(3, l2=0.01), epochs=8),
    "layers-1": _preset("Exercise: one hidden layer of 16 units", *_relu(16, count=1)),
    "layers-3": _preset("Exercise: three hidden layers of 16 units", *_relu(16, count=3)),
    "units-32": _preset("Exercise: two hidden layers of 32 units", *_relu(32)),
    "units-64": _preset("Exercise: two hidden layers of 64 units", *_relu(64)),
    "mse": _mse("Exercise: mean squared error instead of cross-entropy", *_relu(16)),
    "tanh": _preset("Exercise: tanh instead of relu", *hidden(16, 16, activation="tanh")),
}
