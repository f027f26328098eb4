"""Whatever a run was: what is said of it can be told, and its changes make other recipes that are whole."""

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.advice import Curve, Known, advise
from app.domain.recipes import HEADS, Holdout, KFold, NoValidation, Recipe, RecipePatch
from app.domain.runs import Metrics, Spread, SpreadOver
from app.wire.advice import RunAdvice
from tests.support.strategies import recipes

figures = st.floats(0, 1e6)
near = st.floats(0.2, 1.0)
validations = st.one_of(
    st.just(NoValidation()),
    st.builds(Holdout, size=st.integers(1, 20_000)),
    st.builds(KFold, folds=st.integers(2, 20)),
)


@st.composite
def histories(draw: st.DrawFn, metric: str) -> list[dict[str, float]]:
    """Of some course: any figures, or such as real ones, that fall, turn and jump."""
    names = ["loss", metric, *draw(st.sampled_from([[], ["val_loss", f"val_{metric}"]]))]
    count = draw(st.integers(0, 40))
    if draw(st.booleans()):
        return [{name: draw(figures) for name in names} for _ in range(count)]
    turn, rise, jump = draw(st.integers(0, 40)), draw(st.floats(0, 0.1)), draw(st.floats(0, 0.5))
    return [
        {name: 0.3 + rise * abs(n - turn) if name == "val_loss" else 0.9**n + jump * (n % 2) for name in names}
        for n in range(count)
    ]


@st.composite
def runs(draw: st.DrawFn) -> Known:
    recipe = draw(recipes())
    metric = HEADS[recipe.head].metric
    value = near | (st.floats(0, 1) if HEADS[recipe.head].higher_is_better else figures)
    some = st.fixed_dictionaries({}, optional={metric: value, "loss": figures})
    spread = st.builds(Spread, mean=near, std=st.floats(0, 1), min=near, max=near)
    return Known(
        recipe=recipe,
        validation=draw(validations),
        metrics=Metrics(
            train=draw(some),
            validation=draw(some),
            test=draw(some),
            baseline=draw(some),
            spread=draw(
                st.none()
                | st.builds(
                    SpreadOver,
                    over=st.sampled_from(["folds", "seeds"]),
                    count=st.integers(2, 20),
                    validation=st.fixed_dictionaries({metric: spread}),
                    test=st.fixed_dictionaries({metric: spread}),
                )
            ),
        ),
        curve=Curve(draw(histories(metric))),
        succeeded=draw(st.booleans()),
        diverged=draw(st.booleans()),
        labels=draw(st.none() | st.dictionaries(st.text(max_size=5), st.integers(0, 100_000), max_size=6)),
        train_rows=draw(st.none() | st.integers(0, 100_000)),
        test_rows=draw(st.none() | st.integers(0, 100_000)),
    )


def told(known: Known) -> list[dict[str, Any]]:
    """As the API tells it."""
    return RunAdvice(items=advise(known)).model_dump(mode="json", exclude_unset=True)["items"]  # type: ignore[no-any-return]


@given(runs())
def test_every_change_makes_another_whole_recipe(known: Known) -> None:
    for advice in told(known):
        assert (advice["change"] is None) == (advice["change_text"] is None)
        if advice["change"] is None:
            continue
        patch = RecipePatch.model_validate(advice["change"])
        changed = patch.apply(known.recipe)
        assert changed != known.recipe
        assert changed == Recipe.model_validate_json(changed.model_dump_json())
        others = set(Recipe.model_fields) - set(advice["change"])
        assert all(getattr(changed, name) == getattr(known.recipe, name) for name in others), "it says all that it does"
        if changed.early_stopping and changed.early_stopping != known.recipe.early_stopping:
            assert known.validation.kind != "none", "nothing would be measured that it could stop by"


@given(runs())
def test_what_is_said_has_its_figures_and_is_said_once(known: Known) -> None:
    found = told(known)
    assert len({advice["kind"] for advice in found}) == len(found)
    for advice in found:
        assert advice["figures"]
        assert all(math.isfinite(value) for value in advice["figures"].values())
        assert advice["since_epoch"] is None or 1 <= advice["since_epoch"] <= len(known.curve) + 1
        assert advice["title"]
        assert advice["message"].endswith(".")
