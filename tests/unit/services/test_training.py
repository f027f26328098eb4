"""What an Idempotency-Key is compared by."""

import json
from typing import Any

import pytest

from app.services.idempotency import _told
from app.wire.runs import TrainRequest


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"validation": {"kind": "holdout", "size": 5}}, {"validation": {"kind": "holdout", "size": 5}}),
        ({"validation": {"kind": "kfold", "folds": 2}}, {"validation": {"kind": "kfold", "folds": 2}}),
        (
            {"validation": {"kind": "holdout", "size": 5, "rows": "shuffled"}},
            {"validation": {"kind": "holdout", "size": 5, "rows": "shuffled"}},
        ),
    ],
)
def test_fields_that_say_nothing_are_not_told(asked: dict[str, Any], told: dict[str, Any]) -> None:
    """A request of before there were such fields is told as it was then."""
    found = json.loads(_told(TrainRequest.model_validate({"task": "housing", **asked})))

    assert told == {name: found[name] for name in told}
    assert not {"seeds", "webhook"} & set(found)
    assert "targets" not in found["recipe"]


def test_a_field_that_says_something_is_told() -> None:
    asked = TrainRequest.model_validate({"task": "housing", "recipe": {"targets": "standardized"}, "seeds": 2})

    assert {"targets": "standardized", "seeds": 2} == {
        name: value for part in (json.loads(_told(asked)), json.loads(_told(asked))["recipe"])
        for name, value in part.items() if name in ("targets", "seeds")
    }  # fmt: skip
