"""What routes are given: the services, and common parameters."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Path, Query, Request
from pydantic import BeforeValidator

from app.api.threads import Probe, Writes
from app.api.uploads.uploads import Uploads
from app.domain.traces import traceparent_of
from app.errors import InvalidInput
from app.server import problems
from app.services.advice import AdviceService
from app.services.answers import AnswerService
from app.services.audit import AuditService
from app.services.comparison import ComparisonService
from app.services.datasets import DatasetService
from app.services.events import EventService
from app.services.filling import StoreFilling
from app.services.keys import KeyService
from app.services.making import MakingService
from app.services.metrics import MetricsService
from app.services.own import OwnTasks
from app.services.owners import OwnerService
from app.services.plots import PlotService
from app.services.prediction import PredictionService
from app.services.previews import PreviewService
from app.services.registry import RegistryService
from app.services.reports import ReportService
from app.services.rows import RowService
from app.services.run_actions import RunActionService
from app.services.run_changes import RunChangeService
from app.services.run_lists import RunListService
from app.services.sweeps.service import SweepService
from app.services.system import SystemService
from app.services.tasks import TaskService
from app.services.training import TrainingService
from app.storage.remote import Remote

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """Everything that the routes use, put together by `main.create_app`."""

    tasks: TaskService
    own: OwnTasks
    making: MakingService
    datasets: DatasetService
    rows: RowService
    uploads: Uploads
    training: TrainingService
    previews: PreviewService
    advice: AdviceService
    runs: RunListService
    run_changes: RunChangeService
    run_actions: RunActionService
    sweeps: SweepService
    events: EventService
    registry: RegistryService
    answers: AnswerService
    reports: ReportService
    comparison: ComparisonService
    plots: PlotService
    prediction: PredictionService
    system: SystemService
    keys: KeyService
    owners: OwnerService
    audit: AuditService
    metrics: MetricsService
    writes: Writes
    database_probe: Probe[None]
    remote: Remote | None  # the object store that folders of this machine are caches of
    filling: StoreFilling


async def services(request: Request) -> Services:
    """The application's services; `async`, since FastAPI takes a thread for anything else."""
    found: Services = request.app.state.services
    return found


ServicesDep = Annotated[Services, Depends(services)]
Identifier = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


def _whole(value: object) -> object:
    """Python would also take `1_000`, ` 1` and `+1`."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]+(\.0+)?", value):
        raise ValueError("must be a whole number")
    return value


WHOLE_NUMBER = BeforeValidator(_whole)  # for the whole numbers of a query or a header
MOST_OF_A_PAGE = 500
Limit = Annotated[int, Query(ge=1, le=MOST_OF_A_PAGE, description="most items of a page"), WHOLE_NUMBER]
Cursor = Annotated[int | None, Query(ge=0, le=2**53, description="`next` of the page before"), WHOLE_NUMBER]


async def _trace(
    traceparent: Annotated[
        str | None,
        Header(description="the trace that the run belongs to (W3C Trace Context), unless malformed"),
    ] = None,
) -> str | None:
    return traceparent_of(traceparent or "")


Trace = Annotated[str | None, Depends(_trace)]


async def once_each(request: Request) -> None:
    """
    Raises:
        InvalidInput: a parameter of the query is given more than once: which one is meant?
    """
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name in known:
        if given[name] > 1:
            raise InvalidInput("is given more than once", field=name)


def responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The problem documents of these statuses for a call's OpenAPI description; what any call may answer is added
    by `openapi`.
    """
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _MEANING[status], "content": content} for status in statuses if status in _MEANING}


_MEANING = {
    400: "The body is not JSON, or the request is not well-formed",
    401: "An API key is needed",
    403: "A web page of another origin sent this, or the API key may not do it",
    404: "There is no such thing",
    406: "`Accept` names no form that there is",
    408: "The request did not arrive in time",
    409: "The present state does not allow it",
    413: "The body is too large",
    414: "The URL is too long",
    415: "The body is not announced as JSON, or is packed in a way that is not known here",
    421: "The request is meant for another host",
    422: "A field does not fit; `errors` names it and its limit",
    429: "Too many runs are waiting, or sweeps running",
    431: "The request's head is too large",
    503: "Out of service for now",
}
