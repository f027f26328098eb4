"""Rows as files."""

import csv
import io
from typing import Any

import pytest

from app.api import tables


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", 'a "b", c'])
def test_a_label_never_becomes_a_formula(label: str) -> None:
    """Numbers below zero are numbers."""
    blocks: list[dict[str, list[Any]]] = [{"target": [label, [label, "x"]], f"probability_{label}": [-0.5, None]}]

    lines = list(csv.reader(io.StringIO(b"".join(tables.as_csv(blocks[0], blocks)).decode(), newline="")))

    safe = label if label.startswith("a") else f"'{label}"
    assert [["target", f"probability_{label}"], [safe, "-0.5"], [f"{safe};x", ""]] == lines
