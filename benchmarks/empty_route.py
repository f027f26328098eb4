"""The measure: a FastAPI application that takes typed bodies and answers a typed constant, without doing anything."""

import sys
from typing import Annotated

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

Pixels = list[list[float]]


class ReviewBody(BaseModel):
    """A review."""

    task: str
    text: Annotated[str, Field(min_length=1, max_length=100_000)]


class StoryBody(ReviewBody):
    """A story."""

    title: str | None = None


class DigitBody(BaseModel):
    """A picture."""

    task: str
    pixels: Pixels


class HousingFields(BaseModel):
    """Thirteen figures."""

    CRIM: float
    ZN: float
    INDUS: float
    CHAS: float
    NOX: float
    RM: float
    AGE: float
    DIS: float
    RAD: float
    TAX: float
    PTRATIO: float
    B: float
    LSTAT: float


class HousingBody(BaseModel):
    """A part of town."""

    task: str
    features: HousingFields


class Answer(BaseModel):
    """What a model would answer."""

    label: str
    probability: float


app = FastAPI()
CONSTANT = Answer(label="positive", probability=0.5)


@app.post("/sentiment")
async def sentiment(body: ReviewBody) -> Answer:
    """Nothing."""
    del body
    return CONSTANT


@app.post("/newswire")
async def newswire(body: StoryBody) -> Answer:
    """Nothing."""
    del body
    return CONSTANT


@app.post("/digits")
async def digits(body: DigitBody) -> Answer:
    """Nothing."""
    del body
    return CONSTANT


@app.post("/housing")
async def housing(body: HousingBody) -> Answer:
    """Nothing."""
    del body
    return CONSTANT


@app.get("/health/ready")
async def ready() -> None:
    """It answers."""


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning", server_header=False)
