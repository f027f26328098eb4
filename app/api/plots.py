"""Plots as responses."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from app.api.dependencies import WHOLE_NUMBER
from app.plots.palette import Theme
from app.plots.style import Form, Look

MEDIA_TYPES: dict[Form, str] = {"svg": "image/svg+xml", "png": "image/png"}
PLOT: dict[int | str, dict[str, Any]] = {200: {"content": {media: {} for media in MEDIA_TYPES.values()}}}

FirstEpoch = Annotated[
    int,
    Query(ge=1, le=10_000, description="leaves the epochs before this one out, to see the later ones better"),
    WHOLE_NUMBER,
]


def _look(
    form: Form,
    theme: Annotated[Theme, Query(description="in whose colours")] = "light",
    width: Annotated[
        int | None,
        Query(ge=320, le=2_000, description="pixels that it may be wide, where it is wider else; text keeps its size"),
        WHOLE_NUMBER,
    ] = None,
) -> Look:
    return Look(form, theme, width)


LookDep = Annotated[Look, Depends(_look)]


def plot(content: bytes, look: Look) -> Response:
    """The bytes of a plot, which runs no scripts even where a browser opens it by itself."""
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
    return Response(content, media_type=MEDIA_TYPES[look.form], headers=headers)
