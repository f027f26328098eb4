"""Server-Sent Events, however they are cut into chunks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.client.events import Message, Parser

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
