"""The presets of tasks of the user's own, by kind, answer and number of training rows.

Chosen by measurement, on the tables of `benchmarks/own_data.py` and on the rows of the tasks that come with Densely.
"""

from dataclasses import dataclass
from typing import Any

from app.domain.counting import counted
from app.domain.optimizers import Adam, MomentumSGD
from app.domain.recipes import (
    HEADS,
    Cosine,
    Dense,
    EarlyStopping,
    Features,
    HeadName,
    Holdout,
    KFold,
    Layer,
    NoValidation,
    Pixels,
    Preset,
    Recipe,
    Validation,
)
from app.domain.tables import MixedColumns
from app.domain.texts import MultiHot, NGrams
from app.encoding.mixed import width_of
from app.encoding.parts import ColumnSpec
from app.tasks.presets import varied
from app.tasks.presets.pictures import OF_SIGNS, SIGNS, THINGS, of_things
from app.wire.declarations import (
    Answer,
    CategoryColumn,
    DeclaredKind,
    ImageKind,
    OneOf,
    PlaneKind,
    SeveralOf,
    TableKind,
    TextKind,
)

LEARNING_RATE = 0.001  # Keras' default
FEWEST = 40  # rows from which a temperature can be learnt
FEW = 400  # rows, below which a fold holds out too few to say how many epochs are right
FOLDS, FOLDS_OF_FEW = 4, 8  # more of them leave more of few rows to each fit, which costs little
SMALL = 2_000  # rows, below which holding some out costs more than it tells: folds do it, or nothing
SHARE = 8  # of the rows of larger tasks, one in so many is held out
MOST_HELD_OUT = 10_000
MEMBERS, MEMBERS_OF_MANY = 8, 4  # of an ensemble
MANY = 200_000  # rows, of which a few epochs are enough
BEST_STEPS = 7_000  # of a network of convolutions, in so many epochs
LEAST_EPOCHS, MOST_EPOCHS = 10, 60
WIDEST = 10_000  # numbers of an encoded row
MOST_NUMBERS = 2**28  # of all encoded rows of a table, 1 GiB


@dataclass(frozen=True)
class _Ask:
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


def presets_of(kind: DeclaredKind, answer: Answer, rows: int) -> dict[str, Preset]:
    """`quick`, to see whether the data teach anything, `baseline`, to use, and `best`, which takes longer.

    `rows` are those of the training split.

    Raises:
        TypeError: nobody declares such tasks.
    """
    ask = _Ask(answer, rows)
    if isinstance(kind, PlaneKind):
        raise TypeError("kind: points of the plane are no data of one's own")
    if isinstance(kind, TextKind):
        return _texts(ask)
    return _table(kind, ask) if isinstance(kind, TableKind) else _pictures(kind, ask)


def _texts(ask: _Ask) -> dict[str, Preset]:
    units = 16 if len(getattr(ask.answer, "labels", ())) <= 2 else 64
    batch = ask.batch(50, 512)
    told = f"The 10,000 most frequent words, one hidden layer of {units} units"
    best = {"best": _best_of_texts(ask)} if isinstance(ask.answer, OneOf) else {}
    return best | {
        "baseline": _stopped(
            ask, told, MultiHot(words=10_000), (Dense(units=units),), epochs=30, batch_size=batch, patience=2
        ),
        "quick": ask.preset(
            "The 5,000 most frequent words, one hidden layer of 16 units, a few epochs",
            MultiHot(words=5_000),
            (Dense(units=16),),
            epochs=_epochs(ask, batch, 100),
            batch_size=batch,
        ),
    }


def _best_of_texts(ask: _Ask) -> Preset:
    """As those of the reviews and of the newswires that come with Densely, which were chosen there."""
    if ask.head == "binary":
        batch = ask.batch(50, 512)
        return ask.preset(
            "No hidden layer: n-grams of up to three words, weighted by naive Bayes, and sentences besides whole texts",
            NGrams(max_n=3, max_features=150_000, weights="naive_bayes", negation=True, sentences=0.15),
            (),
            epochs=max(8, _epochs(ask, batch, 400)),
            batch_size=batch,
            learning_rate=0.01,
            validation=ask.watched,
        )
    batch = ask.batch(70, 128)
    words = ask.preset(
        "No hidden layer: words weighted by tf-idf, rows of length one",
        NGrams(max_n=1, max_features=20_000, weights="tf_idf"),
        (),
        epochs=max(20, _epochs(ask, batch, 1_500)),
        batch_size=batch,
        validation=ask.watched,
    )
    return varied(words, optimizer=MomentumSGD(learning_rate=8.0, momentum=0.9), schedule=Cosine())


def _pictures(kind: ImageKind, ask: _Ask) -> dict[str, Preset]:
    batch = ask.batch(100, 128)
    is_sign = kind.scaling == "digit"
    best = ask.preset(
        "Four convolutions, learning from pictures that are shifted, turned and distorted",
        Pixels(),
        OF_SIGNS if is_sign else of_things(kind.size),
        epochs=min(MOST_EPOCHS, max(LEAST_EPOCHS, BEST_STEPS * batch // max(ask.rows, 1))),
        batch_size=batch,
        learning_rate=0.003,
        validation=ask.watched,
    )
    more: dict[str, Any] = {"schedule": Cosine(), "augmentation": SIGNS if is_sign else THINGS}
    if ask.head == "multiclass":
        more |= {"loss": "categorical_crossentropy", "label_smoothing": 0.05}
    return {
        "baseline": _stopped(
            ask,
            "One hidden layer of 512 units, as the digits' notebook",
            Pixels(),
            (Dense(units=512),),
            epochs=40,
            batch_size=batch,
            patience=3,
        ),
        "best": varied(best, **more),
        "quick": ask.preset(
            "One hidden layer of 64 units, a few epochs",
            Pixels(),
            (Dense(units=64),),
            epochs=_epochs(ask, batch, 200),
            batch_size=batch,
        ),
    }


def _table(kind: TableKind, ask: _Ask) -> dict[str, Preset]:
    plain = _features(kind, ask.rows, "standardized")
    quick = ask.preset(
        "One hidden layer of 32 units, a few epochs",
        plain,
        (Dense(units=32),),
        epochs=_epochs(ask, ask.batch(100, 512), 200),
        batch_size=ask.batch(100, 512),
    )
    if ask.rows < SMALL:
        # Few rows are learnt by heart: a wide smooth layer, held down, and no more steps than it takes.
        baseline = ask.preset(
            "One hidden layer of 128 tanh units with an L2 penalty, for few rows",
            plain,
            (Dense(units=128, activation="tanh", l2=0.005),),
            epochs=max(20, _epochs(ask, 16, 800)),
            batch_size=16,
            validation=ask.watched,
        )
    else:
        baseline = _stopped(
            ask,
            "Hidden layers of 128 and 64 units, numbers by the intervals that they reach into",
            _features(kind, ask.rows, "piecewise"),
            (Dense(units=128), Dense(units=64)),
            epochs=100,
            batch_size=ask.batch(128, 1_024),
            patience=12,
            learning_rate=0.002,
        )
    return {"baseline": baseline, "best": _best_of_tables(kind, ask, baseline), "quick": quick}


def _best_of_tables(kind: TableKind, ask: _Ask, baseline: Preset) -> Preset:
    """An ensemble: of few rows of the baseline's network, of many with numbers by trend and by interval."""
    recipe = baseline.recipe
    members = MEMBERS if ask.rows < SMALL else MEMBERS_OF_MANY
    changes: dict[str, Any] = {"members": members}
    if ask.rows >= SMALL:
        changes["features"] = _features(kind, ask.rows, "standardized_and_piecewise")
        if (
            recipe.head == "regression"
        ):  # whose figure is the absolute error; few noisy rows are better off with squares
            changes["loss"] = "mae"
    description = f"{members} networks, whose mean answers: {baseline.description[0].lower()}{baseline.description[1:]}"
    return baseline.model_copy(update={"description": description, "recipe": recipe.model_copy(update=changes)})


def _stopped(
    ask: _Ask,
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
        fixed = _epochs(ask, batch_size, 200)
        told = f"{told}, {counted(fixed, 'epoch')}"
        return ask.preset(told, features, layers, epochs=fixed, batch_size=batch_size, validation=ask.watched)
    told = f"{told}, until held-out rows get no better"
    return ask.preset(told, features, layers, epochs, batch_size, patience, learning_rate, ask.watched)


def _epochs(ask: _Ask, batch_size: int, steps: int) -> int:
    """As many as make so many steps, at least 2."""
    per_epoch = max(1, ask.rows // batch_size)
    return min(max(2, round(steps / per_epoch)), 100)


def _features(kind: TableKind, rows: int, numbers: Any) -> MixedColumns:
    """As fine as the rows leave room for."""
    specs = [
        ColumnSpec(each.name, each.kind, each.required, each.values if isinstance(each, CategoryColumn) else ())
        for each in kind.columns
    ]
    room = min(WIDEST, MOST_NUMBERS // max(rows, 1))
    finest = MixedColumns(numbers=numbers)
    coarser = [MixedColumns(categories=most) for most in (1_000, 300, 100, 30, 10, 3, 1)]
    return next((each for each in (finest, *coarser) if width_of(each, specs) <= room), coarser[-1])
