"""The sentiment network for the peers, written the obvious way with NumPy alone: their environments hold no Densely."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

LABELS = ("negative", "positive")
SPACES = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))
LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


class Vocabulary:
    """Texts as word ids."""

    def __init__(self, folder: Path) -> None:
        """`folder` is a model's in the models store."""
        saved = json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))
        reserved = saved["reserved"]
        self.start, self.unknown = reserved["start"], reserved["unknown"]
        self.words: int = saved["words"]
        self.ids = {word: number for number, word in enumerate(saved["vocabulary"], reserved["first_word"])}

    def ids_of(self, text: str) -> list[int]:
        """Each id of a text once, also those of its start and of unknown words."""
        words = LINE_BREAK.sub(" ", text).lower().translate(SPACES).split()
        return list({self.start, *(self.ids.get(word, self.unknown) for word in words)})


class Network:
    """Raw texts in, label and probability out."""

    def __init__(self, folder: Path) -> None:
        """`folder` is a model's in the models store."""
        self.vocabulary = Vocabulary(folder)
        with np.load(folder / "weights.npz") as weights:
            self.layers = [(weights[f"{i}/kernel"], weights[f"{i}/bias"]) for i in range(len(weights.files) // 2)]

    def predict(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """An answer for each text, in order."""
        (kernel, bias), *hidden, (last_kernel, last_bias) = self.layers
        x = np.stack([kernel[self.vocabulary.ids_of(text)].sum(axis=0) for text in texts])
        x = np.maximum(x + bias, 0)
        for weights, offsets in hidden:
            x = np.maximum(x @ weights + offsets, 0)
        scores = (x @ last_kernel + last_bias)[:, 0]
        return [answer(share) for share in (1 / (1 + np.exp(-scores))).tolist()]


def answer(positive: float) -> dict[str, Any]:
    """The likelier label and its probability, from the network's output."""
    chosen = int(positive >= 0.5)
    return {"label": LABELS[chosen], "probability": round(positive if chosen else 1 - positive, 6)}
