"""What `app/api` counts on in uvicorn and httptools, which promise none of it: a change of it fails here, by name."""

import inspect

import httptools
import pytest
from uvicorn.protocols.http import flow_control, httptools_impl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Server, ServerState

CHANGED = "uvicorn has changed what app/server/connection.py, intake.py, direct.py and unframed.py build on"

METHODS = {
    HttpToolsProtocol: {
        "connection_made", "connection_lost", "data_received", "eof_received", "resume_writing", "shutdown",
        "on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete",
        "on_response_complete", "timeout_keep_alive_handler", "_unset_keepalive_if_required",
    },
    RequestResponseCycle: {"send", "receive", "run_asgi"},
    flow_control.FlowControl: {"pause_reading", "resume_reading", "pause_writing", "resume_writing", "drain"},
    Server: {"on_tick", "shutdown"},
}  # fmt: skip
NAMES = {
    HttpToolsProtocol: [
        "self.parser", "self.flow", "self.pipeline", "self.cycle", "self.scope", "self.headers", "self.url",
        "self.expect_100_continue", "self.timeout_keep_alive_task", "self.connections", "self.server_state",
        "self.pipeline.appendleft((self.cycle, app))", "self.pipeline.pop()", "on_response=self.on_response_complete",
    ],
    RequestResponseCycle: [
        "self.disconnected", "self.keep_alive", "self.message_event", "self.body", "self.response_started",
        "self.response_complete", "self.chunked_encoding", "self.expected_content_length",
        "self.scope, self.receive, self.send",
    ],
    flow_control.FlowControl: ["self.read_paused", "self.write_paused"],
    ServerState: ["self.connections", "self.default_headers", "self.total_requests"],
}  # fmt: skip


@pytest.mark.parametrize("owner", METHODS, ids=lambda owner: owner.__name__)
def test_the_methods_that_we_override_or_call_are_there(owner: type) -> None:
    missing = METHODS[owner] - vars(owner).keys()
    assert not missing, f"{CHANGED}: {owner.__name__} lacks {missing}"


@pytest.mark.parametrize("owner", NAMES, ids=lambda owner: owner.__name__)
def test_the_state_that_we_read_and_write_is_there(owner: type) -> None:
    source = inspect.getsource(owner)
    missing = [name for name in NAMES[owner] if name not in source]
    assert not missing, f"{CHANGED}: {owner.__name__} lacks {missing}"


def test_the_constants_are_there() -> None:
    assert flow_control.HIGH_WATER_LIMIT, CHANGED
    assert httptools_impl.STATUS_LINE[431] == b"HTTP/1.1 431 Request Header Fields Too Large\r\n", CHANGED


def test_the_parser_stops_where_an_upgrade_was_offered_and_says_where() -> None:
    class Callbacks:
        """None."""

    data = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: b\r\nContent-Length: 3\r\n\r\nabc"
    with pytest.raises(httptools.HttpParserUpgrade) as stopped:
        httptools.HttpRequestParser(Callbacks()).feed_data(data)
    assert (len(data) - 3,) == stopped.value.args, "httptools has changed what intake.py builds on"


def test_an_error_of_a_callback_is_the_context_of_the_parsers() -> None:
    class Callbacks:
        """One that fails."""

        def on_url(self, url: bytes) -> None:
            """Raises."""
            raise LookupError(url)

    with pytest.raises(httptools.HttpParserCallbackError) as stopped:
        httptools.HttpRequestParser(Callbacks()).feed_data(b"GET / HTTP/1.1\r\n\r\n")
    assert isinstance(stopped.value.__context__, LookupError), "httptools has changed what intake.py builds on"
