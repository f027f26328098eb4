"""The forms of what the service sends: immutable Pydantic models, checked against its `/openapi.json`."""

from densely_client.forms.base import Form, Page
from densely_client.forms.comparisons import ComparedRun, Comparison, Difference, PairedTest
from densely_client.forms.datasets import (
    ColumnProfile,
    DatasetDetail,
    DatasetEntry,
    DatasetRow,
    Fault,
    Findings,
    Histogram,
    LabelCount,
    Look,
    TaskCreated,
    ValueCount,
)
from densely_client.forms.models import Activation, Drawing, Model, ModelDetail, ModelRef
from densely_client.forms.predictions import InputWarning, LabelPrediction, NumberPrediction, Prediction, ScoredLabel
from densely_client.forms.recipes import EarlyStopping, Features, Layer, Optimizer, Preset, Recipe, Validation
from densely_client.forms.runs import Calibration, Metrics, Progress, RecordedEvent, RunData, RunError, RunStatus
from densely_client.forms.system import Disk, Readiness, System, Worker
from densely_client.forms.tasks import AnswerKind, Dataset, Decoded, Encoded, Example, Range, Task, TaskSummary

__all__ = [
    "Activation",
    "AnswerKind",
    "Calibration",
    "ColumnProfile",
    "ComparedRun",
    "Comparison",
    "Dataset",
    "DatasetDetail",
    "DatasetEntry",
    "DatasetRow",
    "Decoded",
    "Difference",
    "Disk",
    "Drawing",
    "EarlyStopping",
    "Encoded",
    "Example",
    "Fault",
    "Features",
    "Findings",
    "Form",
    "Histogram",
    "InputWarning",
    "LabelCount",
    "LabelPrediction",
    "Layer",
    "Look",
    "Metrics",
    "Model",
    "ModelDetail",
    "ModelRef",
    "NumberPrediction",
    "Optimizer",
    "Page",
    "PairedTest",
    "Prediction",
    "Preset",
    "Progress",
    "Range",
    "Readiness",
    "Recipe",
    "RecordedEvent",
    "RunData",
    "RunError",
    "RunStatus",
    "ScoredLabel",
    "System",
    "Task",
    "TaskCreated",
    "TaskSummary",
    "Validation",
    "ValueCount",
    "Worker",
]
