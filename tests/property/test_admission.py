"""What a connection remembers of a head lets nothing in, and keeps nothing out, that a new connection would not."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.keys import ApiKey, Scope, digest_of
from app.server.access import Access
from app.server.cors import Cors
from app.server.counters import SharedCounters
from app.server.direct import INLINE_BODY_BYTES
from app.server.gate import DirectGate
from app.server.heads import RawHeaders
from app.server.rates import Rates
from app.server.state import InlineRequest
from app.services.keyring import Keyring
from tests.support.clock import FakeClock

PAGE = "https://app.example.org"
SECRETS = (b"dk_plain", b"dk_brief", b"dk_tasks", b"dk_pages")

# By field the values that a request may have of it; None: it has no such field.
VALUES: dict[bytes, list[bytes | None]] = {
    b"host": [b"localhost", b"a,b", None],
    b"content-type": [b"application/json", b"text/plain", None],
    b"content-length": [b"7", b"12", b"0", str(INLINE_BODY_BYTES + 1).encode(), None],
    b"authorization": [*(b"Bearer " + secret for secret in SECRETS), b"Basic dk_plain", None],
    b"x-api-key": [None, b"dk_plain", b"dk_wrong"],
    b"x-request-id": [None, b"mine", b"another's", b"not an id"],
    b"traceparent": [None, b"00-1-1-01"],
    b"origin": [PAGE.encode(), None, b"https://evil.example.net"],
    b"sec-fetch-site": [None, b"cross-site", b"same-origin"],
    b"content-encoding": [None, b"gzip"],
    b"transfer-encoding": [None, b"chunked"],
    b"accept": [None, b"*/*"],
}
USUAL = {name: values[0] for name, values in VALUES.items()}
# Of a request two fields may be unusual, so that most are let in, and many are like the one before.
Fields = st.sampled_from([(name, value) for name, values in VALUES.items() for value in values])
Heads = st.lists(Fields, max_size=2)
Steps = st.lists(st.one_of(Heads, st.sampled_from(["revoke", "restore", "change", "wait"])), min_size=2, max_size=12)


def head_of(unusual: list[tuple[bytes, bytes | None]]) -> RawHeaders:
    """The usual head but for these fields."""
    return [(name, value) for name, value in {**USUAL, **dict(unusual)}.items() if value is not None]


def key_of(secret: bytes, scope: Scope = "predict", **more: Any) -> ApiKey:
    """One of the database."""
    return ApiKey(secret.decode(), digest_of(secret), frozenset({scope}), **more)


class World:
    """A gate, and what happens to its keys."""

    def __init__(self, *, needs_keys: bool) -> None:
        self.clock = FakeClock()
        self.ring = Keyring(clock=self.clock)
        self.needs_keys = needs_keys
        self.has("restore")
        self.rates = Rates(SharedCounters(Path("nothing is counted")))
        access, cors = Access(self.ring, "127.0.0.1"), Cors([PAGE])
        handler: Any = None  # nothing is answered
        self.gate = DirectGate(handler, max_inflight=1, max_body=2**20, access=access, rates=self.rates, cors=cors)

    def has(self, event: str) -> None:
        """Something has happened."""
        if event == "wait":
            self.clock.advance(40)
            return
        right: Scope = "train" if event == "change" else "predict"
        made = {
            b"dk_plain": key_of(b"dk_plain", right),
            b"dk_brief": key_of(b"dk_brief", ends_at=self.clock() + timedelta(seconds=60)),
            b"dk_tasks": key_of(b"dk_tasks", tasks=frozenset({"planar"})),
            b"dk_pages": key_of(b"dk_pages", origins=(PAGE,)),
        }
        if event == "revoke":
            del made[b"dk_plain"]
        if self.needs_keys:
            self.ring.replace(made.values(), any_known=True)

    def admitted(self, head: RawHeaders, inline: InlineRequest) -> tuple[object, ...]:
        """Whether it is, with what is known of it: the answer's head but for an id that is new."""
        self.ring.used.clear()
        if not self.gate.admit(list(head), "192.0.2.1", inline):
            return (False,)
        request_id, *lines = inline.fields.split(b"\r\n")
        given = dict(head).get(b"x-request-id")
        told = request_id if given and request_id.endswith(given) else b"new"
        return True, told, lines, inline.tasks, set(self.ring.used)


@pytest.mark.parametrize("needs_keys", [True, False])
@given(steps=Steps)
def test_a_head_is_let_in_as_if_it_were_the_connections_first(*, needs_keys: bool, steps: list[Any]) -> None:
    world, connection = World(needs_keys=needs_keys), InlineRequest()
    for step in steps:
        if isinstance(step, str):
            world.has(step)
            continue
        head = head_of(step)
        assert world.admitted(head, InlineRequest()) == world.admitted(head, connection), (step, head)
