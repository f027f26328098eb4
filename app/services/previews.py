"""A training as it would be, before it is asked for."""

from collections.abc import Iterator, Sequence
from typing import Any

from app.domain.estimates import Job, Told
from app.domain.layers import Stage
from app.domain.part import Part
from app.domain.recipes import NoValidation
from app.domain.runs import RunRequest
from app.kinds.base import Task
from app.services.inputs import InputService
from app.services.pace import PaceService
from app.services.training import TrainingService
from app.wire.previews import Estimate, LayerPreview, Preview, RecipeChange
from app.wire.runs import TrainRequest

NO_WORKER = "no worker is there, or nothing is known of the runs before it: how long it would wait is not known"


class PreviewService:
    """Shows what `POST /train` would queue."""

    def __init__(self, training: TrainingService, inputs: InputService, pace: PaceService) -> None:
        self._training = training
        self._inputs = inputs
        self._pace = pace

    def preview(self, request: TrainRequest) -> Preview:
        """
        Raises:
            InvalidInput, QueueFull, QuotaReached: as `TrainingService.submit`.
        """
        asked = self._training.check(request)
        task = self._training.find_task(asked.task)
        preset = task.presets[asked.preset]
        ends = self._inputs.ends(task, asked.dataset, asked.recipe)
        told, queue_seconds = self._pace.tell(_job(asked))
        stages = asked.recipe.stages(ends.shape, ends.outputs)
        return Preview(
            recipe=asked.recipe,
            validation=asked.validation,
            dataset=asked.dataset,
            input=list(ends.shape),
            input_from=ends.basis,
            layers=_layers(asked, stages),
            parameters=sum(stage.parameters for stage in stages) * asked.recipe.members,
            changes=[
                *changes_of(_plain(asked.recipe), _plain(preset.recipe), "recipe"),
                *changes_of(_plain(asked.validation), _plain(preset.validation), "validation"),
            ],
            estimate=_estimate(told),
            queue_seconds=None if queue_seconds is None else round(queue_seconds, 1),
            warnings=[*ends.warnings, *_doubts(task, asked, queue_seconds)],
        )


def _plain(part: Part) -> Any:
    return part.model_dump(mode="json")


def _job(asked: RunRequest) -> Job:
    return Job("", asked.task, asked.dataset, asked.recipe, asked.validation, asked.seeds)


def _layers(asked: RunRequest, stages: Sequence[Stage]) -> list[LayerPreview]:
    kinds = [*(layer.kind for layer in asked.recipe.layers), "dense"]
    return [
        LayerPreview(kind=kind, output=list(stage.shape), parameters=stage.parameters)
        for kind, stage in zip(kinds, stages, strict=True)
    ]


def _estimate(told: Told | None) -> Estimate | None:
    if told is None:
        return None
    seconds, low, high = (round(each, 1) for each in (told.seconds, told.low, told.high))
    return Estimate(seconds=seconds, low=low, high=high, runs=told.runs, basis=told.basis)


def _doubts(task: Task, asked: RunRequest, queue_seconds: float | None) -> list[str]:
    """What about a training is not certain, or unwise."""
    info = task.dataset(asked.dataset)
    stopping = asked.recipe.early_stopping
    found = [
        (
            info is not None and info.is_sample,
            "the dataset is a toy: it shows how things work, and no model of it is of use",
        ),
        (isinstance(asked.validation, NoValidation), "no rows are held out: whether it overfits will not be seen"),
        (
            stopping is not None and stopping.patience >= asked.recipe.epochs,
            "early stopping never happens: its patience is not below the epochs",
        ),
        (queue_seconds is None, NO_WORKER),
    ]
    return [words for applies, words in found if applies]


def changes_of(value: Any, preset: Any, path: str) -> Iterator[RecipeChange]:
    """Where a part is not the preset's: field by field where both are of one kind, else as a whole."""
    if value == preset:
        return
    if _is_alike(value, preset):
        names = value if isinstance(value, dict) else range(len(value))
        for name in names:
            yield from changes_of(value[name], preset[name], f"{path}.{name}")
    else:
        yield RecipeChange(field=path, preset=preset, value=value)


def _is_alike(value: Any, preset: Any) -> bool:
    """Whether both have the same fields, and are of the same kind; of lists of parts, each of them."""
    if isinstance(value, dict) and isinstance(preset, dict):
        return value.keys() == preset.keys() and value.get("kind") == preset.get("kind")
    if isinstance(value, list) and isinstance(preset, list) and len(value) == len(preset):
        return all(isinstance(one, dict) and _is_alike(one, other) for one, other in zip(value, preset, strict=True))
    return False
