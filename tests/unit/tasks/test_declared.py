"""Tasks of the user's own: their presets fit them whatever they ask, and later rows only add to them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.recipes import Holdout, KFold
from app.services.networks import check_network
from app.tasks.catalog import task_of
from app.tasks.declared import declare, extend
from app.wire.datasets import Findings
from app.wire.declarations import (
    Answer,
    CategoryColumn,
    DeclaredKind,
    ImageKind,
    NumberAnswer,
    NumberColumn,
    OneOf,
    RatingAnswer,
    SeveralOf,
    TableKind,
    TextColumn,
    TextKind,
)
from app.wire.pieces import Range

TEXT = TextKind(columns=(TextColumn(name="text", title="Text"),))
WORDS = tuple(f"w{place}" for place in range(1_000))
KINDS = st.sampled_from(
    [
        TEXT,
        TextKind(columns=(TextColumn(name="text", title="Text", required=False),)),
        ImageKind(size=28, scaling="fit"),
        TableKind(columns=(NumberColumn(name="a"),)),
        TableKind.model_validate(
            {
                "columns": [
                    {"name": "a", "range": {"least": 1e7, "greatest": 2e7, "step": 1}},
                    {"name": "b", "kind": "flag", "required": False},
                    {"name": "c", "kind": "date"},
                    {"name": "d", "kind": "category"},
                ]
            }
        ),
        TableKind(columns=tuple(CategoryColumn(name=f"c{i}", kind="category", values=WORDS) for i in range(500))),
    ]
)
RATING: Any = RatingAnswer.model_validate({"title": "Stars", "column": "stars", "from": 1, "to": 5})
ANSWERS = st.sampled_from(
    [
        OneOf(labels=()),
        OneOf(labels=("a", "b")),
        OneOf(labels=tuple(map(str, range(300)))),
        SeveralOf(labels=()),
        SeveralOf(labels=("a", "b", "e")),
        NumberAnswer(title="Price", unit="", column="price"),
        RATING,
    ]
)


def found(rows: int) -> Findings:
    return Findings(format="csv", bytes=0, rows=rows, train_rows=rows, test_rows=0, split="made", columns=[])


@given(kind=KINDS, answer=ANSWERS, rows=st.none() | st.integers(1, 10_000_000))
@settings(max_examples=150, deadline=None)
def test_declared_presets_fit_their_task(kind: DeclaredKind, answer: Answer, rows: int | None) -> None:
    """And hold out fewer rows than there are, enough of them to calibrate if any: so do classifiers of 40 rows on."""
    if isinstance(kind, ImageKind) and isinstance(answer, SeveralOf):
        return
    task = task_of(declare("own", "Own", "", kind, answer, found(rows) if rows else None, []))

    assert {"quick", "baseline", "best"} == set(task.presets)
    for preset in task.presets.values():
        recipe, validation = preset.recipe, preset.validation
        assert recipe.head in task.heads
        check_network(task, recipe)
        if isinstance(validation, Holdout):
            assert 100 <= validation.size < (rows or 0)
        if isinstance(validation, KFold):
            assert 40 <= (rows or 0)
        assert recipe.early_stopping is None or (validation.kind != "none" and (rows or 0) >= 400)
    is_calibrated = task.presets["baseline"].validation.kind != "none"
    assert is_calibrated == ((rows or 0) >= (400 if task.presets["baseline"].recipe.head == "regression" else 40))


def test_later_rows_add_labels_and_categories_and_widen_ranges() -> None:
    before = TableKind(
        columns=(
            NumberColumn(name="a", range=Range(least=0, greatest=1, step=0.1)),
            CategoryColumn(name="b", kind="category", values=("x", "y")),
        )
    )
    later = TableKind(
        columns=(
            CategoryColumn(name="b", kind="category", values=("z", "x")),
            NumberColumn(name="a", range=Range(least=-1, greatest=0.5, step=0.2), required=False),
        )
    )
    example = {"features": {"a": 0.5, "b": "x"}}
    task = declare("own", "Own", "About", before, OneOf(labels=("l", "k")), found(100), [example])
    wider = extend(task, later, OneOf(labels=("m", "k")), found(5_000), [])
    number, category = wider.kind.columns  # type: ignore[union-attr]

    assert ("l", "k", "m") == wider.answer.labels  # type: ignore[union-attr]
    assert ("x", "y", "z") == category.values  # type: ignore[union-attr]
    assert (Range(least=-1, greatest=1, step=0.1), False) == (number.range, number.required)  # type: ignore[union-attr]
    assert ("About", example) == (wider.description, wider.examples[0].input)
    assert "multiclass" == wider.presets["baseline"].recipe.head
    assert "holdout" == wider.presets["baseline"].validation.kind


def test_presets_stay_those_of_the_largest_dataset() -> None:
    answer = OneOf(labels=("a", "b"))
    task = declare("own", "Own", "", TEXT, answer, found(50_000), [])
    smaller = extend(task, TEXT, answer, found(300), [], most_rows=50_000)
    larger = extend(task, TEXT, answer, found(300_000), [], most_rows=50_000)

    assert task.presets == smaller.presets
    assert declare("own", "Own", "", TEXT, answer, found(300_000), []).presets == larger.presets


def test_what_later_rows_ask_does_not_change_the_question() -> None:
    task = declare("own", "Own", "", TEXT, NumberAnswer(title="Price", unit="p", column="price"), None, [])
    other = extend(task, ImageKind(), OneOf(labels=("a", "b")), None, [])

    assert (task.kind, task.answer) == (other.kind, other.answer)


@pytest.mark.parametrize("labels", [("a",), ("a", "a")])
def test_labels_that_are_none_are_refused(labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="labels"):
        SeveralOf(labels=labels)
