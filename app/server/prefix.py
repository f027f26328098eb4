"""The path below which a proxy offers the service, whether or not the proxy takes it off."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Scope


def without(scope: Scope, prefix: str) -> Scope:
    """The request as it were without the prefix; `raw_path` stays as it was sent."""
    path: str = scope["path"]
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        return {**scope, "path": path[len(prefix) :] or "/"}
    return scope


async def _prefix(request: Request) -> str:
    found: str = request.app.state.prefix
    return found


Prefix = Annotated[str, Depends(_prefix)]  # what links in answers begin with; "" without a proxy
