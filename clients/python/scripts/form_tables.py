"""Which form of the client is the answer to which call, and which keywords are its body: for `check_forms`."""

from typing import Any

from pydantic import BaseModel

from densely_client import forms
from densely_client.calls import ChangedTask, NewTask, Searching, Training
from densely_client.run_calls import RunChanges

ANSWERS: dict[str, Any] = {
    "GET /tasks": forms.Page[forms.TaskSummary],
    **dict.fromkeys(("GET /tasks/{task}", "PATCH /tasks/{task}"), forms.Task),
    "GET /datasets": forms.Page[forms.DatasetEntry],
    "GET /datasets/{name}": forms.DatasetDetail,
    "GET /datasets/{name}/rows": forms.Page[forms.DatasetRow],
    "PUT /tasks/{task}/active-model": forms.Model,
    "GET /tasks/{task}/active-model/history": forms.Page[forms.Activation],
    "GET /runs": forms.Page[forms.RunData],
    **dict.fromkeys(("POST /train", "GET /runs/{run_id}", "PATCH /runs/{run_id}"), forms.RunData),
    "POST /train/preview": forms.Preview,
    "GET /runs/rows": forms.RunRows,
    "POST /runs/actions": forms.RunActionDone,
    **dict.fromkeys(("POST /runs/{run_id}/cancel", "POST /runs/{run_id}/retry"), forms.RunData),
    "GET /runs/{run_id}/events": forms.Page[forms.RecordedEvent],
    "GET /sweeps": forms.Page[forms.SweepSummary],
    **dict.fromkeys(("POST /sweeps", "GET /sweeps/{sweep_id}"), forms.SweepData),
    "GET /runs/{run_id}/advice": forms.RunAdvice,
    "GET /runs/{run_id}/space": forms.SweepRequest,
    "GET /models": forms.Page[forms.Model],
    "GET /models/{model_id}": forms.ModelDetail,
    "GET /models/{model_id}/report": forms.ModelReport,
    "GET /compare": forms.Comparison,
    "GET /health/ready": forms.Readiness,
    "GET /system": forms.System,
}

# Fields of forms of before, which services of before do not send: a client is often newer than its service.
LATER: frozenset[tuple[type[BaseModel], str]] = frozenset({
    (forms.Activation, "version"),
    (forms.Outcome, "base"),
})  # fmt: skip

UPLOADS: dict[str, type[BaseModel]] = {
    "POST /tasks": forms.TaskCreated,
    "POST /datasets": forms.DatasetDetail,
    "POST /datasets/{name}/rows": forms.DatasetDetail,
}

KEYWORDS: dict[str, tuple[type, set[str]]] = {  # of calls, and what is told beside them
    "POST /train": (Training, {"task"}),
    "POST /sweeps": (Searching, {"task", "space"}),
    "POST /tasks": (NewTask, {"name"}),
    "PATCH /tasks/{task}": (ChangedTask, set()),
    "PATCH /runs/{run_id}": (RunChanges, set()),
}
