"""Tables and pictures that nobody here wrote, brought in over HTTP as a user would: the baseline beside scikit-learn.

Starts the service, writes each data set as CSV, Parquet or a zip of pictures with its split given, makes a task of the
file, trains its `baseline`, and asks `/predict`. scikit-learn learns from the same rows of the same split. Splits are
of seeds 100 and on, on which nothing was chosen.

Needs scikit-learn, which the service does not (`.venv/bin/pip install scikit-learn`), and Keras' California housing in
KERAS_HOME.
"""

import argparse
import io
import json
import statistics
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray
from PIL import Image

from benchmarks.own_data import FIRST, Table, rows_of, scikit_learn, split_of, tables
from benchmarks.service import Service

SPLITS = 3
SIDE = 8  # pixels of scikit-learn's digits
BRIGHTEST = 16  # of their values
FORMS = {"iris": "csv", "wine": "parquet", "breast_cancer": "parquet", "diabetes": "csv", "california": "csv"}
FIGURES = ("ours", "linear", "boosting", "histogram")
ENOUGH = 20_000  # rows, of which one split tells as much as several of fewer


def pictures() -> Table:
    """scikit-learn's digits, 8 pixels of a side."""
    from sklearn import datasets

    bunch: Any = datasets.load_digits()
    columns = tuple(f"p{place}" for place in range(SIDE**2))
    return Table("digits8", columns, bunch.data, bunch.target.astype(str), tuple("0123456789"))


def file_of(table: Table, test: NDArray[np.bool_]) -> tuple[str, bytes]:
    """Its form, and the rows with their split in it."""
    form = FORMS.get(table.name, "zip")
    if form == "zip":
        return form, _zip(table, test)
    made, sink = pa.table(rows_of(table, test)), io.BytesIO()
    (pa.csv.write_csv if form == "csv" else pa.parquet.write_table)(made, sink)
    return form, sink.getvalue()


def _zip(table: Table, test: NDArray[np.bool_]) -> bytes:
    """PNGs in a folder for each label, these in one for each split."""
    packed = io.BytesIO()
    values = np.round(table.x * 255 / BRIGHTEST).astype(np.uint8).reshape(-1, SIDE, SIDE)
    with zipfile.ZipFile(packed, "w") as archive:
        for number, (picture, label) in enumerate(zip(values, table.y, strict=True)):
            png = io.BytesIO()
            Image.fromarray(picture).save(png, "png")
            archive.writestr(f"{'test' if test[number] else 'train'}/{label}/{number}.png", png.getvalue())
    return packed.getvalue()


def ours(service: Service, table: Table, test: NDArray[np.bool_], seed: int) -> tuple[str, dict[str, Any], float]:
    """The form that was sent, the metrics of a run with the split's seed, and seconds to an answered `/predict`."""
    form, content = file_of(table, test)
    answer: dict[str, Any] = {"kind": "one_of" if table.labels else "number"}
    asked: dict[str, Any] = {"name": f"{table.name}-{seed}".replace("_", "-"), "answer": answer}
    if form == "zip":
        asked["kind"] = {"kind": "image", "size": SIDE}
    else:
        answer["column"] = "answer"
    started = time.perf_counter()
    parts: dict[str, Any] = {
        "task": (None, json.dumps(asked), "application/json"),
        "train": (None, "false"),  # the run that comes with a task draws its seed
        "file": (f"{table.name}.{form}", content),
    }
    made = service.client.post("/tasks", files=parts)
    if made.is_error:
        raise RuntimeError(f"{table.name}: {made.text}")
    run = service.wait(service.train(task=asked["name"], seed=seed)["id"], seconds=3_600)
    if run["status"] != "succeeded":
        raise RuntimeError(f"{table.name}: {run['error']}")
    example = service.client.get(f"/tasks/{asked['name']}").raise_for_status().json()["example"]
    service.client.post("/predict", json={"task": asked["name"], **example}).raise_for_status()
    seconds = time.perf_counter() - started
    record = service.client.get(f"/models/{run['model_id']}").raise_for_status().json()["manifest"]["dataset"]
    if record["test_rows"] != test.sum():
        raise RuntimeError(f"{table.name}: {record['test_rows']} test rows of {test.sum()} came through")
    return form, run["metrics"], seconds


def measured(service: Service, table: Table, seeds: Sequence[int]) -> dict[str, float]:
    """Prints one line; the means over the splits."""
    found: dict[str, list[float]] = {}
    form = ""
    for seed in seeds:
        test = split_of(table, seed)
        form, metrics, seconds = ours(service, table, test, seed)
        figures = {"ours": metrics["test"]["accuracy" if table.labels else "mae"], **scikit_learn(table, test, seed)}
        for name, value in {**figures, "seconds": seconds}.items():
            found.setdefault(name, []).append(value)
        if calibration := metrics["calibration"]:
            for name in ("temperature", "rows", "ece_before", "ece_after"):
                found.setdefault(name, []).append(calibration[name])
    means = {name: statistics.mean(values) for name, values in found.items()}
    told = " ".join(f"{means[name]:10.4g}" for name in FIGURES)
    calibrated = ""
    if table.labels:
        calibrated = f"{means['ece_before']:.3f} to {means['ece_after']:.3f}"
    print(
        f"{table.name:14} {form:8} {len(table.y):6} {len(seeds):6}  {told}  {means['seconds']:7.1f}  {calibrated}",
        flush=True,
    )
    return means


def verdict(found: dict[str, dict[str, float]], labelled: frozenset[str]) -> None:
    """On the mean of all: accuracies in points, errors as a share of boosting's."""
    for title, names in (("accuracy", found.keys() & labelled), ("error", found.keys() - labelled)):
        if not names:
            continue
        for other in FIGURES[1:]:
            if title == "accuracy":
                gap = statistics.mean(found[name]["ours"] - found[name][other] for name in names)
                print(f"{title}, mean of {len(names)}: {gap * 100:+.2f} points of {other}'s")
            else:
                gap = statistics.mean(found[name]["ours"] / found[name][other] - 1 for name in names)
                print(f"{title}, mean of {len(names)}: {gap * 100:+.1f} % of {other}'s")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="of tables; default: all")
    parser.add_argument("--seeds", type=int, default=SPLITS, help="splits of each; of the largest one is enough")
    parser.add_argument("--first", type=int, default=FIRST, help="seed of the first split")
    chosen = parser.parse_args(arguments)
    every = [each for each in (*tables(), pictures()) if not chosen.names or each.name in chosen.names]
    print(
        f"{'table':14} {'file':8} {'rows':>6} {'splits':>6}  {'ours':>10} {'linear':>10} {'boosting':>10} "
        f"{'histogram':>10}  seconds  calibration error"
    )
    found = {}
    with tempfile.TemporaryDirectory() as name, Service(Path(name)) as service:
        for table in every:
            splits = 1 if len(table.y) >= ENOUGH else chosen.seeds
            found[table.name] = measured(service, table, range(chosen.first, chosen.first + splits))
    verdict(found, frozenset(each.name for each in every if each.labels))


if __name__ == "__main__":
    main()
