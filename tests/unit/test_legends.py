"""What runs are called side by side."""

from typing import Any

import pytest

from app.domain.optimizers import Adam
from app.domain.recipes import Dense, Dropout, EarlyStopping, Holdout, NoValidation
from app.services.legends import LETTERS, labels_of
from app.wire.runs import Run
from tests.support.tasks import TASKS

OVERFIT = TASKS.get("sentiment").presets["overfit"].recipe
LAYERS = (Dense(units=16), Dense(units=16))


def run(number: int = 0, **changes: Any) -> Run:
    fields = {
        "id": f"r-{number}", "name": None, "preset": "overfit", "recipe": OVERFIT, "validation": Holdout(size=10),
        "dataset": "imdb", "seed": 1, "seeds": 1,
    }  # fmt: skip
    return Run.model_construct(**{**fields, **changes})


def recipe(*layers: Any, **changes: Any) -> dict[str, Any]:
    return {"recipe": OVERFIT.model_copy(update={"layers": layers or LAYERS, **changes})}


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (({"preset": "l1"}, {"preset": "l2"}, {"preset": "overfit"}), ["l1", "l2", "overfit"]),
        (({"name": "mine"}, {"preset": "l2"}), ["mine", "l2"]),
        (
            (recipe(Dense(units=16, l1=0.001)), recipe(Dense(units=16, l2=0.001)), recipe(Dense(units=16))),
            ["overfit, L1 0.001", "overfit, L2 0.001", "overfit"],
        ),
        (
            (recipe(*LAYERS), recipe(Dense(units=4)), recipe(layers=())),
            ["overfit, 16-16 units", "overfit, 4 units", "overfit, no hidden layer"],
        ),
        (
            (recipe(Dense(units=16), Dropout(rate=0.5)), recipe(Dense(units=16, activation="tanh"))),
            ["overfit, relu, dropout 0.5", "overfit, tanh"],
        ),
        (({"seed": 0}, {"seed": 2}, {"seed": 2, "dataset": "sample"}),
         ["overfit, imdb, seed 0", "overfit, imdb, seed 2", "overfit, sample, seed 2"]),
        ((recipe(epochs=3), recipe(epochs=9, batch_size=64)),
         ["overfit, epochs 3, batch size 512", "overfit, epochs 9, batch size 64"]),
        ((recipe(optimizer=Adam()), recipe(optimizer=Adam(learning_rate=0.5))),
         ["overfit, learning rate 0.001", "overfit, learning rate 0.5"]),
        ((recipe(early_stopping=EarlyStopping(patience=3)), recipe()), ["overfit, patience 3", "overfit"]),
        (({"validation": NoValidation()}, {}), ["overfit, validation none", "overfit, validation holdout"]),
        (({"name": "a"}, {"name": "a"}, {"name": "b", "seed": 7}), ["a (r-0)", "a (r-1)", "b"]),
    ],
)  # fmt: skip
def test_a_label_says_what_differs(runs: tuple[dict[str, Any], ...], expected: list[str]) -> None:
    assert expected == labels_of([run(number, **changes) for number, changes in enumerate(runs)])


def test_labels_are_short_and_all_different_whatever_the_names() -> None:
    names = ["x" * 200, "x" * 200, "x" * 199 + "y", "r", "r (r-3)"]
    labels = labels_of([run(number, name=name, seed=number) for number, name in enumerate(names)])

    assert len(names) == len(set(labels))
    assert all(len(label) <= LETTERS for label in labels)
