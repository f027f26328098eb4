"""`/predict` over HTTP."""

from typing import Any

import httpx


def test_every_task_answers_its_own_example(client: httpx.Client, examples: dict[str, dict[str, Any]]) -> None:
    for name, body in examples.items():
        answer = client.post("/predict", json=body)

        assert 200 == answer.status_code, answer.text
        assert name == answer.json()["task"]
