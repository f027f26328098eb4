"""`/openapi.json` as a judge: requests drawn from what it describes, and whether an answer is one that it tells of."""

import copy
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

JSON = "application/json"
PROBLEM = "application/problem+json"
ODD_TEXT = st.text(st.characters(exclude_characters="/"), max_size=12) | st.sampled_from(
    ["..", "%00", "\x00", "\udc80", "a" * 300, "null", "-1", "1e3", "01", "é", "a b", "a/b", "'", "{}"]
)
ODD_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ODD_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
HEADERS = st.sampled_from([{}] * 4 + [
    {"Content-Type": "text/plain"}, {"Content-Type": ""}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "br"},
    {"Content-Encoding": "deflate"}, {"Accept": "text/event-stream"}, {"Idempotency-Key": "a key"},
    {"Idempotency-Key": "k-1"}, {"Last-Event-ID": "x"}, {"X-Request-ID": "?"},
])  # fmt: skip


# What a good request has besides what is needed: of an upload it may come with the body.
ALSO = {"POST /datasets": ("task", "name")}
KINDS = {
    "models": "confusion",
    "tasks": "points",
    "compare": "boundaries",
    "datasets": "labels",
    "sweeps": "best",
}  # of a task of the plane


@dataclass(frozen=True)
class Operation:
    """A call as it is described."""

    path: str
    method: str
    about: dict[str, Any] = field(hash=False, repr=False)

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def example(self) -> Any:
        """The first example of its body; None where it takes none."""
        content = self.about.get("requestBody", {}).get("content", {}).get(JSON, {})
        examples: list[dict[str, Any]] = list(content.get("examples", {}).values())
        found = examples[0].get("value") if examples else None
        return copy.deepcopy(found)


@dataclass
class Request:
    """What is sent."""

    operation: Operation
    target: str
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Described:
    """The description of a service."""

    def __init__(
        self,
        description: dict[str, Any],
        known: Mapping[str, str],
        bodies: Mapping[str, Any],
        doomed: Mapping[str, str] | None = None,
    ) -> None:
        """`known`: a good value for each parameter of a path; `bodies`: good ones for calls without an example.

        `doomed`: the same for calls that remove what they name.
        """
        self.doomed = doomed or {}
        self.components = description["components"]
        self.known = known
        self.bodies = bodies
        self.operations = [
            Operation(path, method.upper(), about)
            for path, item in description["paths"].items()
            for method, about in item.items()
        ]
        self._validator = cache(self._make_validator)

    def good(self, operation: Operation) -> Request:
        """A request with everything that is needed, and all of it right."""
        body = self._body(operation)
        given = {
            p["name"]: self.known[p["name"]]
            for p in operation.about.get("parameters", [])
            if p["in"] == "query" and (p["required"] or p["name"] in ALSO.get(operation.name, ()))
        }
        return Request(
            operation,
            operation.path.format(**self._known(operation)) + (f"?{urlencode(given)}" if given else ""),
            None if body is None else json.dumps(body).encode(),
            {} if body is None else {"Content-Type": JSON},
        )

    @st.composite
    @staticmethod
    def any(draw: st.DrawFn, self: "Described") -> Request:
        """A request that is right in some parts and wrong in others."""
        operation = draw(st.sampled_from(self.operations))
        parameters = operation.about.get("parameters", [])
        parts = {p["name"]: self._known(operation)[p["name"]] for p in parameters if p["in"] == "path"}
        if parts and draw(st.integers(0, 3)) == 0:
            parts[draw(st.sampled_from(sorted(parts)))] = draw(ODD_TEXT.filter(bool))
        target = operation.path.format(**{name: _quoted(value) for name, value in parts.items()})
        query = []
        for name in [p["name"] for p in parameters if p["in"] == "query"]:
            for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
                value = self.known.get(name, "1") if draw(st.booleans()) else draw(ODD_TEXT)
                query.append(f"{name}={_quoted(value)}")
        content, headers = draw(_contents(self._body(operation)))
        return Request(operation, target + ("?" + "&".join(query) if query else ""), content, headers | draw(HEADERS))

    def _known(self, operation: Operation) -> Mapping[str, str]:
        """A good value for each parameter of a path; of pictures there are other kinds below each of `KINDS`."""
        doomed = self.doomed if operation.method == "DELETE" else {}
        return {**self.known, **doomed, "kind": KINDS.get(operation.path.split("/")[1], "")}

    def _body(self, operation: Operation) -> Any:
        return copy.deepcopy(self.bodies.get(operation.name)) or operation.example

    def send(self, client: httpx.Client, request: Request) -> httpx.Response:
        """The answer, of a stream only its head."""
        with client.stream(
            request.operation.method,
            "/",
            content=request.content,
            headers=request.headers,
            extensions={"target": request.target.encode()},
        ) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer.read()
            return answer

    def check(self, request: Request, answer: httpx.Response) -> None:
        """That the answer's status, its content type and its body are described."""
        said = f"{request} was answered with {answer.status_code}"
        responses = request.operation.about["responses"]
        assert str(answer.status_code) in responses, f"{said}, which is not described"
        content = responses[str(answer.status_code)].get("content", {})
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if answer.status_code == 204:
            return
        assert kind in content, f"{said} and {kind}, which is not described"
        assert answer.headers["x-request-id"]
        if kind in (JSON, PROBLEM):
            validator = self._validator(request.operation, answer.status_code, kind)
            problems = [error.message for error in validator.iter_errors(answer.json())]
            assert not problems, f"{said} and a body that is not as described: {problems[:3]}"

    def _make_validator(self, operation: Operation, status: int, kind: str) -> Draft202012Validator:
        schema = operation.about["responses"][str(status)]["content"][kind].get("schema", {})
        return Draft202012Validator({**schema, "components": self.components})


@st.composite
def _contents(draw: st.DrawFn, good: Any) -> tuple[bytes | None, dict[str, str]]:
    """A body and the headers that announce it."""
    if good is None and draw(st.integers(0, 3)):
        return None, {}
    if good is None or draw(st.integers(0, 4)) == 0:
        content = draw(st.binary(max_size=50) | ODD_JSON.map(lambda value: json.dumps(value).encode()))
    else:
        for _ in range(draw(st.integers(0, 2))):
            good = _changed(draw, good)
        content = json.dumps(good).encode()
    if draw(st.integers(0, 5)) == 0:
        whole = gzip.compress(content, mtime=0)
        return whole[: len(whole) - draw(st.sampled_from([0, 0, 1, 9]))], {
            "Content-Type": JSON,
            "Content-Encoding": "gzip",
        }
    return content, {"Content-Type": JSON}


def _changed(draw: st.DrawFn, value: Any) -> Any:
    """The same with something left out, added or replaced, at any depth."""
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
        way = draw(st.sampled_from(["deeper", "deeper", "left out", "added"]))
        if way == "left out":
            return {name: part for name, part in value.items() if name != key}
        if way == "added":
            return value | {draw(st.sampled_from(["model", "top_k", "explain", "seed", "name", "x"])): draw(ODD_JSON)}
        return value | {key: _changed(draw, value[key])}
    if isinstance(value, list) and value:
        place = draw(st.integers(0, min(len(value) - 1, 3)))
        return [*value[:place], _changed(draw, value[place]), *value[place + 1 :]]
    return draw(ODD_JSON)


def _quoted(value: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"), safe="")
