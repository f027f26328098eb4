"""What is asked of the rows of a user's own, and how long to learn from so many of them."""

from dataclasses import dataclass

from app.domain.counting import counted
from app.domain.optimizers import Adam
from app.domain.recipes import (
    HEADS,
    EarlyStopping,
    Features,
    HeadName,
    Holdout,
    KFold,
    Layer,
    NoValidation,
    Preset,
    Recipe,
    Validation,
)
from app.wire.declarations import Answer, OneOf, SeveralOf

LEARNING_RATE = 0.001  # Keras' default
FEWEST = 40  # rows from which a temperature can be learnt
FEW = 400  # rows, below which a fold holds out too few to say how many epochs are right
FOLDS, FOLDS_OF_FEW = 4, 8  # more of them leave more of few rows to each fit, which costs little
SMALL = 2_000  # rows, below which holding some out costs more than it tells: folds do it, or nothing
SHARE = 8  # of the rows of larger tasks, one in so many is held out
MOST_HELD_OUT = 10_000
MANY = 200_000  # rows, of which a few epochs are enough


@dataclass(frozen=True)
class Ask:
    """What is asked of the rows."""

    answer: Answer
    rows: int

    @property
    def head(self) -> HeadName:
        if isinstance(self.answer, SeveralOf):
            return "multilabel"
        if not isinstance(self.answer, OneOf):
            return "regression"
        return "binary" if len(self.answer.labels) == 2 else "multiclass"

    def preset(
        self,
        description: str,
        features: Features,
        layers: tuple[Layer, ...],
        epochs: int,
        batch_size: int,
        patience: int | None = None,
        learning_rate: float = LEARNING_RATE,
        validation: Validation | None = None,
    ) -> Preset:
        head = self.head
        recipe = Recipe(
            features=features,
            layers=layers,
            head=head,
            loss=HEADS[head].losses[0],
            optimizer=Adam(learning_rate=learning_rate),
            epochs=epochs,
            batch_size=batch_size,
            early_stopping=None if patience is None else EarlyStopping(patience=patience),
            targets="standardized" if head == "regression" else "raw",
        )
        return Preset(description=description, recipe=recipe, validation=validation or NoValidation())

    def batch(self, steps: int, most: int) -> int:
        """A power of two from 16 on, with which an epoch has about so many steps."""
        size = 16
        while size < most and size * steps < self.rows:
            size *= 2
        return size

    @property
    def watched(self) -> Validation:
        """Rows held out, in an order that does not depend on the file's; of few, only what calibrates."""
        if self.rows >= SMALL:
            return Holdout(size=min(self.rows // SHARE, MOST_HELD_OUT), rows="shuffled")
        if self.rows >= FEW:
            return KFold(folds=FOLDS, rows="shuffled")
        if self.head == "regression" or self.rows < FEWEST:
            return NoValidation()
        return KFold(folds=FOLDS_OF_FEW, rows="shuffled")


def stopped(
    ask: Ask,
    told: str,
    features: Features,
    layers: tuple[Layer, ...],
    *,
    epochs: int,
    batch_size: int,
    patience: int,
    learning_rate: float = LEARNING_RATE,
) -> Preset:
    """As many epochs as held-out rows say; of too few rows to be told, a fixed number."""
    if ask.rows >= MANY:
        epochs, patience = min(epochs, 20), min(patience, 2)
    if ask.rows < FEW:
        fixed = epochs_of(ask, batch_size, 200)
        told = f"{told}, {counted(fixed, 'epoch')}"
        return ask.preset(told, features, layers, epochs=fixed, batch_size=batch_size, validation=ask.watched)
    told = f"{told}, until held-out rows get no better"
    return ask.preset(told, features, layers, epochs, batch_size, patience, learning_rate, ask.watched)


def epochs_of(ask: Ask, batch_size: int, steps: int) -> int:
    """As many as make so many steps, at least 2."""
    per_epoch = max(1, ask.rows // batch_size)
    return min(max(2, round(steps / per_epoch)), 100)
