"""What the server counts on in uvicorn and httptools, which promise none of it: a change of it fails here, by name."""

import ast
import asyncio
import hashlib
import inspect
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import httptools
import pytest
from packaging.requirements import Requirement
from uvicorn.protocols.http import flow_control, httptools_impl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Server, ServerState

from app import server
from app.server.uvicorn_adapter import HttpProtocol

CHANGED = "uvicorn has changed what app/server/uvicorn_adapter.py or uvicorn_server.py builds on"
FOLDER = Path(server.__file__).parent

METHODS = {
    HttpToolsProtocol: {
        "connection_made", "connection_lost", "data_received", "eof_received", "resume_writing", "shutdown",
        "on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete",
        "on_response_complete", "timeout_keep_alive_handler", "_unset_keepalive_if_required",
    },
    RequestResponseCycle: {"send", "receive", "run_asgi"},
    flow_control.FlowControl: {"pause_reading", "resume_reading", "pause_writing", "resume_writing", "drain"},
    Server: {"on_tick", "shutdown", "startup", "handle_exit", "capture_signals"},
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
    Server: ["self.should_exit", "self.force_exit", "self.servers", "self.server_state", "self.config"],
    ServerState: ["self.connections", "self.default_headers", "self.total_requests"],
}  # fmt: skip


# SHA-256 of the source: when one of them differs, read the change, see to the adapter, and write the new one down here.
SOURCES = {
    HttpToolsProtocol: "18fdf324b11bf160",
    RequestResponseCycle: "e67d470d435dcc1c",
    flow_control.FlowControl: "126debcdaa894c83",
    ServerState: "f2260fbf10154746",
    Server.startup: "2aa1d70a244bfcf2",
    Server.on_tick: "60ea49b06ccf68c1",
    Server.shutdown: "9b33c50562992b1e",
    Server.handle_exit: "553276efa26e09ea",
    Server.capture_signals: "e1bbcd4770d1c887",
}
PARSER_CALLBACKS = {
    "on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete",
}  # fmt: skip


def own_names(kind: type) -> set[str]:
    """The attributes and methods that a class has by its own source."""
    return set(vars(kind)) | set(re.findall(r"self\.(\w+)\b[^\n(]*? = ", inspect.getsource(kind)))


def test_the_version_is_capped_below_the_next_that_may_change_everything() -> None:
    project = tomllib.loads((FOLDER.parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (wanted,) = (found for each in project["dependencies"] if (found := Requirement(each)).name == "uvicorn")
    _, minor, *_ = version("uvicorn").split(".")

    assert wanted.specifier.contains(version("uvicorn"))
    assert not wanted.specifier.contains(f"0.{int(minor) + 1}.0")


@pytest.mark.parametrize("owner", SOURCES, ids=lambda owner: owner.__qualname__)
def test_the_sources_are_those_that_were_read(owner: type) -> None:
    """Names may stay while what they do changes."""
    assert SOURCES[owner] == hashlib.sha256(inspect.getsource(owner).encode()).hexdigest()[:16], CHANGED


def test_only_the_adapter_touches_the_insides() -> None:
    """Its subclasses neither read nor override what it does not declare, callbacks of asyncio and the parser apart."""
    inside = own_names(HttpToolsProtocol) - set(vars(HttpProtocol)) - set(HttpProtocol.__annotations__)
    inside -= PARSER_CALLBACKS | set(dir(asyncio.Protocol)) | {"__init__", "__module__", "__doc__"}
    assert {"cycle", "flow", "pipeline", "server_state", "timeout_keep_alive_task", "_start_asgi_task"} <= inside
    touched = {
        f"{path.name}:{getattr(node, 'lineno', 0)}: {name}"
        for path in FOLDER.glob("*.py")
        if path.name not in ("uvicorn_adapter.py", "uvicorn_server.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (name := _named(node)) in inside
    }

    assert not touched


def _named(node: ast.AST) -> str:
    """What a method's definition, or a use of `self`, names."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return node.attr
    return ""


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
    assert (len(data) - 3,) == stopped.value.args, "httptools has changed what pipelining.py builds on"


def test_an_error_of_a_callback_is_the_context_of_the_parsers() -> None:
    class Callbacks:
        """One that fails."""

        def on_url(self, url: bytes) -> None:
            """Raises."""
            raise LookupError(url)

    with pytest.raises(httptools.HttpParserCallbackError) as stopped:
        httptools.HttpRequestParser(Callbacks()).feed_data(b"GET / HTTP/1.1\r\n\r\n")
    assert isinstance(stopped.value.__context__, LookupError), "httptools has changed what pipelining.py builds on"
