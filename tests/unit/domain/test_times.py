"""Days and moments of a query."""

from datetime import UTC, datetime

import pytest

from app.domain.times import begin_of, end_of


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2030-01-31", datetime(2030, 1, 31, tzinfo=UTC), datetime(2030, 2, 1, tzinfo=UTC)),
        ("2030-01-31T12:00", *[datetime(2030, 1, 31, 12, tzinfo=UTC)] * 2),
        ("2030-01-31T12:00:00.5Z", *[datetime(2030, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)] * 2),
        ("2030-01-31T12:00:00+02:00", *[datetime(2030, 1, 31, 10, tzinfo=UTC)] * 2),
    ],
)
def test_a_day_is_meant_with_all_of_it(text: str, begin: datetime, end: datetime) -> None:
    assert (begin, end) == (begin_of(text), end_of(text))


@pytest.mark.parametrize("text", ["", "yesterday", "2030-13-01", "9999-12-31", "0001-01-01T00:00:00+10:00", "17e8"])
def test_what_is_none_is_refused(text: str) -> None:
    """Also what no clock can show."""
    with pytest.raises(ValueError, match="must be a date or a time in ISO 8601"):
        end_of(text)
