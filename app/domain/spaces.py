"""The space of a sweep: which fields of a recipe vary, and over what."""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from app.domain.numbers import Integer, Number
from app.domain.part import Part

Path = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=r"^[a-z_0-9]+(\.[a-z_0-9]+)*$",
        description="a field of the recipe, dotted: `optimizer.learning_rate`, `layers.0.units`; or `seed`",
    ),
]
When = Annotated[
    dict[Path, list[JsonValue]] | None,
    Field(
        max_length=4,
        description="the field varies only in trials where these others have one of these values (or names); "
        "elsewhere it keeps what the recipe has",
    ),
]


class Choice(Part):
    """One of some values, which may be whole parts of a recipe; `null` as an entry of `layers` leaves that layer out.

    As a mapping, values have names by which they are told, and by which conditions know them.
    """

    kind: Literal["choice"] = "choice"
    values: (
        Annotated[list[JsonValue], Field(min_length=1, max_length=100)]
        | Annotated[
            dict[Annotated[str, Field(min_length=1, max_length=64)], JsonValue], Field(min_length=1, max_length=100)
        ]
    )
    when: When = None

    @property
    def parameters(self) -> list[Any]:
        """What trials have of it: its values, or their names."""
        return list(self.values)

    @property
    def named(self) -> list[tuple[str | int, JsonValue]]:
        """Its values with their names; where they have none, with their places."""
        return list(self.values.items() if isinstance(self.values, dict) else enumerate(self.values))

    @property
    def contents(self) -> list[JsonValue]:
        """Its values without their names."""
        return [value for _, value in self.named]


class NumberRange(Part):
    """Numbers from `low` to `high`, both possible; whole ones where both are and the field takes them."""

    kind: Literal["range"] = "range"
    low: Number
    high: Number
    step: Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)] | None = Field(
        None, description="between two of them; a grid needs it, or `points`"
    )
    points: Annotated[int, Integer(1, 1_000)] | None = Field(None, description="of a grid: so many, evenly spaced")
    when: When = None


class LogRange(Part):
    """Numbers from `low` to `high`, evenly spread in their logarithm."""

    kind: Literal["log_range"] = "log_range"
    low: Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]
    high: Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]
    points: Annotated[int, Integer(1, 1_000)] | None = Field(
        None, description="of a grid, which needs it: so many, evenly spaced in their logarithm"
    )
    when: When = None


Axis = Annotated[Choice | NumberRange | LogRange, Field(discriminator="kind")]
Space = Annotated[dict[Path, Axis], Field(min_length=1, max_length=32, description="what varies, by field")]
Parameters = dict[str, Any]  # what a trial has, by path: a value, or the name of a choice's


class Grid(Part):
    """Every combination, in the order of the space."""

    kind: Literal["grid"] = "grid"


class RandomSearch(Part):
    """Drawn evenly from the space (Bergstra & Bengio 2012)."""

    kind: Literal["random"] = "random"


class TPE(Part):
    """Tree-structured Parzen estimator (Bergstra et al. 2011), Optuna's `TPESampler`, multivariate."""

    kind: Literal["tpe"] = "tpe"
    startup_trials: Annotated[int, Integer(1, 1_000)] = Field(10, description="drawn evenly before it begins")


class CmaEs(Part):
    """CMA-ES (Hansen & Ostermeier 2001), Optuna's `CmaEsSampler`; choices and conditions are drawn evenly."""

    kind: Literal["cma_es"] = "cma_es"
    startup_trials: Annotated[int, Integer(1, 1_000)] = Field(1, description="drawn evenly before it begins")


Method = Annotated[Grid | RandomSearch | TPE | CmaEs, Field(discriminator="kind")]


Least = Annotated[
    Annotated[int, Integer(1, 10_000)] | None,
    Field(description="epochs, or folds, that each trial gets; default: a quarter of them, but no fewer than two"),
]


class SuccessiveHalving(Part):
    """Of former generations' trials, the best 1/`factor` at an epoch are the bar there (Jamieson & Talwalkar 2016).

    Looked at after `least`, `least` x `factor`, `least` x `factor`² ... epochs; of k-fold, folds.
    """

    kind: Literal["successive_halving"] = "successive_halving"
    least: Least = None
    factor: Annotated[int, Integer(2, 10)] = 3


class Median(Part):
    """A trial stops where it is worse than the median of former generations there (Golovin et al. 2017).

    Looked at after `least`, twice as many, four times as many ... epochs; of k-fold, folds.
    """

    kind: Literal["median"] = "median"
    least: Least = None


Pruner = Annotated[SuccessiveHalving | Median, Field(discriminator="kind")]


class Budget(Part):
    """When no more trials are asked for; whichever comes first."""

    trials: Annotated[int, Integer(1, 1_000)] = Field(20, description="of a grid, unless it is given: all of it")
    minutes: Annotated[float, Field(gt=0, le=10_080, strict=True, allow_inf_nan=False)] | None = Field(
        None, description="from the request on; trials that are going then end, and count"
    )
