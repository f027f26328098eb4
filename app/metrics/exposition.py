"""Samples as text, in the form that the client asks for: Prometheus' own, or OpenMetrics."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector, CollectorRegistry

from app.metrics.catalog import ALL, Labels, Metric
from app.metrics.tally import Key


def render(samples: Mapping[Key, list[float]], accept: str) -> tuple[bytes, str]:
    """The text and its content type. A metric without labels that has no sample yet is 0."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(samples))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Collected(Collector):
    def __init__(self, samples: Mapping[Key, list[float]]) -> None:
        self._tables: dict[str, dict[Labels, list[float]]] = {metric.name: {} for metric in ALL}
        for (name, labels), values in samples.items():
            self._tables[name][labels] = values

    def collect(self) -> Iterable[Family]:
        """Every metric, in the catalog's order."""
        return map(self._family, ALL)

    def _family(self, metric: Metric) -> Family:
        table = self._tables[metric.name] or ({} if metric.labels else {(): [0.0] * metric.width})
        if metric.kind == "histogram":
            shown = HistogramMetricFamily(metric.name, metric.text, labels=metric.labels)
            for labels, values in sorted(table.items()):
                shown.add_metric(labels, list(_buckets(metric, values)), values[-1])
            return shown
        made = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        plain = made(metric.name, metric.text, labels=metric.labels)
        for labels, (value,) in sorted(table.items()):
            plain.add_metric(labels, value)
        return plain


def _buckets(metric: Metric, values: list[float]) -> Iterator[tuple[str, float]]:
    """Upper bounds, and how many there were up to each."""
    bounds = [*(f"{bound:g}" if bound % 1 else f"{bound:.1f}" for bound in metric.buckets), "+Inf"]
    return zip(bounds, accumulate(values[:-1]), strict=True)
