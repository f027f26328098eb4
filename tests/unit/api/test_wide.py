"""Bodies for a table of more columns than any of the tasks that come with Densely has."""

import json
from typing import Any

import pytest

from app.api.contracts import MORE_FIELDS, SMALL_BODY, Contracts, RequestParser
from app.errors import InvalidInput
from app.tasks.catalog import task_of
from app.tasks.declared import declare
from app.wire.declarations import NumberColumn, OneOf, TableKind
from tests.support.tasks import TASKS

COLUMNS = [f"column{number}" for number in range(100)]
ROW = dict.fromkeys(COLUMNS, 0.125)


@pytest.fixture(scope="module")
def parser() -> RequestParser:
    kind = TableKind(columns=tuple(NumberColumn(name=name) for name in COLUMNS))
    wide = task_of(declare("wide", "Wide", "", kind, OneOf(labels=("a", "b")), None, []))
    contracts = Contracts(TASKS.all)
    contracts.follow({**TASKS.all, "wide": wide})
    return contracts.parser


def body(rows: int, row: dict[str, Any]) -> bytes:
    instances = [{"features": ROW}] * (rows - 1) + [{"features": row}]
    return json.dumps({"task": "wide", **(instances[0] if rows == 1 else {"instances": instances})}).encode()


def refusal(parser: RequestParser, content: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parser.parse(content)
    return caught.value


@pytest.mark.parametrize("rows", [1, 3, 200])
def test_every_column_of_a_wide_table_is_taken(parser: RequestParser, rows: int) -> None:
    content = body(rows, ROW)
    form = parser.parse(content)

    assert (rows == 200) == (len(content) > SMALL_BODY)
    assert rows == (1 if rows == 1 else len(form.instances))


@pytest.mark.parametrize("rows", [1, 3, 200])
def test_the_column_that_is_missing_is_named(parser: RequestParser, rows: int) -> None:
    row = {name: value for name, value in ROW.items() if name != "column77"}
    place = "" if rows == 1 else f"instances.{rows - 1}."

    assert [f"{place}features.column77"] == [each.field for each in refusal(parser, body(rows, row)).errors]


def test_more_fields_than_a_wide_table_can_have_are_counted_instead_of_named(parser: RequestParser) -> None:
    error = refusal(parser, body(1, {f"other{number}": 0 for number in range(100 + MORE_FIELDS + 1)}))

    assert ("features", "has 117 fields; the limit is 116") == (error.errors[0].field, error.errors[0].message)
