"""Problem documents, and the paths of the fields that they name."""

import json
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError

from app.domain.recipes import RecipePatch
from app.kinds.image import ImageInput
from app.server.problems import MEDIA_TYPE, field_errors, field_path, response
from app.wire.predictions import Options
from app.wire.problems import Problem
from app.wire.runs import TrainRequest


def paths(form: Any, given: Any, prefix: str = "") -> list[str]:
    """The fields that are named when `given` is refused."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(form).validate_python(given)
    return [found["field"] for found in field_errors(caught.value.errors(), given, prefix)]


@pytest.mark.parametrize(
    ("location", "given", "expected"),
    [
        (("seed",), {"seed": -1}, "seed"),
        (("task",), {}, "task"),
        (("recipe", "layers", 0, "dense", "units"), {"recipe": {"layers": [{"units": 0}]}}, "recipe.layers.0.units"),
        (("recipe", "layers", 1, "dense", "units"), {"recipe": {"layers": [{}, {}]}}, "recipe.layers.1.units"),
        (("tags", "a.b"), {"tags": {"a.b": 1}}, "tags.a.b"),
        (("tags", "key", "[key]"), {"tags": {"key": 1}}, "tags.key"),
        ((), {}, "body"),
        ((), [], "body"),
        (("task",), [], "body"),
        (("a", 5), {"a": [1]}, "a"),
    ],
)
def test_a_location_becomes_a_path_into_what_was_sent(location: tuple[Any, ...], given: Any, expected: str) -> None:
    assert expected == field_path(location, given)


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"layers": [{"kind": "dense", "units": 0}]}, ["layers.0.units"]),
        ({"layers": [{"kind": "dense"}]}, ["layers.0.units"]),
        ({"layers": [{"kind": "flatten"}, {"kind": "dropout", "rate": 1}]}, ["layers.1.rate"]),
        ({"layers": [{"kind": "dropout", "rate": 0.5, "units": 3}]}, ["layers.0.units"]),
        ({"layers": [{"kind": "lstm"}]}, ["layers.0"]),
        ({"layers": [{}]}, ["layers.0"]),
        ({"layers": {}}, ["layers"]),
        ({"optimizer": {"kind": "adam", "learning_rate": 0}}, ["optimizer.learning_rate"]),
        ({"features": {"kind": "multi_hot", "words": 4}}, ["features.words"]),
        ({"features": {"kind": "standardized", "exclude": ["B", 1]}}, ["features.exclude.1"]),
        ({"early_stopping": {"monitor": "luck"}}, ["early_stopping.monitor"]),
        ({"epochs": 0, "batch_size": 0}, ["epochs", "batch_size"]),
        ({"epoch": 1}, ["epoch"]),
    ],
)
def test_names_of_union_members_are_left_out(patch: dict[str, Any], expected: list[str]) -> None:
    """Pydantic says `layers.0.dense.units`; nobody sent a field `dense`."""
    assert expected == paths(RecipePatch, patch)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        ([0] * 783, "pixels"),
        ([0] * 783 + [256], "pixels.783"),
        ([[0] * 28] * 27, "pixels"),
        ([[0] * 28] * 27 + [[0] * 27], "pixels.27"),
        ([[0] * 28] * 27 + [[0] * 27 + [-1]], "pixels.27.27"),
        ("picture", "pixels"),
        (None, "pixels"),
    ],
)
def test_forms_of_a_picture_are_left_out_too(pixels: Any, expected: str) -> None:
    assert [expected] == paths(ImageInput, {"pixels": pixels})


@pytest.mark.parametrize(
    ("form", "given", "expected"), [(ImageInput, {"pixels": {}}, "pixels"), (Options, {"model": {}}, "model")]
)
def test_a_union_member_that_ends_a_location_is_left_out(form: Any, given: dict[str, Any], expected: str) -> None:
    """An object in the place of something else."""
    assert {expected} == set(paths(form, given))


def test_a_prefix_leads_to_the_part_that_was_checked() -> None:
    assert ["recipe.epochs"] == paths(RecipePatch, {"epochs": 0}, prefix="recipe.")


def test_nested_forms_are_named_from_the_top() -> None:
    given = {
        "task": "sentiment",
        "recipe": {"layers": [{"kind": "dense", "units": 10**9}]},
        "validation": {"kind": "k"},
    }

    assert ["recipe.layers.0.units", "validation"] == paths(TrainRequest, given)


def test_no_more_than_twenty_fields_are_named() -> None:
    given = {"layers": [{"kind": "dense", "units": 0}] * 16, **{f"field{n}": n for n in range(10)}}

    assert 20 == len(paths(RecipePatch, given))


def test_messages_are_in_our_words() -> None:
    given = {"colour": 1, "number": 0}

    def check(value: int) -> int:
        raise ValueError("must be odd")

    class Form(BaseModel):
        model_config = ConfigDict(extra="forbid")
        number: Annotated[int, AfterValidator(check)]

    with pytest.raises(ValidationError) as caught:
        Form.model_validate(given)

    assert [
        {"field": "number", "message": "must be odd"},
        {"field": "colour", "message": "there is no such field"},
    ] == field_errors(caught.value.errors(), given)


def test_limits_are_told() -> None:
    with pytest.raises(ValidationError) as caught:
        RecipePatch.model_validate({"epochs": 10**9})

    assert "10000" in field_errors(caught.value.errors(), {"epochs": 10**9})[0]["message"]


def test_a_problem_is_a_json_document_of_its_own_type() -> None:
    answer = response(404, "not-found", "there is no run 'r-1'", headers={"X-Extra": "1"}, request_id="q-1")

    assert 404 == answer.status_code
    assert MEDIA_TYPE == answer.headers["content-type"]
    assert "1" == answer.headers["x-extra"]
    assert Problem(
        type="urn:densely:problem:not-found",
        title="Not Found",
        status=404,
        detail="there is no run 'r-1'",
        request_id="q-1",
    ) == Problem.model_validate_json(bytes(answer.body))


def test_a_lone_surrogate_can_be_told_back() -> None:
    """UTF-8 cannot carry it, an escape in JSON can."""
    errors = [{"field": "\ud800", "message": "there is no such field"}]
    body = bytes(response(422, "invalid-input", "\ud800: there is no such field", errors=errors).body)

    assert body.isascii()
    assert "\ud800" == json.loads(body)["errors"][0]["field"]
