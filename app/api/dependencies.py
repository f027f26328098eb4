"""What routes are given: the services, and common parameters."""

from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel

from app.api import problems
from app.datasets.catalog import Catalog
from app.services.answers import AnswerService
from app.services.comparison import ComparisonService
from app.services.events import EventService
from app.services.pictures import PictureService
from app.services.prediction import PredictionService
from app.services.registry import RegistryService
from app.services.system import SystemService
from app.services.training import TrainingService

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """Everything that the routes use, put together by `main.create_app`."""

    training: TrainingService
    events: EventService
    registry: RegistryService
    answers: AnswerService
    comparison: ComparisonService
    pictures: PictureService
    prediction: PredictionService
    system: SystemService
    catalog: Catalog


def services(request: Request) -> Services:
    """The application's services."""
    found: Services = request.app.state.services
    return found


ServicesDep = Annotated[Services, Depends(services)]
Identifier = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Limit = Annotated[int, Query(ge=1, le=500, description="most items of a page")]
Cursor = Annotated[int | None, Query(ge=0, le=2**53, description="`next` of the page before")]


class Page(BaseModel, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: int | None


def responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The problem documents that a call can answer with, for its OpenAPI description."""
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _MEANING[status], "content": content} for status in statuses}


_MEANING = {
    400: "The body is not JSON",
    401: "An API key is needed",
    404: "There is no such thing",
    406: "`Accept` names no form that there is",
    408: "The body did not arrive in time",
    409: "The present state does not allow it",
    413: "The body is too large",
    415: "The body is not announced as JSON",
    422: "A field does not fit; `errors` names it and its limit",
    421: "The Host header names another machine, and there are no API keys",
    429: "Too many runs are waiting",
    503: "Out of service for now",
}
