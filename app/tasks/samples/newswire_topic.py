"""What a topic of the toy newswires consists of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """The templates of one topic, one a line."""

    headlines: str
    openings: str
    details: str
