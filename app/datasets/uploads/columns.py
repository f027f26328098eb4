"""A file's cells as a dataset's values, each checked: what cannot be used is told, with its row."""

import base64
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.datasets.uploads.answers import labels_in
from app.datasets.uploads.names import listed
from app.datasets.uploads.problems import shown
from app.datasets.uploads.profile import LONGEST_VALUE
from app.datasets.uploads.roles import SPLIT_WORDS, Input, Target
from app.encoding.cells import EPOCH, days_in, flag_of, is_missing, kind_of, label_of, number_of, whole_of
from app.encoding.pictures.files import content_of
from app.encoding.pictures.scaled import read_scaled
from app.wire.declarations import MOST_CHARACTERS, ImageKind

Faults = dict[int, str]  # reasons by row
Convert = Callable[[list[Any]], tuple[Any, Faults]]  # cells to an Arrow array with nothing where there is a fault

GREATEST = 1e15  # of a number, either way


def converter(column: Input, image: ImageKind | None, most_characters: int = MOST_CHARACTERS) -> Convert:
    """How cells of an input's column become values."""
    if column.role == "text":
        return lambda cells: _texts(cells, required=column.required, most=most_characters)
    if column.role == "image":
        assert image is not None
        return lambda cells: _pictures(cells, image)
    if column.role == "number":
        return lambda cells: numbers(cells, required=column.required)
    one = {"category": _category, "flag": _flag, "date": _date(column)}[column.role]
    words = column.role != "category"
    kind = pa.bool_() if column.role == "flag" else pa.string()
    return lambda cells: _each(cells, one, kind, required=column.required, words=words)


def _each(cells: list[Any], one: Callable[[Any], Any], kind: Any, *, required: bool, words: bool) -> tuple[Any, Faults]:
    """Cell by cell; of equal ones only the first is looked at."""
    faults: Faults = {}
    known: dict[Any, Any] = {}
    values: list[Any] = [None] * len(cells)
    for row, cell in enumerate(cells):
        try:
            key = (cell, cell.__class__)
            if key not in known:
                known[key] = _Missing if is_missing(cell, words=words) else one(cell)
            value = known[key]
        except ValueError as error:
            faults[row] = f"{shown(cell)} {error}"
            continue
        except TypeError:
            faults[row] = "is a list or an object, not one value"
            continue
        if value is not _Missing:
            values[row] = value
        elif required:
            faults[row] = "is empty"
    return pa.array(values, kind), faults


class _Missing:
    """Stands for no value."""


def _texts(cells: list[Any], *, required: bool, most: int) -> tuple[Any, Faults]:
    odd = [
        row
        for row, cell in enumerate(cells)
        if cell.__class__ is not str or not cell or len(cell) > most or cell.isspace()
    ]
    faults: Faults = {}
    if odd:
        cells = list(cells)
        for row in odd:
            cells[row], reason = _odd_text(cells[row], required=required, most=most)
            if reason:
                faults[row] = reason
    try:
        return pa.array(cells, pa.string()), faults
    except UnicodeError:
        for row, cell in enumerate(cells):
            if cell and not _is_whole(cell):
                cells[row], faults[row] = None, "holds half a character (a lone surrogate)"
        return pa.array(cells, pa.string()), faults


def _odd_text(cell: Any, *, required: bool, most: int) -> tuple[str | None, str | None]:
    if isinstance(cell, bool | int | float):
        cell = label_of(cell)
    if cell is None or (isinstance(cell, str) and (not cell or cell.isspace())):
        return None, "is empty" if required else None
    if isinstance(cell, date):
        return cell.isoformat(), None
    if not isinstance(cell, str):
        return None, "is no text"
    if len(cell) > most:
        return None, f"has {len(cell):,} characters; the limit is {most:,}"
    return cell, None


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True


def numbers(cells: list[Any], *, required: bool) -> tuple[Any, Faults]:
    """Cells as float64: all at once, or where some are none, one by one."""
    try:
        found = pc.cast(pa.array([None if cell == "" else cell for cell in cells]), pa.float64())
        values = found.to_numpy(zero_copy_only=False)
        usable = np.isfinite(values) & (np.abs(values) <= GREATEST)
        if (required or usable.all()) and usable.all():
            return found, {}
        if not required and (usable | found.is_null().to_numpy(zero_copy_only=False)).all():
            return found, {}
    except (pa.ArrowException, UnicodeError, TypeError, OverflowError):
        pass
    return _each(cells, _number, pa.float64(), required=required, words=True)


def _number(cell: Any) -> float:
    number = number_of(cell)
    if abs(number) > GREATEST:
        raise ValueError(f"is beyond {GREATEST:.0e}")
    return number


def _category(cell: Any) -> str:
    text = label_of(cell)
    if cell.__class__ in {list, dict, bytes}:
        raise ValueError("is not one value")
    if kind_of(cell)[0] == "nonfinite" and not isinstance(cell, str):
        raise ValueError("is no finite number; where there is none the cell is left empty")
    return _short(text)


def _short(text: str) -> str:
    if len(text) > LONGEST_VALUE:
        raise ValueError(f"has {len(text):,} characters; the limit of a label or a category is {LONGEST_VALUE}")
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError("holds control characters")
    if not _is_whole(text):
        raise ValueError("holds half a character (a lone surrogate)")
    return text


def _flag(cell: Any) -> bool:
    flag = flag_of(cell)
    if flag is None:
        raise ValueError("is neither true nor false")
    return flag


def _date(column: Input) -> Callable[[Any], str]:
    def convert(cell: Any) -> str:
        days = days_in(cell, day_first=column.day_first)
        if days is None:
            is_number = kind_of(cell)[0] == "number"
            raise ValueError(
                "is a number, not a date such as 2026-01-31" if is_number else "is no date as 2026-01-31 is"
            )
        return date.fromordinal(days + EPOCH).isoformat()

    return convert


def _pictures(cells: list[Any], kind: ImageKind) -> tuple[Any, Faults]:
    channels = 3 if kind.colours == "rgb" else 1
    width = kind.size * kind.size * channels
    faults: Faults = {}
    rows = np.zeros((len(cells), width), dtype=np.uint8)
    for row, cell in enumerate(cells):
        try:
            rows[row] = read_scaled(_content(cell), kind.size, kind.colours, kind.scaling).reshape(-1)
        except ValueError as error:
            faults[row] = str(error)
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), width), faults


def _content(cell: Any) -> bytes:
    if is_missing(cell):
        raise ValueError("is empty")
    if cell.__class__ not in {str, bytes}:
        raise ValueError("is no picture in base64")
    return content_of(cell) if isinstance(cell, str) else bytes(cell)


def target_converter(target: Target) -> Convert:
    """How cells of the answer's column become values."""
    if target.kind in {"number", "rating"}:
        return lambda cells: _amounts(cells, target)
    known = set(target.labels)
    if target.kind == "several_of":
        return lambda cells: _several(cells, target, known)

    def one(cell: Any) -> Any:
        label = whole_of(cell) if target.are_whole else _category(cell)
        if label not in known:
            raise ValueError(f"is none of the labels {listed(map(str, target.labels), 6)}")
        return label

    return lambda cells: _each(cells, one, pa.int64() if target.are_whole else pa.string(), required=True, words=False)


def _several(cells: list[Any], target: Target, known: set[str]) -> tuple[Any, Faults]:
    values: list[list[str]] = []
    faults: Faults = {}
    for row, cell in enumerate(cells):
        labels = [] if is_missing(cell, words=False) else labels_in(cell, target.separator)
        if odd := next((label for label in labels if label not in known), None):
            faults[row] = f"{shown(odd)} is none of the labels {listed(target.labels, 6)}"
            labels = []
        values.append(labels)
    return pa.array(values, pa.list_(pa.string())), faults


def _amounts(cells: list[Any], target: Target) -> tuple[Any, Faults]:
    values, faults = numbers(cells, required=True)
    if target.kind == "rating":
        found = values.to_numpy(zero_copy_only=False)
        for row in np.flatnonzero((found < target.least) | (found > target.greatest)).tolist():
            faults[row] = f"{found[row]:g} is not within {target.least:g} and {target.greatest:g}"
    return values, faults


def splits(cells: list[Any]) -> tuple[Any, Faults]:
    """`train` or `test`; validation rows are trained on, since rows are held out of them anyway."""

    def one(cell: Any) -> str:
        word = SPLIT_WORDS.get(str(cell).strip().casefold())
        if word is None:
            raise ValueError("is neither train nor test")
        return word

    return _each(cells, one, pa.string(), required=True, words=True)


def plain(value: Any, column: Input, image: ImageKind | None) -> Any:
    """A value as `POST /predict` takes it."""
    if column.role != "image":
        return value
    assert image is not None
    return _png(value, image)


def _png(pixels: list[int], kind: ImageKind) -> str:
    import io

    from PIL import Image

    shape = (kind.size, kind.size, 3) if kind.colours == "rgb" else (kind.size, kind.size)
    target = io.BytesIO()
    Image.fromarray(np.array(pixels, dtype=np.uint8).reshape(shape)).save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()
