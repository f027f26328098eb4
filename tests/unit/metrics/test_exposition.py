"""Samples as text, read back by the library's own parsers."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain

from app.metrics import catalog
from app.metrics.exposition import render
from app.metrics.tally import Tally, added

OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"


def test_histograms_are_cumulative_and_labels_are_escaped() -> None:
    tally = Tally()
    for seconds in (0.0001, 0.3, 60.0):
        tally.observe(catalog.REQUEST_SECONDS, ("/train",), seconds)
    tally.add(catalog.LABELS, ("own", "3", 'a "label"\\\nof two lines ü'))

    content, media_type = render(added(tally.samples()), "")

    assert media_type.startswith("text/plain; version=0.0.4")
    samples = [s for family in plain(content.decode()) for s in family.samples]
    buckets = {s.labels["le"]: s.value for s in samples if s.name == "densely_http_request_duration_seconds_bucket"}
    assert (1, 1, 2, 2, 3) == tuple(buckets[le] for le in ("0.0001", "0.25", "0.5", "10.0", "+Inf"))
    assert list(buckets.values()) == sorted(buckets.values())
    sums = {s.name: s.value for s in samples if s.name.endswith(("_sum", "_count")) and s.labels == {"route": "/train"}}
    assert {3, 60.3001} == set(sums.values())
    (label,) = [s for s in samples if s.name == "densely_predicted_labels_total"]
    assert {"task": "own", "version": "3", "label": 'a "label"\\\nof two lines ü'} == label.labels


def test_open_metrics_is_given_where_it_is_asked_for() -> None:
    tally = Tally()
    for metric in catalog.COUNTED:
        (tally.observe if metric.buckets else tally.add)(metric, ("x",) * len(metric.labels), 1.0)

    content, media_type = render(added(tally.samples()), OPEN_METRICS)

    assert media_type.startswith("application/openmetrics-text")
    families = {family.name for family in open_metrics(content.decode())}  # type: ignore[no-untyped-call]
    assert {metric.name.removesuffix("_total") for metric in catalog.ALL} == families


def test_what_has_no_labels_is_there_from_the_start() -> None:
    content, _ = render({}, "")

    samples = {s.name: s.value for family in plain(content.decode()) for s in family.samples}
    assert {m.name: 0.0 for m in catalog.ALL if not m.labels} == samples
