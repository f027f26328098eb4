"""The form of a stream, and who asks for one."""

import pytest

from app.api.streams import _framed, asks_for_stream
from app.services.events import StreamedEvent


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/event-streams", False),
        ("text/event-stream;q=0", False),
        ("text/event-stream; q=0.000", False),
        ("text/event-stream", True),
        ("TEXT/EVENT-STREAM", True),
        ("application/json, text/event-stream", True),
        ("text/event-stream; charset=utf-8; q=0.10", True),
        ("text/event-stream;q=1.0, */*;q=0", True),
    ],
)
def test_a_stream_is_for_those_who_name_its_form(accept: str | None, expected: bool) -> None:
    assert expected is asks_for_stream(accept)


def test_an_event_is_four_lines() -> None:
    event = StreamedEvent(17, "r-1", "log", b'{"message":"a\\nb"}', final=False)

    assert b'id: 17\nevent: log\ndata: {"message":"a\\nb"}\n\n' == _framed(event)
