"""The `traceparent` header (W3C Trace Context, https://www.w3.org/TR/trace-context/): which trace a request belongs to.

Densely makes no spans of its own, so it hands on what it got; the receiver of a webhook then continues the trace of
whoever asked for the run. `tracestate`, which a vendor may leave out, is not kept.
"""

import re

LONGEST = 512  # characters that are looked at: a later version may have further parts
_FORM = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


def traceparent_of(header: str) -> str | None:
    """The header in its version 00, None if it is malformed: then it is as if it had not been sent (section 3.2.2.5).

    Of a later version the parts that version 00 has are taken, as section 3.2.4 asks for.
    """
    found = _FORM.fullmatch(header) if len(header) <= LONGEST else None
    if found is None or (found[1] == "00" and found[5] is not None):
        return None
    flags = int(found[4], 16) & 3  # `sampled`, and of level 2 `random`; others have no meaning yet
    return f"00-{found[2]}-{found[3]}-{flags:02x}"


def trace_id(traceparent: str) -> str:
    """Its second part."""
    return traceparent.split("-")[1]
