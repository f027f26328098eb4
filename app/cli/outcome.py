"""What a new task's first training came to: its test result beside guessing, its mistakes, and how to ask it."""

import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.cli.connection import place
from app.cli.output import line, show, test_figure
from app.cli.predict import shown, tell
from app.domain.counting import counted
from densely_client import Densely, Run
from densely_client.forms import DatasetDetail, Task

LOOKED_AT = 100_000  # test rows whose answers are asked for
LISTED = 5  # mistakes
SHORT = 400  # characters of an example that is easily read

Rows = Sequence[dict[str, Any]]


def beside_guessing(run: Run) -> str:
    """The test result and what guessing scores."""
    baseline = {name: value for name, value in run.metrics.baseline.items() if name != "loss"}
    guess = "".join(f", guessing scores {value:.4g}" for value in baseline.values())
    return f"{test_figure(run.metrics)}{guess}"


def tell_of(client: Densely, run: Run, dataset: DatasetDetail) -> None:
    """The result and the mistakes of a run that has succeeded."""
    model = run.model
    if model is None:
        return
    line("")
    line(f"{run.task}: {beside_guessing(run)}, on {counted(dataset.test_rows, 'test row')}")
    line(f"model {model.id}, version {model.version}, is {'active' if model.active else 'not active'}")
    task = client.tasks.get(run.task)
    mistakes(client.models.predictions(model.id, LOOKED_AT), task.answer.kind, task.label_names)


def mistakes(rows: Rows, kind: str, names: Mapping[str, str]) -> None:
    """Which labels are confused most often; of numbers the rows that are farthest off."""
    line("")
    if kind == "one_of":
        _confused(rows, names)
    elif kind == "several_of":
        _missed(rows, names)
    else:
        off = [row for row in rows if row["predicted"] is not None]
        off.sort(key=lambda row: -abs(row["predicted"] - row["target"]))
        show(
            ["farthest off: test row", "is", "predicted"],
            [(row["row"], f"{row['target']:g}", f"{row['predicted']:g}") for row in off[:LISTED]],
            "",
        )


def how_to_ask(client: Densely, task: Task, url: str | None, api_key: str | None) -> None:
    """The `curl` to use, with a row of the test split, and what it answers."""
    where, key = place(url, api_key)
    line("")
    line("ask it:")
    line(curl(task, where, with_key=key is not None))
    if task.active_model and task.kind != "image":
        tell(client.predict.one(task.name, _example(task)), task.label_names)


def curl(task: Task, url: str, *, with_key: bool) -> str:
    """A command for a shell."""
    header = "-H 'Content-Type: application/json'"
    if with_key:
        header += ' -H "Authorization: Bearer $DENSELY_API_KEY"'
    asked = f"curl -s {url}/predict {header}"
    if task.kind == "image":
        body = json.dumps({"task": task.name, "image": "%s"})
        return f"""printf '{body}' "$(base64 -w 0 picture.png)" | {asked} -d @-"""
    body = json.dumps({"task": task.name, **_example(task)}, ensure_ascii=False)
    if not body.isprintable():
        body = json.dumps(json.loads(body))
    return f"{asked} -d {shlex.quote(body)}"


def _example(task: Task) -> dict[str, Any]:
    """The first that is short, else the shortest."""
    inputs = [each.input for each in task.examples] or [task.example]
    sizes = [len(json.dumps(each)) for each in inputs]
    return next(
        (each for each, size in zip(inputs, sizes, strict=True) if size <= SHORT), inputs[sizes.index(min(sizes))]
    )


def _confused(rows: Rows, names: Mapping[str, str]) -> None:
    wrong = Counter((str(row["target"]), str(row["predicted"])) for row in rows if row["target"] != row["predicted"])
    of = Counter(str(row["target"]) for row in rows)
    told = [
        (shown(target, names), shown(said, names), f"{count:,} of {of[target]:,}")
        for (target, said), count in wrong.most_common(LISTED)
    ]
    show(["most often confused", "predicted", "rows"], told, "no test row was mistaken")


def _missed(rows: Rows, names: Mapping[str, str]) -> None:
    missed: Counter[str] = Counter()
    added: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for row in rows:
        target, said = set(row["target"] or ()), set(row["predicted"] or ())
        of.update(map(str, target))
        missed.update(map(str, target - said))
        added.update(map(str, said - target))
    told = [
        (shown(label, names), f"{missed[label]:,} of {of[label]:,}", f"{added[label]:,}")
        for label, _ in (missed + added).most_common(LISTED)
    ]
    show(["most often mistaken", "missed", "wrongly given"], told, "no label was mistaken")
