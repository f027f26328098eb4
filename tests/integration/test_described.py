"""`/openapi.json` tells the truth: whatever is sent, the answer is one that it describes, database or not."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from tests.integration.site import KEY, Site
from tests.support.described import Described, Request
from tests.support.tasks import TASKS

# What needs no database, asked for an active model.
WITHOUT_DATABASE = (
    {"POST /predict", "GET /health/live", "GET /metrics"}
    | {f"POST /tasks/{task}/{way}" for task in TASKS.all for way in ("encode", "decode")}
    | {"GET /tasks/{task}/datasets/{dataset}/{kind}.{form}"}
)


@pytest.fixture(scope="module", params=["open", "keyed"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    started = Site(tmp_path_factory.mktemp("site"), **({"api_keys": (KEY,)} if request.param == "keyed" else {}))
    yield started
    started.close()


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service whose database is away."""
    started = Site(tmp_path_factory.mktemp("away"))
    started.lose_database()
    yield started
    started.close()


def fuzzed(site: Site, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(Described.any(site.described))
    def answer(request: Request) -> None:
        site.answered(request)

    answer()


def test_a_good_request_is_answered_as_described(site: Site) -> None:
    """Every call that there is, but for those whose run must be in another state."""
    statuses = {o.name: site.answered(site.described.good(o)) for o in site.described.operations}

    others = {name: status for name, status in statuses.items() if not 200 <= status < 300}
    ended = dict.fromkeys(
        ("POST /runs/{run_id}/cancel", "POST /runs/{run_id}/retry", "POST /sweeps/{sweep_id}/cancel"), 409
    )
    own_only = dict.fromkeys(("PATCH /tasks/{task}", "DELETE /tasks/{task}"), 409)
    assert {**ended, **own_only} == others


def test_whatever_is_sent_is_answered_as_described(site: Site) -> None:
    fuzzed(site, 40 if "Authorization" in site.client.headers else 300)


def test_without_a_database_every_call_says_so_as_described(away: Site) -> None:
    statuses = {o.name: away.answered(away.described.good(o)) for o in away.described.operations}

    assert WITHOUT_DATABASE == {name for name, status in statuses.items() if status == 200}
    assert {503} == {status for name, status in statuses.items() if name not in WITHOUT_DATABASE}


def test_without_a_database_whatever_is_sent_is_answered_as_described(away: Site) -> None:
    fuzzed(away, 200)


def test_calls_that_need_no_key_are_not_said_to_need_one(site: Site) -> None:
    """Asked without one, those with a security of their own answer, and all others refuse, if there are keys at all."""
    if "Authorization" not in site.client.headers:
        assert not any("401" in o.about["responses"] for o in site.described.operations)
        return
    named = {o.name for o in site.described.operations if o.about.get("security") == []}
    with type(site.client)(base_url=site.client.base_url) as stranger:
        for operation in site.described.operations:
            answer = site.described.send(stranger, site.described.good(operation))
            assert (answer.status_code == 401) == (operation.name not in named), operation.name
            assert ("401" in operation.about["responses"]) == (operation.name not in named)
    assert {"GET /health/live", "GET /health/ready"} == named
