"""How often what is far from the training data is warned of, and how often test rows are.

Needs the real data in DENSELY_DATASETS_DIR. Pictures, points and figures that are far are made here; texts come from
JSON Lines files with a `text` in each line. Everything happens in this process, and no network is trained: novelty
does not depend on it.
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.datasets.catalog import DatasetCatalog
from app.encoding.rows import dense
from app.inference.novelty import Novelty
from app.kinds.base import Task
from app.tasks.catalog import TaskCatalog
from app.training.novelty import learn

SIZE = 28
FEW_WORDS = range(3, 13)  # of a sentence that is short
COUNT = 500
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
    return {name: [{"pixels": row.ravel().tolist()} for row in rows * 255.0] for name, rows in found.items()}


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
    found = learn(encoder, train, task.targets(dataset.train.target, labels, recipe.head), test)
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
        shares = np.array([share for share, _ in novelty.of(rows)])
        print(f"  {np.mean(shares > novelty.limit):.3f} of {len(shares)} {name}")


def main() -> None:
    """Every task that comes along, with its baseline and with its best preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="*", type=Path, help="JSON Lines files, judged by all tasks of texts")
    files = parser.parse_args().texts
    for task in TaskCatalog().all.values():
        if {"point", "pixels", "features", "text"} & set(task.example) and task.datasets[0].name != "sample":
            for preset in ("baseline", "best"):
                if preset in task.presets:
                    measure(task, preset, files)


if __name__ == "__main__":
    main()
