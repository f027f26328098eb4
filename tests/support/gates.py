"""A gate that lets everybody in."""

from pathlib import Path
from typing import Any

from app.server.access import Access
from app.server.counters import SharedCounters
from app.server.gate import DirectGate
from app.server.rates import Rates
from app.services.keyring import Keyring


def open_gate(handler: Any, *, max_inflight: int, max_body: int) -> DirectGate:
    """Before a direct handler, of loopback, without keys and without limits."""
    rates = Rates(SharedCounters(Path("nothing is counted")))
    access = Access(Keyring(), "127.0.0.1")
    return DirectGate(handler, max_inflight=max_inflight, max_body=max_body, access=access, rates=rates)
