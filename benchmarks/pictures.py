"""How many of 200 test digits of MNIST are read right in each form in which people send them: a Markdown table.

Needs MNIST in DENSELY_DATASETS_DIR. Answers are those of the bundled model; forms are varied at random, from a seed.
"""

import argparse
import base64
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.artifacts.store import ArtifactStore
from app.errors import Refused
from app.inference.predictor import Predictor
from app.kinds.image import ImageInput
from app.settings import Settings
from app.tasks.catalog import TaskCatalog
from app.wire.predictions import Options
from benchmarks.picture_forms import FORMS


def bundled() -> Predictor:
    """The bundled model for digits."""
    store = ArtifactStore(Settings().bundled_models)
    return Predictor(TaskCatalog().get("digits"), store.open("digits", store.bundled()["digits"]), 1)


@cache  # they are the same for each form, and to look for them in the file takes a second
def digits(count: int, seed: int) -> tuple[NDArray[np.uint8], list[int]]:
    """Pictures (count, 28, 28) of the test split and their labels."""
    datasets = Settings().datasets
    rows = pq.read_table(datasets / "mnist.parquet", filters=[("split", "=", "test")])
    chosen = np.random.default_rng(seed).choice(rows.num_rows, count, replace=False)
    rows = rows.take(np.sort(chosen))
    pixels = np.asarray(rows["pixels"].to_pylist(), dtype=np.uint8).reshape(-1, 28, 28)
    return pixels, rows["label"].to_pylist()


def measure(form: Callable[..., bytes], predictor: Predictor, count: int, seed: int) -> dict[str, Any]:
    """Shares of right, surely wrong (0.9 without a warning) and refused; milliseconds of each."""
    pixels, labels = digits(count, seed)
    right = sure = warned = refused = 0
    seconds = 0.0
    for place, (digit, label) in enumerate(zip(pixels, labels, strict=True)):
        content = base64.b64encode(form(digit, np.random.default_rng((seed, place)))).decode()
        began = time.process_time()
        try:
            (answer,) = predictor.predict([ImageInput(image=content)], Options())
        except (Refused, ValueError):
            refused += 1
            answer = {"label": None, "probability": 0, "warnings": []}
        seconds += time.process_time() - began
        right += answer["label"] == label
        warned += bool(answer["warnings"])
        sure += answer["label"] != label and answer["probability"] > 0.9 and not answer["warnings"]
    return {
        "right": right / count,
        "surely wrong": sure / count,
        "warned": warned / count,
        "refused": refused / count,
        "ms": 1000 * seconds / count,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="forms whose name holds this")
    parser.add_argument("--save", type=Path, help="a folder for the pictures")
    given = parser.parse_args()
    predictor = bundled()
    print("| form | right | wrong with 0.9 or more, no warning | warned of | refused | ms |\n|---|---|---|---|---|---|")
    for name, form in FORMS.items():
        if given.only in name:
            found = measure(form, predictor, given.count, given.seed)
            shares = " | ".join(f"{100 * found[key]:.1f} %" for key in ("right", "surely wrong", "warned", "refused"))
            print(f"| {name} | {shares} | {found['ms']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
