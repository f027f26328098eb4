"""What a service tells of a file of five tickets, as far as the clients look at it."""

from typing import Any

FINDINGS: dict[str, Any] = {
    "format": "csv", "encoding": "utf-8", "delimiter": ",", "compressed": False, "bytes": 612_345, "rows": 5_000,
    "skipped": 2, "faults": [{"line": 7, "column": "team", "message": "is empty"}], "duplicates": 3,
    "train_rows": 4_000, "test_rows": 1_000, "split": "made",
    "columns": [
        {"name": "message", "source": "Message", "role": "text", "missing": 0, "distinct": 4_990, "least": 12,
         "greatest": 230, "mean": 80.5, "histogram": {"edges": [0, 100, 200], "counts": [10, 5]}, "common": []},
        {"name": "team", "source": "team", "role": "label", "missing": 0, "distinct": 2, "least": None,
         "greatest": None, "mean": None, "histogram": None, "common": [{"value": "billing", "rows": 3_000}]},
        {"name": "opened", "source": "opened", "role": "date", "missing": 1, "distinct": 300, "least": 20_454,
         "greatest": 20_800, "mean": 20_600, "histogram": None, "common": []},
    ],
    "labels": [{"label": "billing", "train": 2_400, "test": 600}, {"label": "sales", "train": 1_600, "test": 400}],
    "warnings": ["few rows of sales"], "first_rows": [{"Message": "Hello", "team": "sales"}],
}  # fmt: skip
ANSWER = {"kind": "one_of", "labels": ["billing", "sales"], "column": "team", "several": None, "shows": ["top"]}
LOOK = {"findings": FINDINGS, "kind": {"kind": "text", "columns": []}, "answer": ANSWER}
ENTRY: dict[str, Any] = {
    "name": "tickets", "version": 1, "task": "tickets", "created_at": "2026-01-02T03:04:05Z", "sha256": "ab" * 32,
    "bytes": 300_000, "rows": 5_000, "train_rows": 4_000, "test_rows": 1_000, "skipped": 2,
}  # fmt: skip
DETAIL = {**ENTRY, "findings": FINDINGS, "pictures": ["labels", "lengths"]}
TASK: dict[str, Any] = {
    "name": "tickets", "kind": "text", "title": "Tickets", "description": "", "answer": ANSWER, "notice": None,
    "own": True, "example": {"message": "It's late"}, "presets": {}, "datasets": [], "active_model": None,
    "input_schema": {"properties": {"message": {"type": "string"}}, "required": ["message"]}, "output_schema": {},
    "examples": [{"title": "A row", "input": {"message": "It's late"}}], "ranges": {}, "labels": [], "heads": [],
    "pictures": [],
}  # fmt: skip
CREATED = {"task": TASK, "dataset": DETAIL, "run": None}
