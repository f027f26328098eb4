"""Which form of an answer a client gets."""

import pytest

from app.api.negotiation import negotiated
from app.api.tables import MEDIA_TYPES
from app.errors import NotAcceptable

PARQUET = MEDIA_TYPES["parquet"]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ([], "json"),
        (["", " "], "json"),
        (["*/*"], "json"),
        ([BROWSER], "json"),
        (["application/json"], "json"),
        (["text/csv"], "csv"),
        (["TEXT/CSV; charset=utf-8"], "csv"),
        (["text/csv;header=present;q=0.5"], "csv"),
        ([PARQUET], "parquet"),
        (["text/*"], "csv"),
        (["application/*"], "json"),
        (["text/csv, */*"], "csv"),
        (["*/*", "text/csv"], "csv"),
        (["text/csv;q=0.5, application/json;q=0.4"], "csv"),
        (["text/csv;q=0.5,application/json"], "json"),
        (["text/csv; q=0.5 , application/json ; q=0.501"], "json"),
        (["application/json;q=0, */*"], "csv"),
        (["application/*;q=0.2, application/json;q=0.1, text/*;q=0"], "parquet"),
        ([f"{PARQUET};q=1.000, text/csv;q=0.999"], "parquet"),
        (["nonsense, text/csv"], "csv"),
        (["text/csv;q=2, application/json;q=0.9"], "csv"),
    ],
)
def test_the_form_liked_best_is_chosen(accept: list[str], expected: str) -> None:
    """Of those liked alike the one that is named more exactly, then the first that is offered."""
    assert expected == negotiated(accept, MEDIA_TYPES)


@pytest.mark.parametrize("accept", ["text/html", "image/*", "text/csv;q=0", "*/*;q=0", "text/html, application/xml"])
def test_what_is_not_offered_is_refused_with_what_is(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        negotiated([accept], MEDIA_TYPES)

    assert all(media_type in caught.value.message for media_type in MEDIA_TYPES.values())


def test_a_long_header_is_read_in_no_time() -> None:
    """Nothing in it makes the reading go back and forth."""
    hostile = ";q=" * 20_000 + " ;" * 20_000

    assert "json" == negotiated([f"application/json{hostile}, */*"], MEDIA_TYPES)
