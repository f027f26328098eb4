"""The presets of tasks of the user's own, by kind, answer and number of training rows.

Chosen by measurement, on the tables of `benchmarks/own_data.py`, the texts of `benchmarks/own_texts.py` and the rows of
the tasks that come with Densely.
"""

from typing import Any

from app.domain.recipes import Cosine, Dense, Pixels, Preset
from app.domain.tables import MixedColumns
from app.encoding.mixed import width_of
from app.encoding.parts import ColumnSpec
from app.tasks.presets import varied
from app.tasks.presets.asking import SMALL, Ask, epochs_of, stopped
from app.tasks.presets.own_texts import presets_of_texts
from app.tasks.presets.pictures import OF_SIGNS, SIGNS, THINGS, of_things
from app.wire.declarations import Answer, CategoryColumn, DeclaredKind, ImageKind, PlaneKind, TableKind, TextKind

MEMBERS, MEMBERS_OF_MANY = 8, 4  # of an ensemble
BEST_STEPS = 7_000  # of a network of convolutions, in so many epochs
LEAST_EPOCHS, MOST_EPOCHS = 10, 60
WIDEST = 10_000  # numbers of an encoded row
MOST_NUMBERS = 2**28  # of all encoded rows of a table, 1 GiB


def presets_of(kind: DeclaredKind, answer: Answer, rows: int) -> dict[str, Preset]:
    """`quick`, to see whether the data teach anything, `baseline`, to use, and `best`, which takes longer.

    `rows` are those of the training split.

    Raises:
        TypeError: nobody declares such tasks.
    """
    ask = Ask(answer, rows)
    if isinstance(kind, PlaneKind):
        raise TypeError("kind: points of the plane are no data of one's own")
    if isinstance(kind, TextKind):
        return presets_of_texts(ask)
    return _table(kind, ask) if isinstance(kind, TableKind) else _pictures(kind, ask)


def _pictures(kind: ImageKind, ask: Ask) -> dict[str, Preset]:
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
        "baseline": stopped(
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
            epochs=epochs_of(ask, batch, 200),
            batch_size=batch,
        ),
    }


def _table(kind: TableKind, ask: Ask) -> dict[str, Preset]:
    plain = _features(kind, ask.rows, "standardized")
    quick = ask.preset(
        "One hidden layer of 32 units, a few epochs",
        plain,
        (Dense(units=32),),
        epochs=epochs_of(ask, ask.batch(100, 512), 200),
        batch_size=ask.batch(100, 512),
    )
    if ask.rows < SMALL:
        # Few rows are learnt by heart: a wide smooth layer, held down, and no more steps than it takes.
        baseline = ask.preset(
            "One hidden layer of 128 tanh units with an L2 penalty, for few rows",
            plain,
            (Dense(units=128, activation="tanh", l2=0.005),),
            epochs=max(20, epochs_of(ask, 16, 800)),
            batch_size=16,
            validation=ask.watched,
        )
    else:
        baseline = stopped(
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


def _best_of_tables(kind: TableKind, ask: Ask, baseline: Preset) -> Preset:
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
