"""Optimizers: Keras' arguments, Keras' defaults, and their limits."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.domain.optimizers import SGD, Adagrad, Adam, AdamW, MomentumSGD, Optimizer, RMSprop

# As documented for keras.optimizers of Keras 3; `momentum` is ours: SGD with the momentum of textbooks.
KERAS_DEFAULTS: dict[str, dict[str, Any]] = {
    "sgd": {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
    "momentum": {"learning_rate": 0.01, "momentum": 0.9, "nesterov": False},
    "adagrad": {"learning_rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
    "rmsprop": {"learning_rate": 0.001, "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False},
    "adam": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False},
    "adamw": {
        "learning_rate": 0.001,
        "weight_decay": 0.004,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
        "amsgrad": False,
    },
}
FORMS = {"sgd": SGD, "momentum": MomentumSGD, "adagrad": Adagrad, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}

# The values that are just within, and those just beyond.
ABOVE_ZERO = ([5e-324, 1e-9, 1.0], [0, 0.0, -1e-9])
SHARE = ([0, 0.0, 0.5, 0.999999], [-1e-9, 1, 1.0, 1.5])
LIMITS: dict[str, tuple[list[float], list[float]]] = {
    "learning_rate": ([*ABOVE_ZERO[0], 10, 10.0], [*ABOVE_ZERO[1], 10.000001, 1e300]),
    "epsilon": (ABOVE_ZERO[0], [*ABOVE_ZERO[1], 1.000001]),
    "momentum": SHARE,
    "rho": SHARE,
    "beta_1": SHARE,
    "beta_2": SHARE,
    "weight_decay": ([0, 0.004, 10], [-1e-9, 10.000001]),
    "initial_accumulator_value": ([0, 0.1, 1e6], [-1e-9, 1e6 + 1]),
}
NUMBERS = [(kind, name) for kind, given in KERAS_DEFAULTS.items() for name in given if name in LIMITS]
FLAGS = [(kind, name) for kind, given in KERAS_DEFAULTS.items() for name in given if name not in LIMITS]
every_kind = pytest.mark.parametrize("kind", KERAS_DEFAULTS)
every_number = pytest.mark.parametrize(("kind", "name"), NUMBERS)
every_flag = pytest.mark.parametrize(("kind", "name"), FLAGS)


def made(given: dict[str, Any]) -> Any:
    return TypeAdapter(Optimizer).validate_python(given)


def refused(given: dict[str, Any]) -> list[str]:
    """The last part of each place at fault."""
    with pytest.raises(ValidationError) as caught:
        made(given)
    return [str(error["loc"][-1]) for error in caught.value.errors()]


@every_kind
def test_defaults_are_those_of_keras(kind: str) -> None:
    """And the arguments are Keras', by the same names and no more."""
    assert {"kind": kind, **KERAS_DEFAULTS[kind]} == made({"kind": kind}).model_dump()


@every_kind
def test_a_kind_has_its_form(kind: str) -> None:
    assert isinstance(made({"kind": kind}), FORMS[kind])
    assert FORMS[kind]() == made({"kind": kind})


@every_number
def test_arguments_have_limits(kind: str, name: str) -> None:
    within, beyond = LIMITS[name]

    assert within == [getattr(made({"kind": kind, name: value}), name) for value in within]
    assert [[name]] * len(beyond) == [refused({"kind": kind, name: value}) for value in beyond]


@every_number
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), float("-inf"), "0.1", "", True, None, [0.1], {"a": 0.1}, 10**400]
)
def test_an_argument_is_a_finite_number(kind: str, name: str, value: object) -> None:
    assert [name] == refused({"kind": kind, name: value})


@every_flag
def test_a_flag_is_true_or_false(kind: str, name: str) -> None:
    assert [True, False] == [getattr(made({"kind": kind, name: value}), name) for value in (True, False)]
    values: tuple[object, ...] = (0, 1, "true", None, [])
    for value in values:
        assert [name] == refused({"kind": kind, name: value})


@every_kind
@pytest.mark.parametrize("name", ["lr", "decay", "clipnorm", "use_ema", "learning_rat", "name", ""])
def test_unknown_arguments_are_refused(kind: str, name: str) -> None:
    """A misspelt argument must not silently leave the default in place."""
    assert [name] == refused({"kind": kind, name: 0.1})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind, given in KERAS_DEFAULTS.items()
        for name in sorted({argument for every in KERAS_DEFAULTS.values() for argument in every} - set(given))
    ],
)
def test_arguments_of_other_optimizers_are_refused(kind: str, name: str) -> None:
    assert [name] == refused({"kind": kind, name: 0.1})


@every_kind
def test_an_optimizer_survives_json(kind: str) -> None:
    given = made({"kind": kind, **{name: LIMITS[name][0][1] for of, name in NUMBERS if of == kind}})

    assert given == TypeAdapter(Optimizer).validate_json(given.model_dump_json())


@every_kind
def test_optimizers_are_frozen(kind: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        made({"kind": kind}).learning_rate = 0.5


@pytest.mark.parametrize("kind", ["SGD", "nadam", "lion", "adam ", "", None, 1])
def test_unknown_optimizers_are_refused(kind: object) -> None:
    with pytest.raises(ValidationError, match="union_tag_invalid"):
        made({"kind": kind})


def test_an_optimizer_has_a_kind() -> None:
    with pytest.raises(ValidationError, match="union_tag_not_found"):
        made({"learning_rate": 0.1})
