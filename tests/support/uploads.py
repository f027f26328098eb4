"""Files as users upload them, and what the importer makes of them."""

import io
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from app.datasets.uploads.importing import import_file
from app.datasets.uploads.problems import Problem
from app.wire.datasets import ImportPlan, ImportResult


def plan_of(**fields: Any) -> ImportPlan:
    """A plan for a task `own`."""
    return ImportPlan.model_validate({"task": "own", "dataset": "own", **fields})


def brought_in(content: bytes, **fields: Any) -> ImportResult:
    """What is found in a file."""
    return import_file(io.BytesIO(content), plan_of(**fields), lambda *_: None)


def refused(content: bytes, **fields: Any) -> Problem:
    """Why nothing is made of a file."""
    try:
        brought_in(content, **fields)
    except Problem as problem:
        return problem
    raise AssertionError("it was taken")


def written(folder: Path, content: bytes, **fields: Any) -> tuple[ImportResult, dict[str, list[Any]]]:
    """What is found in a file, and the rows that are written."""
    path = folder / "rows.parquet"
    result = brought_in(content, out=str(path), **fields)
    return result, pq.read_table(path).to_pydict()


TEAMS = {
    "billing": "the invoice of {} is wrong and my card was charged twice for it",
    "sales": "we would like an offer for {} licences, with a discount if that can be had",
    "support": "the program stops with error {} whenever a file is opened or saved",
}


def tickets(rows: int = 120, seed: int = 0) -> list[dict[str, Any]]:
    """Messages, and the team that each is for."""
    draw = random.Random(seed)
    chosen = [draw.choice(sorted(TEAMS)) for _ in range(rows)]
    return [
        {"id": number, "message": TEAMS[team].format(f"{team[:2]}{number}"), "team": team}
        for number, team in enumerate(chosen)
    ]


def csv_of(rows: list[dict[str, Any]], delimiter: str = ",", end: str = "\n") -> str:
    """A CSV with every cell in quotes."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    quoted = (['"' + str("" if cell is None else cell).replace('"', '""') + '"' for cell in line] for line in lines)
    return "".join(delimiter.join(line) + end for line in quoted)


def parquet_of(columns: dict[str, Any]) -> bytes:
    """A Parquet file."""
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def measured(rows: int = 200, seed: int = 0) -> list[dict[str, Any]]:
    """A table: numbers, categories, true or false, dates, some of them missing, and a price made of them."""
    draw = random.Random(seed)
    made = []
    for _ in range(rows):
        size, town, is_new = round(draw.uniform(20, 200), 1), draw.choice(["Bonn", "Kiel", "Ulm"]), draw.random() < 0.4
        day = f"20{draw.randint(10, 25)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        price = round(3 * size + 40 * (town == "Kiel") + 25 * is_new + draw.gauss(0, 5), 2)
        row = {"Size m2": size, "town": town, "is_new": str(is_new).lower(), "built": day, "price": price}
        made.append({**row, "built": day if draw.random() < 0.9 else ""})
    return made
