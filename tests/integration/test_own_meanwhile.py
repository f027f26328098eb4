"""What others do while a file is read: its rows are kept as what they were read for, or not at all."""

from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any

import pytest

from app.api.dependencies import Services
from app.datasets.uploads.importing import import_file
from app.db.engine import Database
from app.errors import Conflict, InvalidInput
from app.main import create_app
from app.services.upload_options import UploadOptions
from app.settings import Settings
from app.wire.tasks import TaskCreate
from tests.support import own
from tests.support.clock import FakeClock

TICKETS: dict[str, Any] = {
    "name": "tickets",
    "kind": {"kind": "text", "columns": ["message"]},
    "answer": {"kind": "one_of", "column": "team", "labels": list(own.TEAMS)},
}


@pytest.fixture
def services(settings: Settings, database: Database, clock: FakeClock) -> Services:
    """Of an application with a task `tickets`, which may have five labels."""
    found: Services = create_app(settings.model_copy(update={"max_labels": 5}), clock).api.state.services
    found.own.follow()
    found.making.create(TaskCreate.model_validate(TICKETS))
    return found


def bring(services: Services, content: bytes, meanwhile: Callable[[], object]) -> Any:
    """Rows for it; `meanwhile` is done while they are read."""
    plan = services.datasets.plan("tickets", UploadOptions(None, {}, "rows.csv", "text/csv"))
    place = services.datasets.new()
    result = import_file(BytesIO(content), place.told(plan), lambda *_: None)
    meanwhile()
    return place.settle(partial(services.datasets.keep, plan, place, result))


def left_in(settings: Settings) -> int:
    return len(list(settings.uploads.glob("*")))


def test_a_task_that_was_made_anew_does_not_get_the_rows(services: Services, settings: Settings) -> None:
    def anew() -> None:
        services.making.delete("tickets", with_models=True, with_datasets=True)
        other = {**TICKETS, "kind": {"kind": "text", "columns": ["body"]}}
        services.making.create(TaskCreate.model_validate(other))

    with pytest.raises(Conflict, match="made anew"):
        bring(services, own.tickets(60), anew)

    assert 0 == left_in(settings)
    assert ([], None) == services.datasets.page("tickets", 10, None)


def test_labels_that_came_meanwhile_count_too(services: Services, settings: Settings) -> None:
    def more() -> None:
        bring(services, own.tickets(60, ("alpha", "beta")), lambda: None)

    with pytest.raises(InvalidInput, match="DENSELY_MAX_LABELS") as told:
        bring(services, own.tickets(60, ("billing", "gamma")), more)

    assert "team" == told.value.errors[0].field
    assert 1 == left_in(settings)
    assert 1 == services.datasets.get("tickets").version


def test_what_does_not_fit_the_task_is_the_files_problem(
    services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(*_: Any) -> Any:
        raise ValueError("it does not fit")

    monkeypatch.setattr("app.services.datasets.extend", odd)

    with pytest.raises(InvalidInput, match="it does not fit"):
        bring(services, own.tickets(60), lambda: None)

    assert 0 == left_in(settings)
