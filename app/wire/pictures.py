"""Pictures that can be asked for."""

from pydantic import BaseModel, Field


class Drawing(BaseModel):
    """A picture that can be asked for."""

    title: str
    path: str = Field(description="relative to the service's own address; also with `.png` in place of `.svg`")
