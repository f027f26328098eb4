"""What would make a run better."""

from pydantic import BaseModel

from app.domain.advice import Advice


class RunAdvice(BaseModel):
    """What there is to say about a run."""

    items: list[Advice]
