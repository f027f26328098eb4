"""Times as clients write them in a query: a moment, or a day."""

from datetime import UTC, date, datetime, time, timedelta


def begin_of(text: str) -> datetime:
    """The moment that is written, or the begin of the day; in UTC where no zone is.

    Raises:
        ValueError: it is neither.
    """
    return _read(text, timedelta())


def end_of(text: str) -> datetime:
    """The moment that is written, or the end of the day; in UTC where no zone is.

    Raises:
        ValueError: it is neither.
    """
    return _read(text, timedelta(days=1))


def _read(text: str, later: timedelta) -> datetime:
    try:
        if len(text) == len("2030-01-31"):
            return datetime.combine(date.fromisoformat(text), time(), UTC) + later
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            "must be a date or a time in ISO 8601, for example 2030-01-31 or 2030-01-31T12:00:00Z"
        ) from error
