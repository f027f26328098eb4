"""What runs are called side by side: by what tells them apart."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.recipes import Dense, Dropout
from app.wire.runs import Run

LETTERS = 60  # of a label; the last ones give way to an ellipsis
PART_LETTERS = 24  # of one setting's value
_LEFT_OUT = ("recipe.layers", "recipe.early_stopping.patience")  # told in other words


def labels_of(runs: Sequence[Run]) -> list[str]:
    """A label for each run, all of them different.

    A run's name, or its preset; after it, where another run is called the same, the settings in which those of that
    name differ; and where that is not enough, its id.
    """
    names = [run.name or run.preset for run in runs]
    labels = []
    for name, run in zip(names, runs, strict=True):
        namesakes = [other for other, theirs in zip(runs, names, strict=True) if theirs == name]
        told = _differing(run, namesakes) if len(namesakes) > 1 else []
        labels.append(_cut(", ".join([_cut(name, LETTERS), *told]), LETTERS))
    count = Counter(labels)
    ids = [f" ({run.id})" for run in runs]
    return [
        label if count[label] == 1 else _cut(label, LETTERS - len(mark)) + mark
        for label, mark in zip(labels, ids, strict=True)
    ]


def settings_of(run: Run) -> dict[str, Any]:
    """What decides a run's result, by dotted path; of a network without hidden layers there is no path of a layer."""
    parts = {"dataset", "seed", "seeds", "recipe", "validation"}
    return {path: value for path, value in _flat(run.model_dump(mode="json", include=parts)) if path != "recipe.layers"}


def _differing(run: Run, others: Sequence[Run]) -> list[str]:
    """The settings in which these runs differ, as this one has them; what it has not is not told."""
    every = [_facets(other) for other in others]
    own = _facets(run)
    names = dict.fromkeys(name for facets in every for name in facets)
    differing = [n for n in names if len({str(facets[n]) for facets in every if facets.get(n) is not None}) > 1]
    return [_told(n, own[n]) for n in differing if own.get(n) not in (None, "") and own[n] is not False]


def _facets(run: Run) -> dict[str, Any]:
    """Settings by a short name; of the layers their units, activations, penalties. None: it has no such setting."""
    stopping = run.recipe.early_stopping
    dense = [layer for layer in run.recipe.layers if isinstance(layer, Dense)]
    facets: dict[str, Any] = {
        "units": "-".join(str(layer.units) for layer in dense) or "no hidden layer",
        "": _set(layer.activation for layer in dense) or None,
        "L1": _set(f"{layer.l1:g}" for layer in dense if layer.l1),
        "L2": _set(f"{layer.l2:g}" for layer in dense if layer.l2),
        "dropout": _set(f"{layer.rate:g}" for layer in run.recipe.layers if isinstance(layer, Dropout)),
        "patience": str(stopping.patience) if stopping else "",
    }
    for path, value in settings_of(run).items():
        if not path.startswith(_LEFT_OUT):
            facets[_short(path)] = value
    return facets


def _short(path: str) -> str:
    """`recipe.optimizer.learning_rate` is `learning rate`, `validation.kind` is `validation`."""
    name = path.removeprefix("recipe.").removesuffix(".kind")
    return name.removeprefix("optimizer.").removeprefix("features.").replace(".", " ").replace("_", " ")


def _set(values: Any) -> str:
    return "/".join(dict.fromkeys(values))


def _told(name: str, value: Any) -> str:
    text = str(value) if not isinstance(value, float) else f"{value:g}"
    bare = name in ("", "loss", "optimizer", "dataset", "head") or text == "no hidden layer"
    return _cut(
        text if bare else f"{text} unit{'s' * (text != '1')}" if name == "units" else f"{name} {text}", PART_LETTERS
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [pair for name, part in value.items() for pair in _flat(part, f"{path}.{name}" if path else name)]
    if isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        return [pair for place, part in enumerate(value) for pair in _flat(part, f"{path}.{place}")]
    return [(path, value)]
