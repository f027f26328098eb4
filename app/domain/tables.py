"""How the columns of a table become numbers."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from app.domain.numbers import Integer
from app.domain.part import Part

ColumnName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$", max_length=64)]


class TableFeatures(Part):
    """What the kinds of numeric columns share."""

    kind: str
    exclude: tuple[ColumnName, ...] = Field((), max_length=64, description="columns that the network does not see")

    @field_validator("exclude", mode="before")
    @classmethod
    def _from_list(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("exclude")
    @classmethod
    def _once(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(columns)) < len(columns):
            raise ValueError("names a column twice")
        return columns


class Standardized(TableFeatures):
    """Numeric columns minus the training split's mean, over its standard deviation."""

    kind: Literal["standardized"] = "standardized"


class Raw(TableFeatures):
    """Numeric columns as they are, each on a scale of its own: to see why one standardises."""

    kind: Literal["raw"] = "raw"


NumberScale = Literal["standardized", "normal", "piecewise", "standardized_and_piecewise"]


class MixedColumns(TableFeatures):
    """Columns of numbers, categories, flags and dates, some of which may be missing."""

    kind: Literal["columns"] = "columns"
    numbers: NumberScale = Field(
        "standardized",
        description="how a number becomes one or more: less the training split's mean, over its deviation; by its rank "
        "in the training split as a normal deviate; or by how far it reaches into each of `bins` intervals that hold "
        "as many training rows each (Gorishniy et al. 2022); or by both the first and the last",
    )
    bins: Annotated[int, Integer(2, 100)] = Field(16, description="intervals of a number, at most; of `piecewise`")
    categories: Annotated[int, Integer(1, 1_000)] = Field(
        1_000,
        description="values of a column that have a place of their own, the most frequent ones; the others share that "
        "of unseen values",
    )
