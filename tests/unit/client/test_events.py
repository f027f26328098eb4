"""Server-Sent Events, however they are cut into chunks."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from densely_client.events import Message, Parser

STREAM = (
    ": hello\n\n"
    'id: 7\nevent: epoch\ndata: {"loss": 0.5}\n\n'
    'event: log\r\nid: 8\r\ndata: {"message": "caf\u00e9 \u2028 \u0085 ok"}\r\n\r\n'
    "data: one\rdata: two\r\r"
    "retry: 250\n\n"
    "event: nothing\n\n"
    "data:  spaced\nunknown: x\n\n"
    "data: cut off"
).encode()

MESSAGES = [
    Message("epoch", '{"loss": 0.5}', "7"),
    Message("log", '{"message": "caf\u00e9 \u2028 \u0085 ok"}', "8"),
    Message("message", "one\ntwo", "8"),
    Message("message", " spaced", "8"),
]


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=40).map(sorted))
def test_chunks_do_not_matter(cuts: list[int]) -> None:
    parser = Parser()
    ends = [0, *cuts, len(STREAM)]
    chunks = [STREAM[start:stop] for start, stop in itertools.pairwise(ends)]

    assert MESSAGES == [message for chunk in chunks for message in parser.feed(chunk)]
    assert (0.25, "8") == (parser.retry, parser.last_id)


@pytest.mark.parametrize("line", [b"id: a\0b", b"retry: soon", b"retry: -1"])
def test_fields_that_make_no_sense_are_left_out(line: bytes) -> None:
    parser = Parser()

    assert [] == list(parser.feed(line + b"\n\n"))
    assert (None, None) == (parser.retry, parser.last_id)


def test_a_message_that_is_cut_off_was_not_seen() -> None:
    """Its id counts with the blank line only; a message without an id keeps the one before."""
    parser = Parser("5")

    assert [Message("message", "x", "5")] == list(parser.feed(b"data: x\n\nid: 6\ndata: y\n"))
    assert "5" == parser.last_id
    assert [Message("message", "y", "6")] == list(parser.feed(b"\n"))
    assert "6" == parser.last_id
