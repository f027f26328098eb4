"""The tutorial way: `model.predict` in a FastAPI route, on the dense rows that the notebooks build."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.peers.network import Vocabulary, answer

FOLDER = Path(sys.argv[1])


class Review(BaseModel):
    """One text."""

    text: str


class Reviews(BaseModel):
    """Many."""

    texts: list[str]


class Prediction(BaseModel):
    """What the model says of it."""

    label: str
    probability: float


app = FastAPI()
vocabulary = Vocabulary(FOLDER)
model = keras.models.load_model(FOLDER / "model.keras")


def predict(texts: Sequence[str]) -> list[dict[str, Any]]:
    """One answer for each text."""
    x = np.zeros((len(texts), vocabulary.words))
    for row, text in enumerate(texts):
        x[row, vocabulary.ids_of(text)] = 1.0
    return [answer(float(share)) for share in model.predict(x, verbose=0)[:, 0]]


@app.post("/predict")
async def one(body: Review) -> Prediction:
    """A review."""
    return Prediction(**predict([body.text])[0])


@app.post("/predict-many")
async def many(body: Reviews) -> list[Prediction]:
    """Some reviews."""
    return [Prediction(**found) for found in predict(body.texts)]


@app.get("/health")
async def health() -> None:
    """It answers."""


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning")
