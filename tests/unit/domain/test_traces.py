"""`traceparent`: the cases of the W3C's own test suite, and that nothing malformed gets through."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.traces import traceparent_of

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{PARENT}-01"


def test_version_00_is_kept_as_it_is() -> None:
    assert GOOD == traceparent_of(GOOD)
    assert f"00-{TRACE}-{PARENT}-00" == traceparent_of(f"00-{TRACE}-{PARENT}-00")
    assert f"00-{TRACE}-{PARENT}-03" == traceparent_of(f"00-{TRACE}-{PARENT}-03")


@pytest.mark.parametrize(
    "header", [f"cc-{TRACE}-{PARENT}-01", f"cc-{TRACE}-{PARENT}-01-what-the-future", f"01-{TRACE}-{PARENT}-f9"]
)
def test_a_later_version_is_read_as_far_as_it_is_known(header: str) -> None:
    assert GOOD == traceparent_of(header)


@pytest.mark.parametrize(
    "header",
    [
        "", "00", GOOD.upper(), f" {GOOD}", f"{GOOD} ", f"{GOOD}\n", f"{GOOD}-", f"{GOOD}-00",
        f"ff-{TRACE}-{PARENT}-01", f"cc-{TRACE}-{PARENT}-01.what", f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE[1:]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}0-01", f"00-{TRACE}-{PARENT}-1", f"00-{TRACE}-{PARENT}-0x", f"00.{TRACE}.{PARENT}.01",
        f"0-{TRACE}-{PARENT}-01", f"cc-{TRACE}-{PARENT}-01-" + "x" * 1_000, f"{GOOD},{GOOD}",
    ],
)  # fmt: skip
def test_what_is_malformed_is_ignored(header: str) -> None:
    assert traceparent_of(header) is None


@given(st.one_of(st.text(), st.from_regex(r"\A[0-9a-g]{2}-[0-9a-f]{31,33}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?\Z")))
def test_what_comes_out_is_well_formed_and_stays_what_it_is(header: str) -> None:
    found = traceparent_of(header)

    if found is not None:
        assert re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[0-3]", found)
        assert found == traceparent_of(found)
        assert found[3:52] == header[3:52]
