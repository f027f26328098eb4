"""Zips of pictures in folders that are their labels."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.wire.declarations import ImageKind, OneOf
from tests.support.small_pictures import base64_of, png, zipped
from tests.support.uploads import brought_in, csv_of, parquet_of, refused, written

FOLDERS = {f"{label}/{n}.png": png(n + 100 * len(label)) for label in ("cat", "horse") for n in range(20)}
PLAN = {"kind": {"kind": "image", "size": 16}}


def test_folders_are_labels(tmp_path: Path) -> None:
    result, rows = written(tmp_path, zipped(FOLDERS), **PLAN)

    assert ImageKind(size=16, colours="grey", scaling="fit") == result.kind
    assert OneOf(labels=("cat", "horse"), column="label") == result.answer
    assert ("zip", 40, "made") == (result.findings.format, result.findings.rows, result.findings.split)
    pixels = next(column for column in result.findings.columns if column.name == "pixels")
    assert pixels.distinct is None  # pictures are not counted
    assert ["cat"] * 20 + ["horse"] * 20 == rows["label"]
    assert (40, 256) == np.array(rows["pixels"]).shape
    assert {"image"} == set(result.examples[0])


def test_numbers_are_labels_in_order(tmp_path: Path) -> None:
    files = {f"digits/{n % 11}/{n}.jpg": png(n, form="JPEG") for n in range(44)}

    result, _ = written(tmp_path, zipped(files), kind={"kind": "image", "size": 8, "colours": "rgb"})

    assert OneOf(labels=tuple(range(11)), column="label") == result.answer


@pytest.mark.parametrize("above", ["", "data/"])
def test_folders_may_say_the_split(tmp_path: Path, above: str) -> None:
    files = {f"{above}{'test' if n % 4 == 0 else 'train'}/{'ab'[n % 3 == 0]}/{n}.png": png(n) for n in range(24)}

    result, rows = written(tmp_path, zipped(files), **PLAN)

    assert ("given", 18, 6) == (result.findings.split, result.findings.train_rows, result.findings.test_rows)
    assert {"a", "b"} == set(rows["label"])


def test_what_file_managers_leave_behind_is_passed_over() -> None:
    others = {"__MACOSX/cat/._1.png": b"x", "cat/.DS_Store": b"x", "cat/Thumbs.db": b"x"}

    assert 40 == brought_in(zipped(FOLDERS | others), **PLAN).findings.rows


def test_equal_pictures_are_never_on_both_sides(tmp_path: Path) -> None:
    files = {f"{'ab'[n % 2]}/{n}.png": png(n // 4) for n in range(80)}

    result, rows = written(tmp_path, zipped(files), **PLAN)

    sides: dict[bytes, set[str]] = {}
    for pixels, split in zip(rows["pixels"], rows["split"], strict=True):
        sides.setdefault(bytes(pixels), set()).add(split)
    assert all(len(split) == 1 for split in sides.values())
    assert 80 == result.findings.duplicates


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("../a/x.png", "leads out of the archive"),
        ("a/../../x.png", "leads out of the archive"),
        ("..\\a\\x.png", "leads out of the archive"),
        ("/etc/x.png", "the name is absolute"),
        ("C:\\a\\x.png", "the name is absolute"),
        ("a/x\n.png", "control characters"),
        ("a/" + "x" * 600, "more than 500 characters"),
        ("a/inner.zip", "is an archive within the archive"),
        ("a/inner.tar", "is an archive within the archive"),
    ],
)
def test_names_that_are_made_to_do_harm(name: str, part: str) -> None:
    problem = refused(zipped(FOLDERS | {name: b"x"}), **PLAN)

    assert part in problem.message
    assert 41 == problem.faults[0].line
    assert problem.faults[0].column == name.replace("\\", "/")[:80]


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("cat/note.png", b"no picture", "is neither PNG nor JPEG"),
        ("cat/cut.png", png(1)[:200], "is damaged"),
        ("cat/empty.png", b"", "is"),
        ("top.png", png(1), "lies in no folder; the folder's name is the label"),
        ("train/top.png", png(1), "lies in no folder; the folder's name is the label"),
    ],
)
def test_pictures_that_are_none(name: str, content: bytes, part: str) -> None:
    file = zipped({**FOLDERS, name: content})

    problem = refused(file, **PLAN)

    assert (41, name) == (problem.faults[0].line, problem.faults[0].column)
    assert part in problem.faults[0].message
    assert 1 == brought_in(file, faulty_share=0.1, **PLAN).findings.skipped


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = zipped({f"a/{n}.png": b"\0" * 3_000_000 for n in range(10)})

    assert len(bomb) < 100_000
    assert "the archive unpacks to too many bytes" in refused(bomb, most_bytes=20_000_000, **PLAN).message


def test_a_picture_that_unpacks_to_too_much_is_none() -> None:
    file = zipped({**FOLDERS, "cat/big.png": b"\0" * 30_000_000})

    assert "the limit of a picture is 24,000,000" in refused(file, **PLAN).faults[0].message


def test_a_size_that_lies_is_found() -> None:
    content = bytearray(zipped({**FOLDERS, "cat/zz.png": b"\0" * 1_000_000}))
    place = content.rfind(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 1_000)

    assert refused(bytes(content), **PLAN).faults[0].column == "cat/zz.png"


def test_too_many_files_are_refused_before_their_names_are_read() -> None:
    content = bytearray(zipped(FOLDERS))
    end = content.rfind(b"PK\x05\x06")
    content[end + 10 : end + 12] = struct.pack("<H", 5_000)

    assert "5,000 files; the limit is 1,000 (DENSELY_MAX_ROWS)" in refused(bytes(content), most_rows=1_000).message


def test_encrypted_files_are_refused() -> None:
    content = bytearray(zipped(FOLDERS))
    content[content.find(b"PK\x01\x02") + 8] |= 1

    assert "is encrypted" in refused(bytes(content), **PLAN).message


@pytest.mark.parametrize("content", [zipped({}), zipped(FOLDERS)[:-400], b"PK\x03\x04" + b"a" * 500])
def test_damaged_and_empty_archives(content: bytes) -> None:
    assert "zip" in refused(content).message or "holds no files" in refused(content).message


def test_one_folder_is_one_label() -> None:
    assert "two labels are needed" in refused(zipped({f"a/{n}.png": png(n) for n in range(9)})).message


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_of_pictures(tmp_path: Path, form: str) -> None:
    rows = [{"image": base64_of(n), "label": "ab"[n % 2]} for n in range(30)]
    binary = {"image": [png(n) for n in range(30)], "label": [row["label"] for row in rows]}
    content = csv_of(rows).encode() if form == "csv" else parquet_of(binary)

    result, found = written(tmp_path, content, kind={"kind": "image", "size": 8, "colours": "rgb"})

    assert ImageKind(size=8, colours="rgb", scaling="fit") == result.kind
    assert 8 * 8 * 3 == len(found["pixels"][0])


def test_a_cell_that_is_no_base64() -> None:
    rows = [{"image": base64_of(n) if n != 20 else "§§", "label": "ab"[n % 2]} for n in range(30)]

    problem = refused(csv_of(rows).encode(), **PLAN)

    assert (22, "image") == (problem.faults[0].line, problem.faults[0].column)
    assert "is not base64" in problem.faults[0].message


def test_no_file_is_ever_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    brought_in(zipped(FOLDERS), **PLAN)

    assert [] == list(tmp_path.iterdir())
    assert 40 == len(zipfile.ZipFile(io.BytesIO(zipped(FOLDERS))).namelist())
