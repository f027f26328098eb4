"""Thousands of requests drawn from `/openapi.json`: answers are as it describes, what it refuses is refused."""

from pathlib import Path

import pytest

from tests.fuzz.fuzzing import fuzz
from tests.integration.site import KEY, Site

# The same requests each time: a failure is one of the change at hand. `make fuzz` draws others.
SAME = "--generation-deterministic"


@pytest.mark.slow
def test_every_limit_of_the_description_is_kept(tmp_path: Path) -> None:
    """Just within and just beyond each limit, each field left out, methods and headers that there are not."""
    site = Site(tmp_path)
    outcome = fuzz(site, tmp_path, keyed=False, known=False, options=[SAME, "--phases=coverage"])
    site.close()

    assert not outcome.failed, str(outcome)
    assert outcome.cases > 3_000


@pytest.mark.slow
def test_with_a_key_every_answer_is_as_described_and_without_it_none_is_given(tmp_path: Path) -> None:
    """What needs a key is asked for once more without it, and with a wrong one (the check `ignored_auth`)."""
    site = Site(tmp_path, api_keys=(KEY,))
    options = [SAME, "--max-examples=10", "--phases=examples,fuzzing,stateful"]
    outcome = fuzz(site, tmp_path, keyed=True, known=True, options=options)
    site.close()

    assert not outcome.failed, str(outcome)
    assert outcome.cases > 400
    assert sum(count > 0 for count in outcome.reached.values()) > 25
