"""How DENSELY_STORE_URL is written."""

import pytest
from pydantic import ValidationError

from app.settings import Settings
from app.store_urls import store_url_of


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("s3://bucket", "s3://bucket"),
        (" s3://bucket/a//b/ ", "s3://bucket/a/b"),
        ("gs://bucket/densely", "gs://bucket/densely"),
        ("az://container/x", "az://container/x"),
        ("file:///srv/densely/", "file:///srv/densely"),
        ("s3://" + 63 * "b", "s3://" + 63 * "b"),
        ("gs://" + 222 * "b", "gs://" + 222 * "b"),
    ],
)
def test_what_names_a_store_is_taken(written: str, expected: str) -> None:
    assert expected == store_url_of(written)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("memory://x", "seen by no other"),
        ("http://host/bucket", "must be as s3://"),
        ("/srv/densely", "must be as s3://"),
        ("s3://", r"file:///folder \["),
        ("s3:///x", r"file:///folder \["),
        ("gs://x/y", "a bucket's name has 3 to 222 characters"),
        ("gs://" + 223 * "b", "a bucket's name has 3 to 222 characters"),
        ("s3://" + 64 * "b", "a bucket's name has 3 to 63 characters"),
        ("az://" + 64 * "b", "a bucket's name has 3 to 63 characters"),
        ("s3://bucket:9000/x", "underscores between them, and no port"),
        ("s3://-bucket/x", "underscores between them, and no port"),
        ("s3://bucket/../other", "nothing after it"),
        ("s3://bucket/x?versionId=1", "nothing after it"),
        ("file://", "from the root on"),
        ("file://host/x", "from the root on"),
        ("s3://[bucket", "must be as s3://"),
        ("s3://AKIA:hunter2@bucket/x", "must hold no user or secret"),
    ],
)
def test_what_does_not_is_refused_without_being_shown(written: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told) as caught:
        Settings(store_url=written)
    assert "hunter2" not in str(caught.value)
