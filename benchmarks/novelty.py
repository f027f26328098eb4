"""How often what is far from the training data is warned of, and how often test rows are.

Needs the real data in DENSELY_DATASETS_DIR. Pictures, points and figures that are far are made here; texts come from
JSON Lines files with a `text` in each line. Everything happens in this process, and no network is trained: only of
pictures does novelty depend on one, and there with `best` it is that of the bundled model.
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from app.datasets.catalog import DatasetCatalog
from app.encoding.pictures.digit import reading_of
from app.encoding.pictures.files import colours_of
from app.encoding.rows import dense
from app.inference.forward import Network
from app.inference.novelty import Novelty
from app.kinds.base import Task
from app.tasks.catalog import TaskCatalog
from app.training.novelty import learn
from benchmarks.picture_drawn import FONTS, drawings, font_of
from benchmarks.pictures import bundled

SIZE = 28
FEW_WORDS = range(3, 13)  # of a sentence that is short
COUNT = 500
LETTERS = "ACDEFHJKLMNPQRTUVWXYadefhkmnprtu"  # that are no digits in any hand
PRINTED = 8  # fonts that they are printed in
HANDS, SEED = 10, 1  # of each kind of drawn digits
TIMES = (2, 5)  # by which a figure exceeds the largest of the training rows

Sets = dict[str, Sequence[Mapping[str, Any]]]  # instances by what they are


def pictures(digits: Any) -> Sets:
    """Pictures that are no digits: noise, dots, what a blurred or an evenly lit photograph shows; digits inverted."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / (SIZE - 1) - 0.5
    waves = rng.normal(size=(COUNT, 6, 3))
    photographs = np.stack([sum(np.cos(6 * (a * x + b * y) + 9 * c) for a, b, c in each) for each in waves])
    low, high = (photographs.min(axis=(1, 2), keepdims=True), photographs.max(axis=(1, 2), keepdims=True))
    angles = rng.uniform(0, 2 * np.pi, COUNT)[:, None, None]
    found = {
        "noise": rng.uniform(size=(COUNT, SIZE, SIZE)),
        "dots": rng.uniform(size=(COUNT, SIZE, SIZE)) < 0.1,
        "smooth patterns": (photographs - low) / (high - low),
        "gradients": np.clip(0.5 + np.cos(angles) * x + np.sin(angles) * y, 0, 1),
        "test digits, inverted": 1 - digits[:COUNT] / 255,
    }
    sets: Sets = {name: [{"pixels": row.ravel().tolist()} for row in rows * 255.0] for name, rows in found.items()}
    drawn = [colours_of(each.content) for each in drawings(HANDS, SEED)]
    sets["printed letters"] = _read([_letter(name, letter) for name in FONTS[:PRINTED] for letter in LETTERS])
    sets["drawn digits, which are none"] = _read(drawn)
    return sets


def _letter(font: str, letter: str) -> Any:
    """(200, 200, 1) black on white."""
    page = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(page).text((50, 30), letter, font=font_of(font, 100), fill=0)
    return np.asarray(page, dtype=np.float32)[..., None]


def _read(some: Sequence[Any]) -> list[dict[str, Any]]:
    """Centred and scaled as digits are, but for those that are refused."""
    found = []
    for colours in some:
        with suppress(ValueError):
            found.append({"pixels": reading_of(colours).pixels.ravel().tolist()})
    return found


def figures(task: Task, columns: Mapping[str, Any]) -> Sets:
    """The example with one figure far beyond the training rows' largest, for each figure."""
    own = task.example["features"]
    return {
        f"one figure {times} times the largest": [
            {"features": {**own, name: float(np.max(columns[name])) * times}} for name in own if name != "CHAS"
        ]
        for times in TIMES
    }


def sentences(texts: Sequence[str]) -> list[dict[str, Any]]:
    """The second sentence of each text, if it is short."""
    found = [text.split(". ")[1] for text in texts if text.count(". ") > 1]
    return [{"text": each} for each in found if len(each.split()) in FEW_WORDS]


def measure(task: Task, preset: str, files: Sequence[Path]) -> None:
    """Print the share that is warned of, for each set."""
    recipe = task.presets[preset].recipe
    catalog = DatasetCatalog(Path(os.environ["DENSELY_DATASETS_DIR"]))
    dataset = catalog.read(task, task.datasets[0], task.target_of(recipe.head))
    encoder = task.fit_encoder(recipe.features, dataset.train.columns)
    train, test = (encoder.encode(rows.columns) for rows in (dataset.train, dataset.test))
    labels = task.label_set(dataset.train.target, recipe.head)
    network: Network | None = bundled().network if (task.kind, preset) == ("image", "best") else None
    found = learn(encoder, train, task.targets(dataset.train.target, labels, recipe.head), test, network)
    assert found is not None
    novelty = Novelty(*found)
    print(f"{task.name} {preset} ({recipe.features.kind}): {found[1].false_alarms:.3f} of {len(test)} test rows")
    sets: Sets = {"far points": [{"point": point} for point in ((3, 2), (-4, 4), (0, -3), (100, 0))]}
    if task.kind == "text":
        told = {file.stem: [json.loads(line) for line in file.read_text().splitlines()] for file in files}
        sets = {name: [{"text": each["text"]} for each in lines] for name, lines in told.items()}
        sets["short sentences of test rows"] = sentences(dataset.test.columns["text"])[:COUNT]
    elif task.kind == "image":
        sets = pictures(dense(test).reshape(-1, SIZE, SIZE) * 255)
    elif task.kind == "table":
        sets = figures(task, dataset.train.columns)
    for name, items in sets.items():
        usable = [item for item in items if any(map(str.isalnum, item.get("text", "a")))]  # others are refused
        rows = encoder.encode(task.columns([task.Input.model_validate(item) for item in usable]))
        hidden = network.hidden(rows) if network else None
        shares = np.array([share for share, _ in novelty.of(rows, hidden)])
        print(f"  {np.mean(shares > novelty.limit):.3f} of {len(shares)} {name}")


def main() -> None:
    """Every task that comes along, with its baseline and with its best preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="a task")
    parser.add_argument("texts", nargs="*", type=Path, help="JSON Lines files, judged by all tasks of texts")
    given = parser.parse_args()
    for task in TaskCatalog().all.values():
        if given.only not in (None, task.name):
            continue
        if {"point", "pixels", "features", "text"} & set(task.example) and task.datasets[0].name != "sample":
            for preset in ("baseline", "best"):
                if preset in task.presets:
                    measure(task, preset, given.texts)


if __name__ == "__main__":
    main()
