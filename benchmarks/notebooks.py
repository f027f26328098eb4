"""Every experiment of the classic notebooks, on the real data and through the service.

Prints a table in Markdown, Densely's figures beside those that the notebooks report, test beside test and held-out
beside held-out; with a folder as its argument it also leaves the pictures there. Needs the benchmark files in
DENSELY_DATASETS_DIR. More than sixty runs: two cores take a while.
"""

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.service import Service


@dataclass(frozen=True)
class Experiment:
    """One run, and what the notebooks say of it."""

    task: str
    dataset: str
    preset: str
    test: str = ""  # the notebooks' figure on the test rows
    held_out: str = ""  # and on those held out, or what their curve shows
    note: str = ""
    request: dict[str, Any] = field(default_factory=dict)


def on(task: str, dataset: str, *presets: str) -> list[Experiment]:
    """Presets of which the notebooks tell no figure."""
    return [Experiment(task, dataset, preset) for preset in presets]


LINEAR: dict[str, Any] = {"recipe": {"layers": []}}

SENTIMENT = [
    Experiment("sentiment", "imdb", "baseline", "0.8787 to 0.8833", request={"seeds": 5}),
    Experiment("sentiment", "imdb", "overfit", "0.850", "loss lowest at epoch 4"),
    Experiment("sentiment", "imdb", "small", held_out="overfits later"),
    *on("sentiment", "imdb", "tiny"),
    Experiment("sentiment", "imdb", "large", held_out="overfits sooner"),
    *on("sentiment", "imdb", "l2", "l1", "dropout", "small-l2"),
    Experiment("sentiment", "imdb", "l2-dropout", "0.870"),
    *on("sentiment", "imdb", "tanh-mse", "tanh-mse-best", "l2-64", "l2-64-best", "l1-64x3", "l1-64x3-best"),
    *on("sentiment", "imdb", "l2-64x3", "l2-64x3-best"),
    Experiment("sentiment", "imdb", "l2-64x3-final", "0.8673, loss 0.183"),
    *on("sentiment", "imdb", "layers-1", "layers-3", "units-32", "units-64", "mse", "tanh"),
    Experiment("sentiment", "imdb", "baseline", note="no hidden layer", request=LINEAR),
]
NEWSWIRE = [
    Experiment("newswire", "reuters", "baseline", "0.797, loss 0.957", note="categorical labels"),
    Experiment(
        "newswire",
        "reuters",
        "baseline",
        "the same",
        note="sparse labels",
        request={"recipe": {"loss": "sparse_categorical_crossentropy"}},
    ),
    Experiment(
        "newswire",
        "reuters",
        "baseline",
        note="1,000 held out",
        request={"validation": {"kind": "holdout", "size": 1_000}},
    ),
    Experiment("newswire", "reuters", "overfit", held_out="overfits after epoch 9"),
    Experiment("newswire", "reuters", "bottleneck", held_out="about 0.71"),
    *on("newswire", "reuters", "layers-1", "layers-3", "units-32", "units-128"),
    *on("newswire", "reuters", "multilabel", "multilabel-best"),
    Experiment("newswire", "reuters", "baseline", note="no hidden layer", request=LINEAR),
]
DIGITS = [
    Experiment("digits", "mnist", "baseline", "0.9778"),
    Experiment("digits", "mnist", "nielsen", "0.9206"),
    *on("digits", "mnist", "nielsen-sigmoid"),
    Experiment("digits", "mnist", "baseline", note="no hidden layer", request=LINEAR),
]
HOUSING = [
    Experiment("housing", "boston_housing", "kfold-100", held_out="2.57, mean of the folds"),
    *on("housing", "boston_housing", "kfold-500"),
    Experiment("housing", "boston_housing", "baseline", "2.46", request={"seeds": 5}),
    *on("housing", "boston_housing", "raw", "deeper", "wider"),
]
PLANAR = [
    *(
        experiment
        for dataset in ("moons", "circles")
        for experiment in on("planar", dataset, *(f"capacity-{units}" for units in (1, 3, 5, 20, 50)), "l1", "dropout")
    ),
    Experiment("planar", "xor", "perceptron", "fails"),
    *on("planar", "xor", "capacity-3"),
]
EXPERIMENTS = [*SENTIMENT, *NEWSWIRE, *DIGITS, *HOUSING, *PLANAR]

HEADER = """\
| task | preset | trained on | test | notebook | held out | notebook | best epoch | weights |
|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Train all, print the table, keep the pictures."""
    keep = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)) as service:
        queued = [
            service.train(task=e.task, dataset=e.dataset, preset=e.preset, seed=1, activate="never", **e.request)["id"]
            for e in EXPERIMENTS
        ]
        print(HEADER, flush=True)
        for experiment, run_id in zip(EXPERIMENTS, queued, strict=True):
            run = service.wait(run_id, 1_800)
            print(row(service, experiment, run), flush=True)
            if keep:
                save_pictures(service, run, keep)
        if keep:
            compare(service, queued, keep)


def row(service: Service, experiment: Experiment, run: dict[str, Any]) -> str:
    """A line of the table."""
    name = experiment.preset + (f" ({experiment.note})" if experiment.note else "")
    if experiment.task == "planar":
        name += f" on {experiment.dataset}"
    if run["status"] != "succeeded":
        return f"| {experiment.task} | {name} | {run['status']}: {run['error']} |"
    manifest = service.client.get(f"/models/{run['model_id']}").json()["manifest"]
    epochs = service.client.get(f"/runs/{run['id']}/history").json()["epochs"]
    cells = (
        experiment.task,
        name,
        f"{manifest['dataset']['train_rows'] - run['validation'].get('size', 0):,}",
        tested(run["metrics"]),
        experiment.test,
        held_out(run["metrics"]),
        experiment.held_out,
        best_epoch(epochs),
        f"{manifest['parameters']:,}",
    )
    return f"| {' | '.join(cells)} |"


def tested(metrics: dict[str, Any]) -> str:
    """The figure on the test split, with mean and spread over seeds, and the loss."""
    test = metrics["test"]
    name = next(name for name in ("f1", "accuracy", "mae") if name in test)
    spread = metrics["spread"]
    digits = 2 if name == "mae" else 4
    word = {"f1": "F1 ", "mae": "MAE "}.get(name, "")
    if spread and spread["over"] == "seeds":
        over = spread["test"][name]
        return (
            f"{word}{over['mean']:.{digits}f} ± {over['std']:.{digits}f} over {spread['count']} seeds "
            f"(loss {spread['test']['loss']['mean']:.3f})"
        )
    return f"{word}{test[name]:.{digits}f} (loss {test['loss']:.3f})"


def held_out(metrics: dict[str, Any]) -> str:
    """The figure on the validation rows."""
    found = metrics["validation"]
    for name, word in {"f1": "F1 ", "accuracy": "", "mae": "MAE "}.items():
        if name in found:
            spread = found.get(f"{name}_std")
            return f"{word}{found[name]:.3f}" + (f" ± {spread:.3f} over the folds" if spread else "")
    return ""


def best_epoch(epochs: list[dict[str, Any]]) -> str:
    """The epoch with the lowest held-out loss; of k-fold, of the mean over the folds."""
    by_epoch: dict[int, list[float]] = {}
    for epoch in epochs:
        if "val_loss" in epoch:
            by_epoch.setdefault(epoch["epoch"], []).append(epoch["val_loss"])
    if not by_epoch:
        return ""
    return str(min(by_epoch, key=lambda number: sum(by_epoch[number]) / len(by_epoch[number])))


def save_pictures(service: Service, run: dict[str, Any], keep: Path) -> None:
    """Every picture that there is of the run and its model, as SVG and PNG."""
    pictures = service.client.get(f"/tasks/{run['task']}").json()["pictures"]
    for form in ("svg", "png"):
        paths = [f"/runs/{run['id']}/curves", *(f"/models/{run['model_id']}/{picture}" for picture in pictures)]
        for path in paths:
            answer = service.client.get(f"{path}.{form}")
            if answer.status_code == 200:
                name = f"{run['task']}-{run['dataset']}-{run['preset']}-{run['id']}-{path.rpartition('/')[2]}.{form}"
                keep.mkdir(parents=True, exist_ok=True)
                (keep / name).write_bytes(answer.content)


def compare(service: Service, queued: list[str], keep: Path) -> None:
    """The notebooks' overlays: network sizes, and regularisation."""
    by_preset = {
        e.preset: run_id for e, run_id in zip(EXPERIMENTS, queued, strict=True) if e.task == "sentiment" and not e.note
    }
    for name, presets in {
        "sizes": ("overfit", "small", "tiny", "large"),
        "regularisation": ("overfit", "l2", "dropout", "l2-dropout"),
        "penalties": ("overfit", "l2", "l1"),
    }.items():
        runs = ",".join(by_preset[preset] for preset in presets)
        for form in ("svg", "png"):
            picture = service.client.get(f"/compare.{form}", params={"runs": runs}).raise_for_status()
            (keep / f"compare-{name}.{form}").write_bytes(picture.content)
        for test in service.client.get("/compare", params={"runs": runs}).raise_for_status().json()["tests"]:
            print(f"{name}: {test['runs']} {test['test']}: {test['reading']}")


if __name__ == "__main__":
    main()
