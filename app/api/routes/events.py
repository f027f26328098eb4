"""`/events`: what happens to runs, as pages or live."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.api.dependencies import WHOLE_NUMBER, Cursor, Identifier, Limit, ServicesDep, responses
from app.api.feed import Feed
from app.api.streams import MEDIA_TYPE, EventStream, asks_for_stream
from app.wire.pages import Page
from app.wire.runs import Event

router = APIRouter(tags=["runs"])

_STREAM = """Lists the events, oldest first; with `Accept: text/event-stream` it streams them as Server-Sent Events.

Each has an `id`, the same in every API process, and a JSON object as data, always with `run_id` and `at`: `status`
(also `status`, `message` and `run`, the run as it stands now), `epoch` (a row of the run's history), `log`
(`message`; where somebody has changed the run also `changed` and `run`) and `progress` (the run's progress; streams
only). `Last-Event-ID` goes on after that event, without a gap or a repeat. A comment line comes after 15 seconds of
silence. """
_ONE = """The stream tells the run from its beginning and ends after its final status; 204, which ends
the attempts of an EventSource, means that there is nothing left after `Last-Event-ID`."""
_ALL = """The stream begins with what happens next, `last_event_id=0` with the first event of all, and does not end."""

_EXAMPLE = 'id: 17\nevent: log\ndata: {"run_id":"r-…","at":"2030-01-01T00:00:00Z","message":"reading the dataset"}\n\n'
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page of events, or the stream",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}
_NOTHING_LEFT: dict[int | str, dict[str, Any]] = {204: {"description": "The run has ended, and you have seen it all"}}

Accept = Annotated[str | None, Header(include_in_schema=False)]
LastEventId = Annotated[
    int | None, Header(alias="Last-Event-ID", ge=0, le=2**53, description="streams go on after it"), WHOLE_NUMBER
]
AlsoLastEventId = Annotated[
    int | None,
    Query(alias="last_event_id", ge=0, le=2**53, description="the same, where no header can be sent"),
    WHOLE_NUMBER,
]


@router.get(
    "/runs/{run_id}/events",
    summary="What happens to a run, as a list or live",
    description=_STREAM + _ONE,
    response_model=Page[Event],
    responses=_ANSWERS | _NOTHING_LEFT | responses(404),
)
async def get_events(
    request: Request,
    run_id: Identifier,
    services: ServicesDep,
    limit: Limit = 100,
    cursor: Cursor = None,
    accept: Accept = None,
    last: LastEventId = None,
    also_last: AlsoLastEventId = None,
) -> Any:
    if not asks_for_stream(accept):
        items, following = await run_in_threadpool(services.runs.events, run_id, limit, cursor)
        return Page(items=items, next=following)
    seen = also_last if last is None else last
    start = await run_in_threadpool(services.events.start_of, run_id, seen or 0)
    if start.ended and not start.more:
        return Response(status_code=204)
    return EventStream(_feed(request).follow(run_id, seen or 0, ended=start.ended), goes_on=_lets_in(request))


@router.get(
    "/events",
    summary="What happens to all runs, as a list or live",
    description=_STREAM + _ALL,
    response_model=Page[Event],
    responses=_ANSWERS,
)
async def get_all_events(
    request: Request,
    services: ServicesDep,
    limit: Limit = 100,
    cursor: Cursor = None,
    accept: Accept = None,
    last: LastEventId = None,
    also_last: AlsoLastEventId = None,
) -> Any:
    if not asks_for_stream(accept):
        items, following = await run_in_threadpool(services.events.page, limit, cursor)
        return Page(items=items, next=following)
    seen = also_last if last is None else last
    if seen is None:
        seen = await run_in_threadpool(services.events.latest)
    return EventStream(_feed(request).follow(None, seen), start_id=seen, goes_on=_lets_in(request))


def _feed(request: Request) -> Feed:
    feed: Feed = request.app.state.feed
    return feed


def _lets_in(request: Request) -> Callable[[], bool]:
    """Whether the key that a stream was asked for with, if any, is not revoked meanwhile."""
    key, ring = request.scope.get("api_key"), request.app.state.services.keys.ring
    return lambda: key is None or ring.lets_in(key)
