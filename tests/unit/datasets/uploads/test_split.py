"""What is held out: a share of each label, and never an input that is trained on."""

from pathlib import Path

import numpy as np
import pytest

from app.datasets.uploads import split
from app.datasets.uploads.split import held_out, on_both_sides, repeated, rows_with
from tests.support.uploads import brought_in, csv_of, refused, tickets, written


def test_each_label_is_held_out_by_the_same_share() -> None:
    rows = [{"text": f"message number {n}", "label": "rare" if n % 50 == 0 else "often"} for n in range(5_000)]

    labels = brought_in(csv_of(rows).encode(), test_share=0.3).findings.labels

    assert {"often": (3_430, 1_470), "rare": (70, 30)} == {each.label: (each.train, each.test) for each in labels}


def test_a_label_of_two_rows_has_one_on_either_side() -> None:
    rows = [{"text": f"message number {n}", "label": f"label {n // 2}"} for n in range(80)]

    labels = brought_in(csv_of(rows).encode(), answer={"kind": "one_of", "column": "label"}).findings.labels

    assert {(1, 1)} == {(each.train, each.test) for each in labels}


def test_texts_that_training_reads_alike_are_on_one_side(tmp_path: Path) -> None:
    forms = ["{}", "  {} ", "{}!!", "<br />{}", "“{}”"]
    rows = [
        {"text": forms[n % 5].format(row["message"].upper() if n % 2 else row["message"]), "label": row["team"]}
        for row in tickets(60)
        for n in range(5)
    ]

    result, found = written(tmp_path, csv_of(rows).encode())

    sides = [set(found["split"][start : start + 5]) for start in range(0, 300, 5)]
    assert all(len(side) == 1 for side in sides)
    assert 300 == result.findings.duplicates


def test_equal_inputs_of_different_labels_are_on_one_side(tmp_path: Path) -> None:
    rows = [{"text": f"message number {n // 3}", "label": "abc"[n % 3]} for n in range(300)]

    _, found = written(tmp_path, csv_of(rows).encode())

    assert all(len(set(found["split"][start : start + 3])) == 1 for start in range(0, 300, 3))


def test_tables_with_equal_values_are_on_one_side(tmp_path: Path) -> None:
    rows = [{"a": n % 25, "b": ["x", "", "y"][n % 3], "label": "uv"[n % 2]} for n in range(300)]

    _, found = written(tmp_path, csv_of(rows).encode())

    sides: dict[tuple[float, str], set[str]] = {}
    for a, b, side in zip(found["a"], found["b"], found["split"], strict=True):
        sides.setdefault((a, b), set()).add(side)
    assert all(len(side) == 1 for side in sides.values())
    assert {"train", "test"} == set(found["split"])


def test_rows_that_are_all_alike_cannot_be_split() -> None:
    rows = [{"text": "the same message", "label": "ab"[n % 2]} for n in range(50)]

    assert "too few different ones" in refused(csv_of(rows).encode()).message


def test_numbers_are_held_out_over_their_whole_range(tmp_path: Path) -> None:
    rows = [{"a": n * 7 % 1_009, "b": n % 13, "price": float(n)} for n in range(1_000)]

    _, found = written(tmp_path, csv_of(rows).encode())

    held = np.array([price for price, side in zip(found["price"], found["split"], strict=True) if side == "test"])
    assert [20] * 10 == np.histogram(held, 10, (0, 1_000))[0].tolist()


def test_large_strata_are_drawn_without_sorting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "CHUNK", 1_000)
    random = np.random.default_rng(0)
    keys = random.integers(0, 2**64, 20_000, dtype=np.uint64)
    keys[::10] = keys[1::10]
    strata = (np.arange(20_000) % 40 == 0).astype(np.uint16)
    known = repeated(keys)

    test = held_out(keys, strata, 0.2, known)

    assert 2_000 == len(known)
    assert 4_000 == rows_with(keys, known)
    assert 0 == on_both_sides(keys, known, test)
    assert 0.19 < test.mean() < 0.21
    assert 90 <= test[strata == 1].sum() <= 110
