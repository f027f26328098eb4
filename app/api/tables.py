"""Rows as a page of JSON, as CSV or as Parquet, block by block."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, get_args

from starlette.responses import Response, StreamingResponse

from app.api.negotiation import negotiated

Columns = dict[str, list[Any]]

TableForm = Literal["json", "csv", "parquet"]
MEDIA_TYPES: dict[TableForm, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
SEPARATOR = ";"  # between the labels of a multilabel row, in CSV
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for the beginning of one


class Rows(Protocol):
    """Rows that can be told in every form."""

    @property
    def following(self) -> int | None:
        """The number of the row after these, if there is one."""

    def rows(self) -> list[dict[str, Any]]:
        """Each as JSON has it."""

    def kinds(self) -> Mapping[str, Any]:
        """The names of their columns, with int, float, str, or a list of one of these for each."""

    def columns(self) -> Iterator[Columns]:
        """Block by block, in the order of `kinds`."""


def form_for(accept: Sequence[str]) -> TableForm:
    """The form that the `Accept` fields like best.

    Raises:
        NotAcceptable: they name none of them.
    """
    return negotiated(accept, MEDIA_TYPES)


def response(rows: Rows, form: TableForm, name: str) -> Response:
    """The rows in this form; files are named `name`."""
    headers = {"Vary": "Accept"}
    if form == "json":
        page = {"items": rows.rows(), "next": rows.following}
        body = json.dumps(page, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        return Response(body, headers=headers, media_type=MEDIA_TYPES[form])
    headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    if form == "csv":
        lines = as_csv(rows.kinds(), rows.columns())
        return StreamingResponse(lines, headers=headers, media_type=f"{MEDIA_TYPES[form]}; charset=utf-8")
    return Response(as_parquet(rows.kinds(), rows.columns()), headers=headers, media_type=MEDIA_TYPES[form])


def as_csv(names: Iterable[str], blocks: Iterable[Columns]) -> Iterator[bytes]:
    """RFC 4180, in UTF-8 with a head; None is empty, the labels of a list are separated by `;`.

    A text that begins like a formula gets an apostrophe before it, which spreadsheets do not show.
    """
    yield _lines([map(_cell, names)])
    for columns in blocks:
        yield _lines(zip(*(map(_cell, values) for values in columns.values()), strict=True))


def as_parquet(kinds: Mapping[str, Any], blocks: Iterable[Columns]) -> bytes:
    """A Parquet file, a row group for each block."""
    import pyarrow as pa  # slow to import, and most API processes never need it
    import pyarrow.parquet as pq

    plain = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    schema = pa.schema([(name, plain.get(kind) or pa.list_(plain[get_args(kind)[0]])) for name, kind in kinds.items()])
    file = io.BytesIO()
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for columns in blocks:
            writer.write_table(pa.table(columns, schema=schema))
    return file.getvalue()


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = SEPARATOR.join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
