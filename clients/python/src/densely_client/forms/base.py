"""What all forms share."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Form(BaseModel):
    """Something that the service sends. Fields that a newer service adds are kept, and can be read like the others."""

    # Before 2.10 Pydantic warns of fields like `model_id`.
    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


class Page(Form, Generic[T]):
    """A part of a list; `next` is where the following one begins."""

    items: list[T]
    next: int | None = None
