"""Counting within a process, and adding up over several."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.metrics import catalog
from app.metrics.tally import MOST_SERIES, OTHER, Sample, Tally, added


def values_of(tally: Tally) -> dict[tuple[str, tuple[str, ...]], list[float]]:
    return added(tally.samples())


def test_counts_are_kept_by_their_labels() -> None:
    tally = Tally()
    tally.add(catalog.PROBLEMS, ("/train", "not-found"))
    tally.add(catalog.PROBLEMS, ("/train", "not-found"), 2)
    tally.add(catalog.PROBLEMS, ("", "not-found"))

    name = catalog.PROBLEMS.name
    assert {(name, ("/train", "not-found")): [3], (name, ("", "not-found")): [1]} == values_of(tally)


def test_a_bound_is_within_its_bucket() -> None:
    """`le` means less or equal; what is beyond the last bound has a bucket of its own."""
    tally = Tally()
    for seconds in (0.0001, 0.00011, 10.0, 10.1):
        tally.observe(catalog.REQUEST_SECONDS, ("/train",), seconds)

    (values,) = values_of(tally).values()
    assert [1, 1, *[0] * 13, 1, 1] == values[:-1]
    assert 20.10021 == pytest.approx(values[-1])


def test_labels_without_end_make_no_series_without_end() -> None:
    tally = Tally()
    for number in range(MOST_SERIES + 50):
        tally.add(catalog.PROBLEMS, ("/train", str(number)))
    tally.add(catalog.PROBLEMS, ("/train", "0"))

    found = values_of(tally)
    assert MOST_SERIES + 1 == len(found)
    assert [50] == found[catalog.PROBLEMS.name, (OTHER, OTHER)]
    assert [2] == found[catalog.PROBLEMS.name, ("/train", "0")]


def test_threads_that_count_at_once_lose_nothing() -> None:
    tally = Tally()

    def count(_: int) -> None:
        for _ in range(500):
            tally.add(catalog.PROBLEMS, ("/train", "x"))
            tally.observe(catalog.REQUEST_SECONDS, ("/train",), 0.001)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(8)))

    found = values_of(tally)
    assert [4_000] == found[catalog.PROBLEMS.name, ("/train", "x")]
    assert 4_000 == sum(found[catalog.REQUEST_SECONDS.name, ("/train",)][:-1])


def test_what_others_count_for_it_is_among_its_samples() -> None:
    tally = Tally()
    tally.follow(lambda: [Sample(catalog.ROWS.name, ("digits", "1"), [3.0])])
    tally.follow(lambda: [Sample(catalog.ROWS.name, ("digits", "1"), [4.0])])

    assert {(catalog.ROWS.name, ("digits", "1")): [7]} == values_of(tally)


parts = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=20)


@given(st.lists(parts, max_size=4))
def test_the_sum_over_processes_does_not_depend_on_who_counted(processes: Sequence[Sequence[tuple[str, int]]]) -> None:
    tallies = [Tally() for _ in processes]
    one = Tally()
    for tally, counted in zip(tallies, processes, strict=True):
        for label, amount in counted:
            tally.add(catalog.EPOCHS, (label,), amount)
            one.add(catalog.EPOCHS, (label,), amount)

    assert values_of(one) == added(sample for tally in tallies for sample in tally.samples())


def test_a_series_of_another_form_is_left_out() -> None:
    assert {("a", ()): [1, 2]} == added([Sample("a", (), [1, 2]), Sample("a", (), [1])])


@pytest.mark.parametrize("metric", catalog.ALL, ids=lambda metric: metric.name)
def test_names_and_units_are_as_prometheus_advises(metric: catalog.Metric) -> None:
    """A prefix, base units, `_total` for what only grows and nothing else, and buckets in order."""
    assert metric.name.startswith("densely_")
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert not metric.name.removesuffix("_total").endswith(
        ("_count", "_sum", "_bucket", "_ms", "_milliseconds", "_mib")
    )
    assert (metric.kind == "histogram") == bool(metric.buckets)
    if metric.kind == "histogram":
        assert metric.name.endswith(("_seconds", "_ratio"))
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.text
    assert not {"le", "quantile", "instance", "job"} & set(metric.labels)
