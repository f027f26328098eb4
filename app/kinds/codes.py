"""An encoded row of plain numbers: how a client gets it, sends it, and gets it turned back."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.domain.numbers import Number


class Values(BaseModel):
    """One encoded row of plain numbers."""

    model_config = ConfigDict(extra="forbid")
    values: list[Annotated[Number, Field(ge=-1e6, le=1e6)]] = Field(
        max_length=10_000, fail_fast=True, description="what the first layer takes, in order"
    )


class NamedValues(BaseModel):
    """One encoded row of plain numbers, with their names."""

    values: list[float] = Field(description="what the first layer takes, in order")
    columns: list[str] = Field(description="what each value stands for; empty where they have no names")


class Restored(BaseModel):
    """An encoded row turned back."""

    input: dict[str, Any] = Field(description="the fields of which this is the encoding")
