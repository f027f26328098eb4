"""Texts as tasks of a user's own that ask for several labels or for a number: presets beside scikit-learn.

All topics of each Reuters story, and the ratings that some reviews of IMDB state, such as "7/10", which are taken out
of their texts. The presets were chosen on parts of the training splits.

Needs scikit-learn, which the service does not (`.venv/bin/pip install scikit-learn`), and the benchmark files in
DENSELY_DATASETS_DIR. Everything happens in this process.
"""

import argparse
import os
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

RATING = re.compile(r"(?<![\d.])(\d{1,2}(?:\.\d)?)\s*(?:/|out of)\s*10(?![\d%])", re.IGNORECASE)
MOST = 10.0  # of a rating


@dataclass(frozen=True)
class Texts:
    """Texts with answers, and how many of the first are for training."""

    name: str
    texts: list[str]
    answers: list[Any]
    train: int


def sets() -> list[Texts]:
    """Both sets of texts."""
    from app.datasets.catalog import DatasetCatalog
    from app.tasks.catalog import TaskCatalog

    catalog, tasks = DatasetCatalog(Path(os.environ["DENSELY_DATASETS_DIR"])), TaskCatalog()
    found = []
    for name, told in (("newswire", "topics"), ("sentiment", "ratings")):
        task = tasks.get(name)
        info = next(info for info in task.datasets if not info.is_sample)
        target = task.target_of("multilabel") if told == "topics" else task.target_of("binary")
        dataset = catalog.read(task, info, target)
        pairs = [
            _topics(split) if told == "topics" else _ratings(split.columns["text"])
            for split in (dataset.train, dataset.test)
        ]
        (texts, answers), (test_texts, test_answers) = pairs
        found.append(Texts(told, [*texts, *test_texts], [*answers, *test_answers], len(texts)))
    return found


def _topics(rows: Any) -> tuple[list[str], list[Any]]:
    titles = (title or "" for title in rows.columns["title"])
    texts = [f"{title}. {text}" for title, text in zip(titles, rows.columns["text"], strict=True)]
    return texts, [list(topics) for topics in rows.target]


def _ratings(texts: Sequence[str]) -> tuple[list[str], list[Any]]:
    """Those with one rating, and the texts without it."""
    found = [(RATING.sub(" ", text), {float(value) for value in RATING.findall(text)}) for text in texts]
    rated = [(text, values.pop()) for text, values in found if len(values) == 1 and max(values) <= MOST]
    return [text for text, _ in rated], [value for _, value in rated]


def _table(texts: Texts) -> dict[str, Any]:
    """The texts as a dataset has them."""
    split = ["train"] * texts.train + ["test"] * (len(texts.texts) - texts.train)
    return {"text": texts.texts, "answer": texts.answers, "split": split}


def scikit_learn(texts: Texts) -> float:
    """Micro-averaged F1 of one logistic regression per topic, or the mean absolute error of ridge regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.metrics import f1_score, mean_absolute_error
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import MultiLabelBinarizer

    pairs = 1 if texts.name == "topics" else 2
    x = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, pairs))
    train, test = x.fit_transform(texts.texts[: texts.train]), x.transform(texts.texts[texts.train :])
    if texts.name == "topics":
        y = MultiLabelBinarizer().fit_transform(texts.answers)
        model: Any = OneVsRestClassifier(LogisticRegression(C=10.0, max_iter=1_000)).fit(train, y[: texts.train])
        return float(f1_score(y[texts.train :], model.predict(test), average="micro"))
    ridge = Ridge(alpha=0.3).fit(train, texts.answers[: texts.train])
    return float(mean_absolute_error(texts.answers[texts.train :], np.clip(ridge.predict(test), 0, MOST)))


def ours(texts: Texts, preset_name: str, seed: int) -> tuple[float, float]:
    """Micro-averaged F1 or mean absolute error on the test rows, and seconds."""
    from app.datasets.catalog import DatasetCatalog
    from app.datasets.encoded import EncodedCache
    from app.tasks.catalog import task_of
    from app.tasks.declared import declare
    from app.training.checkpoint import Checkpoints
    from app.training.fits import Fits
    from app.training.prepare import prepare
    from app.wire.datasets import Findings
    from app.wire.declarations import DatasetInfo, RatingAnswer, SeveralOf, TextColumn, TextKind

    labels = sorted({label for each in texts.answers for label in each}) if texts.name == "topics" else []
    answer: Any = (
        SeveralOf(labels=tuple(labels), column="answer")
        if labels
        else RatingAnswer.model_validate({"title": "Rating", "column": "answer", "from": 0, "to": MOST})
    )
    count = len(texts.texts)
    findings = Findings(
        format="csv",
        bytes=0,
        rows=count,
        train_rows=texts.train,
        test_rows=count - texts.train,
        split="made",
        columns=[],
    )
    kind = TextKind(columns=(TextColumn(name="text", title="Text"),))
    declaration = declare("own", "Own", "", kind, answer, findings, [{"text": texts.texts[0][:200]}])
    info = DatasetInfo("own", "Own", texts.train, count - texts.train, is_built_in=True)
    task = task_of(declaration.model_copy(update={"datasets": (info,)}), {"own": lambda: _table(texts)})
    preset = declaration.presets[preset_name]
    silent: Any = SimpleNamespace(log=_nothing, forget_epochs=_nothing, record_epoch=_nothing, flush=_nothing)
    run: Any = SimpleNamespace(recipe=preset.recipe, validation=preset.validation, seed=seed, seeds=1)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared = prepare(DatasetCatalog(folder), EncodedCache(folder, 0), task, "own", preset.recipe, _nothing)
        trained = Fits(silent, run, task, prepared, Checkpoints(folder / "c", 1e9, {})).train()
    return trained.metrics.test[preset.recipe.metric], time.perf_counter() - started


def main() -> None:
    """Train, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="topics, ratings; default: both")
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    print(f"{'texts':8} {'rows':>6} {'baseline':>9} {'best':>9} {'linear':>9}  seconds of best")
    for texts in sets():
        if chosen.names and texts.name not in chosen.names:
            continue
        means = {}
        for name in ("baseline", "best"):
            found = [ours(texts, name, seed) for seed in range(1, chosen.seeds + 1)]
            means[name] = np.mean(found, axis=0)
        linear = scikit_learn(texts)
        figures = f"{means['baseline'][0]:9.4f} {means['best'][0]:9.4f} {linear:9.4f}"
        print(f"{texts.name:8} {len(texts.texts):6} {figures}  {means['best'][1]:.0f}", flush=True)


def _nothing(*_: Any) -> None:
    """Nobody is told."""


if __name__ == "__main__":
    main()
