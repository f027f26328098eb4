"""What a seat of a cluster's node does before its first run."""

import os
from pathlib import Path

import pytest

from app.worker.scratch import LEFT_SECONDS

NOW = 1e9


def test_what_killed_trainers_left_long_ago_on_a_node_is_swept_and_nothing_else(tmp_path: Path) -> None:
    """Models and rows on their way from the object store, too: up to gigabytes, which nobody else removes there."""
    pytest.importorskip("ray", reason="Ray tests need Ray: pip install -e .[ray]")
    from app.worker import ray_seat

    left = [
        "checkpoints/r-1/",
        "models/.staging/r-1.1/",
        "models/.staging/fetch-m-1-0a1b2c3d/",
        "models/.staging/evicted-0a1b2c3d4e5f/",
        "models/.staging/object-0a1b2c3d4e5f",
        "uploads/.staging-0a1b2c3d4e5f-d-1.parquet",
    ]
    kept = ["checkpoints/others/", "models/housing/m-1/", "uploads/d-1.parquet"]
    young = ["models/.staging/fetch-m-2-0a1b2c3d/", "uploads/.staging-1a2b3c4d5e6f-d-2.parquet"]
    for name in (*left, *kept, *young):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.touch()
        age = LEFT_SECONDS + (-60 if name in young else 60)
        os.utime(path, (NOW - age, NOW - age))

    ray_seat.sweep_node({f"{place}_dir": str(tmp_path / place) for place in ("checkpoints", "models", "uploads")}, NOW)

    assert [] == [name for name in left if (tmp_path / name).exists()]
    assert all((tmp_path / name).exists() for name in (*kept, *young))
