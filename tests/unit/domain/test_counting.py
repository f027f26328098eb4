"""One of a thing is called otherwise than several."""

import pytest

from app.domain.counting import counted


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("1 row", (1, "row")),
        ("0 rows", (0, "row")),
        ("2,000 rows", (2_000, "row")),
        ("1 row was", (1, "row was", "rows were")),
        ("2 rows were", (2, "row was", "rows were")),
    ],
)
def test_a_number_with_its_noun(told: str, words: tuple[int, str]) -> None:
    assert told == counted(*words)
