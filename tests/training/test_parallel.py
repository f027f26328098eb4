"""Batches that several devices share: how rows are dealt out, and what training by them comes to."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.encoding.rows import SparseRows
from app.training.arrange import HotRows, bounds_of, parts, share_of

INNER = Path(__file__).with_name("several_devices.py")


def test_training_on_three_devices_is_as_on_one() -> None:
    """The tests beside this one, in a process whose processor is three devices."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(INNER)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600, env=environment)

    assert 0 == done.returncode, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout


@given(st.integers(0, 40), st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_each_row_and_its_words_are_in_one_share_of_its_batch(count: int, size: int, shares: int, seed: int) -> None:
    """In the order of the epoch; the other places count nothing, and hold rows of it too."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 4, 50)
    words = rng.integers(0, 99, lengths.sum()).astype(np.int32)
    offsets = np.append(0, np.cumsum(lengths))
    order = rng.permutation(50)[:count]
    (part,) = parts(HotRows(SparseRows(words, offsets, 99, np.ones(50))), order, -(-50 // size), size, shares)
    own = share_of(size, shares)

    assert -(-count // size) == part.steps
    np.testing.assert_array_equal(order, part.places[part.mask > 0])
    assert set(part.places.ravel().tolist()) <= (set(order.tolist()) or {0})
    ids, of_row = (each.reshape(len(part.places), shares, -1) for each in part.inputs)
    found = [
        ids[batch, share][of_row[batch, share] == place].tolist()
        for batch, share, place in np.ndindex(len(ids), shares, own)
        if part.mask[batch, share * own + place]
    ]
    assert [words[offsets[row] : offsets[row + 1]].tolist() for row in order] == found
    assert len(bounds_of(count, size, shares)) == -(-count // size) * shares + 1
