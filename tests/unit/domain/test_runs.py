"""Runs: the table of transitions, and what may be asked for."""

import json
import sys
import unicodedata
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.domain.recipes import Holdout, RecipePatch
from app.domain.runs import (
    FINAL,
    TRANSITIONS,
    Change,
    Line,
    Measured,
    Metrics,
    RunRequest,
    RunStatus,
    Slug,
    Spread,
    SpreadOver,
    seed_of_fit,
)
from app.wire.runs import Epoch, TrainRequest
from tests.support.tasks import TASKS

CONTROLS = [chr(n) for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) == "Cc"]


def reachable(start: RunStatus) -> set[RunStatus]:
    """The statuses that a run can come to from `start`, itself included."""
    found = {start}
    while more := {to for (status, _), to in TRANSITIONS.items() if status in found} - found:
        found |= more
    return found


def test_every_status_is_reachable_from_queued() -> None:
    assert set(RunStatus) == reachable(RunStatus.QUEUED)


def test_final_statuses_are_those_without_a_way_out() -> None:
    assert {RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED} == FINAL
    assert not {status for status, _ in TRANSITIONS} & FINAL


@pytest.mark.parametrize("status", RunStatus)
def test_every_run_can_still_end(status: RunStatus) -> None:
    assert reachable(status) & FINAL


@pytest.mark.parametrize("change", Change)
def test_every_change_has_its_place(change: Change) -> None:
    assert change in {c for _, c in TRANSITIONS}


def test_only_a_publication_and_a_trials_figure_succeed() -> None:
    assert {(RunStatus.RUNNING, Change.PUBLISHED), (RunStatus.RUNNING, Change.MEASURED)} == {
        key for key, to in TRANSITIONS.items() if to is RunStatus.SUCCEEDED
    }


def test_only_a_claim_makes_a_run_running() -> None:
    assert {(RunStatus.QUEUED, Change.CLAIMED)} == {key for key, to in TRANSITIONS.items() if to is RunStatus.RUNNING}


def test_a_request_needs_only_a_task() -> None:
    request = TrainRequest(task="sentiment")

    assert ("baseline", "if_better") == (request.preset, request.activate)
    assert RecipePatch() == request.recipe
    assert (None, None, None, None) == (request.dataset, request.seed, request.validation, request.name)
    assert 1 == request.seeds


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("seed", 2**31),
        ("seed", 10**9 * 10**9),
        ("seed", "1"),
        ("seed", True),
        ("seed", 1.5),
        ("seed", float("nan")),
        ("seeds", 0),
        ("seeds", -1),
        ("seeds", 21),
        ("seeds", 10**9 * 10**9),
        ("seeds", "2"),
        ("seeds", True),
        ("seeds", 1.5),
        ("seeds", None),
        ("seeds", [1, 2]),
        ("activate", "sometimes"),
        ("task", "x" * 65),
        ("task", None),
        ("validation", {"kind": "leave_one_out"}),
        ("validation", {"kind": "holdout", "size": "10000"}),
        ("recipe", {"epochs": 0}),
        ("recipe", {"epoch": 1}),
        ("recipe", None),
        ("tags", {f"t{n}": "" for n in range(21)}),
        ("tags", {"": "empty key"}),
        ("tags", {"-": "no letter first"}),
        ("tags", {"a" * 65: "long key"}),
        ("tags", {"key": "v" * 201}),
        ("tags", {"key": 1}),
        ("name", "n" * 201),
        ("nmae", "misspelt"),
    ],
)
def test_what_is_beyond_a_limit_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        TrainRequest.model_validate({"task": "sentiment", name: value})

    assert {name} == {error["loc"][0] for error in caught.value.errors()}


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_seeds_have_31_bits(seed: int) -> None:
    assert seed == TrainRequest(task="sentiment", seed=seed).seed


@pytest.mark.parametrize("seeds", [1, 2, 20])
def test_a_run_may_train_with_several_seeds(seeds: int) -> None:
    assert seeds == TrainRequest(task="sentiment", seeds=seeds).seeds


@pytest.mark.parametrize(
    ("seed", "number", "expected"),
    [
        (7, 0, 7),
        (7, 1, 8),
        (7, 19, 26),
        (0, 0, 0),
        (2**31 - 1, 0, 2**31 - 1),
        (2**31 - 1, 1, 0),
        (2**31 - 1, 20, 19),
        (2**31 - 5, 4, 2**31 - 1),
        (2**31 - 5, 5, 0),
    ],
)
def test_each_fit_has_a_seed_of_its_own(seed: int, number: int, expected: int) -> None:
    """The published fit has the run's; after the largest seed comes 0."""
    assert expected == seed_of_fit(seed, number)


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**31 - 20, 2**31 - 1])
def test_no_two_fits_share_a_seed(seed: int) -> None:
    """And each is one that a client could ask for."""
    seeds = [seed_of_fit(seed, number) for number in range(20)]

    assert 20 == len(set(seeds))
    assert seeds == [TrainRequest(task="sentiment", seed=each).seed for each in seeds]


def test_an_epoch_shows_its_figures_beside_its_number() -> None:
    epoch = Epoch(epoch=3, fold=None, seed=8, seconds=0.5, metrics={"loss": 0.25, "val_f1": 0.5})
    expected = {"epoch": 3, "fold": None, "seed": 8, "seconds": 0.5, "loss": 0.25, "val_f1": 0.5}

    assert expected == epoch.model_dump()
    assert expected == json.loads(epoch.model_dump_json())


def test_a_measurement_does_not_change() -> None:
    measured = Measured(fit=0, epoch=1, seconds=0.5, metrics={"loss": 0.25}, at=datetime.now(UTC))

    with pytest.raises(FrozenInstanceError):
        measured.epoch = 2  # type: ignore[misc]


def test_metrics_of_a_single_fit_have_no_spread() -> None:
    """Also those of models that were published before there were several seeds."""
    metrics = Metrics.model_validate({"train": {"loss": 0.5}, "test": {"accuracy": 0.9}})

    assert (None, []) == (metrics.spread, metrics.fits)


@pytest.mark.parametrize("over", ["folds", "seeds"])
def test_metrics_with_a_spread_survive_json(over: str) -> None:
    spread = Spread(mean=0.5, std=0.25, min=0.25, max=0.75)
    given = {
        "test": {"f1": 0.75},
        "spread": SpreadOver.model_validate({"over": over, "count": 2, "test": {"f1": spread}}),
        "fits": [{"seed": 3, "epochs": 4, "test": {"f1": 0.75}}, {"fold": 2, "epochs": 4}],
    }
    metrics = Metrics.model_validate(given)

    assert metrics == Metrics.model_validate_json(metrics.model_dump_json())
    assert metrics == Metrics.model_validate(json.loads(metrics.model_dump_json()))


def test_a_spread_is_over_folds_or_seeds() -> None:
    with pytest.raises(ValidationError, match="over"):
        SpreadOver.model_validate({"over": "runs", "count": 2})


def accepted(characters: list[str]) -> list[str]:
    """Those of the characters that a name may hold."""
    found = []
    for character in characters:
        try:
            TypeAdapter(Line).validate_python(f"first{character}second")
        except ValidationError:
            continue
        found.append(character)
    return found


def test_a_name_holds_no_control_characters() -> None:
    """They break logs and terminals."""
    assert [] == accepted([character for character in CONTROLS if character <= "\x7f"])


def test_a_name_holds_no_control_characters_beyond_ascii() -> None:
    """0x9b begins an escape sequence on terminals, as ESC [ does."""
    assert [] == accepted([character for character in CONTROLS if character > "\x7f"])


@pytest.mark.parametrize("character", ["\n", "\x00"])
def test_a_control_character_at_the_end_does_not_slip_through(character: str) -> None:
    """A `$` that also matches before a last line break would let it."""
    for kind in (Line, Slug):
        with pytest.raises(ValidationError, match="pattern"):
            TypeAdapter(kind).validate_python(f"name{character}")


@pytest.mark.parametrize("text", ["", "Second try, 16 units", "größer, 更大, 🙂"])
def test_a_name_may_be_any_line_of_text(text: str) -> None:
    assert text == TrainRequest(task="sentiment", name=text).name


@pytest.mark.parametrize("key", ["a", "Lab.3", "0_run-x"])
def test_tags_have_plain_keys(key: str) -> None:
    assert {key: "any value"} == TrainRequest(task="sentiment", tags={key: "any value"}).tags


def test_a_run_request_survives_json() -> None:
    """Retrying builds one from what the database kept."""
    given: dict[str, Any] = {
        "task": "sentiment",
        "preset": "baseline",
        "dataset": "imdb",
        "recipe": TASKS.get("sentiment").presets["baseline"].recipe,
        "validation": Holdout(size=10),
        "seed": 3,
        "seeds": 5,
        "activate": "never",
        "name": "n",
        "tags": {"a": "b"},
        "retry_of": "r-1",
    }
    request = RunRequest.model_validate(given)

    assert request == RunRequest.model_validate_json(request.model_dump_json())
    assert request == RunRequest.model_validate(json.loads(request.model_dump_json()))
