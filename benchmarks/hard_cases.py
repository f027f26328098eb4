"""Short remarks of our own writing that are hard to judge: accuracy and calibration of a model, by group.

They are one to thirty words long, half of them positive, about films and about other things; `mixed` have no clear
verdict and are told by how sure the model is of them. No model has learnt from any. Beside them sentences of test
reviews, each with the verdict of its review, which is a noisy one.

    python -m benchmarks.hard_cases [models folder …]
"""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.encoding.tokens import sentences_of
from app.inference.predictor import Predictor
from app.tasks.catalog import TaskCatalog
from app.training.calibrate import expected_calibration_error
from benchmarks.service import REPOSITORY

CASES = REPOSITORY / "tests" / "data" / "hard_cases.jsonl"
TASK = "sentiment"
REVIEWS = 1_000  # of whose sentences some are asked
SHORTEST = 4  # words of a sentence


def main(folders: Sequence[Path]) -> None:
    """A table for each folder's bundled model."""
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    texts, truth = _sentences()
    for folder in folders:
        store = ArtifactStore(folder)
        predictor = Predictor(TaskCatalog().get(TASK), store.open(TASK, store.bundled()[TASK]), version=1)
        manifest = predictor.manifest
        print(f"\n{folder.name}: {manifest.preset}, test accuracy {manifest.metrics.test['accuracy']:.4f}")
        print("| group | cases | right | mean probability |\n|---|---|---|---|")
        clear = [case for case in cases if case["label"] != "mixed"]
        outputs = asked(predictor, [case["text"] for case in clear])
        target = np.array([case["label"] == "positive" for case in clear])
        groups = np.array([case["group"] for case in clear])
        for group in sorted(set(groups)):
            _line(group, outputs[groups == group], target[groups == group])
        _line("all with a clear verdict", outputs, target)
        mixed = asked(predictor, [case["text"] for case in cases if case["label"] == "mixed"])
        print(f"| mixed verdicts | {len(mixed)} | | {np.maximum(mixed, 1 - mixed).mean():.2f} |")
        found = asked(predictor, texts)
        _line("sentences of test reviews", found, truth)
        print(f"calibration error: cases {_error(outputs, target):.3f}, sentences {_error(found, truth):.3f}")


def asked(predictor: Predictor, texts: Sequence[str]) -> NDArray[np.float32]:
    """(texts,) the probability that each is positive."""
    return predictor.network.in_batches(predictor.encoder.encode({"text": list(texts)}))[:, 0]


def _sentences() -> tuple[list[str], NDArray[np.bool_]]:
    task = TaskCatalog().get(TASK)
    info = next(info for info in task.datasets if not info.is_sample)
    rows = DatasetCatalog(Path(os.environ["DENSELY_DATASETS_DIR"])).read(task, info).test
    found = [
        (text[start:end], label == "positive")
        for text, label in zip(rows.columns["text"][:REVIEWS], rows.target[:REVIEWS], strict=True)
        for start, end in sentences_of(text)
        if len(text[start:end].split()) >= SHORTEST
    ]
    return [text for text, _ in found], np.array([label for _, label in found])


def _line(name: str, outputs: NDArray[np.float32], target: NDArray[np.bool_]) -> None:
    right = float(np.mean((outputs > 0.5) == target))
    print(f"| {name} | {len(target)} | {right:.3f} | {np.maximum(outputs, 1 - outputs).mean():.2f} |")


def _error(outputs: NDArray[np.float32], target: NDArray[Any]) -> float:
    return expected_calibration_error("binary", outputs[:, None], target.astype(np.int64))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[REPOSITORY / "models_store"])
    main(parser.parse_args().folders)
