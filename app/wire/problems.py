"""What went wrong (RFC 9457)."""

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """A field at fault."""

    field: str = Field(description="dotted path in the request, for example `recipe.layers.0.units`")
    message: str = Field(description="what is wrong, with the limit if there is one")
    line: int | None = Field(None, description="of a file that was sent, from 1; `field` is its column then")


class Problem(BaseModel):
    """What went wrong, as `application/problem+json`."""

    type: str = Field(
        description="a URN that names the kind of problem", examples=["urn:densely:problem:invalid-input"]
    )
    title: str
    status: int
    detail: str
    request_id: str | None = Field(None, description="the `X-Request-ID` of this response, to find it in the logs")
    errors: list[FieldProblem] = Field(default_factory=list)
