"""The digits' presets: the MNIST notebook, and small networks after Michael Nielsen."""

from app.domain.optimizers import Adam, RMSprop
from app.domain.recipes import Activation, Cosine, Holdout, NoValidation, Pixels, Preset, Recipe, Validation
from app.tasks.presets import hidden
from app.tasks.presets.pictures import OF_SIGNS, SIGNS

ALL_ROWS = NoValidation()


def _preset(
    description: str,
    units: int,
    activation: Activation = "relu",
    *,
    epochs: int,
    validation: Validation = ALL_ROWS,
) -> Preset:
    """One hidden layer."""
    recipe = Recipe(
        features=Pixels(),
        layers=hidden(units, activation=activation),
        head="multiclass",
        loss="categorical_crossentropy",
        optimizer=RMSprop(),
        epochs=epochs,
        batch_size=128,
    )
    return Preset(description=description, recipe=recipe, validation=validation)


PRESETS = {
    "baseline": _preset("One hidden layer of 512 units, 5 epochs: the notebook's network", 512, epochs=5),
    "nielsen": _preset("One hidden layer of 15 relu units, 10 epochs: the notebook's small network", 15, epochs=10),
    "nielsen-sigmoid": _preset(
        "The same with sigmoid units, as in Michael Nielsen's book, watched on the first 10,000 pictures",
        15,
        "sigmoid",
        epochs=10,
        validation=Holdout(size=10_000),
    ),
    "best": Preset(
        description="Four convolutions, learning from pictures that are moved, turned, distorted, thicker or thinner",
        recipe=Recipe(
            features=Pixels(),
            layers=OF_SIGNS,
            head="multiclass",
            loss="categorical_crossentropy",
            optimizer=Adam(learning_rate=0.003),
            epochs=16,
            batch_size=128,
            augmentation=SIGNS,
            schedule=Cosine(),
            label_smoothing=0.05,
        ),
        validation=Holdout(size=5_000),
    ),
}
