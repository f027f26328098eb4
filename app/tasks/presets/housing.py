"""Housing's presets: the Boston notebook, its exercises, what happens without standardising, and the best one."""

from app.domain.optimizers import Adam, RMSprop
from app.domain.recipes import Averaging, KFold, NoValidation, Preset, Recipe, Validation
from app.domain.tables import MixedColumns, Raw, Standardized
from app.tasks.presets import hidden

FOUR_FOLDS = KFold(folds=4)
STANDARDIZED = Standardized()


def _preset(
    description: str,
    *units: int,
    epochs: int = 100,
    validation: Validation = FOUR_FOLDS,
    features: Standardized | Raw = STANDARDIZED,
) -> Preset:
    """Hidden layers of these widths; the notebook's network has two of 64."""
    recipe = Recipe(
        features=features,
        layers=hidden(*units),
        head="regression",
        loss="mse",
        optimizer=RMSprop(),
        epochs=epochs,
        batch_size=16,
    )
    return Preset(description=description, recipe=recipe, validation=validation)


# Chosen by the mean absolute error over ten folds of all 506 rows, three shuffles: `benchmarks/housing_folds.py`.
BEST = Preset(
    description="Eight networks of 64-64 units, figures by trend and by interval, absolute error as the loss",
    recipe=Recipe(
        features=MixedColumns(numbers="standardized_and_piecewise", bins=8),
        layers=hidden(64, 64),
        head="regression",
        loss="mae",
        optimizer=Adam(learning_rate=0.002),
        epochs=100,
        batch_size=32,
        targets="standardized",
        members=8,
        averaging=Averaging(momentum=0.98),
    ),
)

PRESETS = {
    "baseline": _preset(
        "Two hidden layers of 64 units, 130 epochs on all training rows: the notebook's final network",
        *(64, 64),
        epochs=130,
        validation=NoValidation(),
    ),
    "best": BEST,
    "kfold-100": _preset("The same for 100 epochs on each of 4 folds, then on all rows", 64, 64),
    "kfold-500": _preset("For 500 epochs on each of 4 folds, to see when it overfits", 64, 64, epochs=500),
    "raw": _preset(
        "As kfold-100, with figures that are not standardised: to see why one does it", 64, 64, features=Raw()
    ),
    "deeper": _preset("Exercise: as kfold-100, with three hidden layers of 64 units", 64, 64, 64),
    "wider": _preset("Exercise: as kfold-100, with two hidden layers of 128 units", 128, 128),
}
