"""A scrape, as Prometheus reads it."""

from collections.abc import Iterable

import httpx
from prometheus_client.parser import text_string_to_metric_families


def scrape(client: httpx.Client) -> "Scrape":
    """What `/metrics` says now."""
    answer = client.get("/metrics")
    assert 200 == answer.status_code, answer.text
    return Scrape(answer.text)


class Scrape:
    """The samples of an exposition."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        self.names = {sample.name for sample in self.samples}

    def get(self, name: str, **labels: str) -> float:
        """The sum of the series of this name that have these labels; 0 without any."""
        return sum(s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items())

    def values(self, name: str, label: str) -> dict[str, float]:
        """The sums by one label."""
        found = {s.labels[label] for s in self.samples if s.name == name}
        return {value: self.get(name, **{label: value}) for value in found}

    def series(self, names: Iterable[str]) -> int:
        """How many there are of these names."""
        wanted = set(names)
        return sum(s.name in wanted for s in self.samples)
