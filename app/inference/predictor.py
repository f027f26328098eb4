"""A predictor: a loaded model with its task's encode and decode, ready to answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from app.artifacts.store import Artifact
from app.encoding.encoder import Columns
from app.encoding.rows import Encoded, FloatMatrix, take
from app.errors import ArtifactInvalid, InvalidInput, Refusal, Refused
from app.inference.ensemble import network_from
from app.inference.explain import effects_of, scores_of
from app.inference.novelty import Novelty, measure_from
from app.kinds.base import Task
from app.wire.predictions import InputWarning, Options

A_TOY = InputWarning(
    field="model", message="was trained on the bundled sample, not on real data: its answers are for trying things out"
)

FAR = "is unlike what the model has learnt from: more so than {:.0%} of the rows that it was tried on"


class Predictor:
    """Raw inputs in, documented answers out."""

    def __init__(self, task: Task, artifact: Artifact, version: int) -> None:
        """`version` is the model's number among its task's.

        Raises:
            ArtifactInvalid: the artifact's parts do not fit each other.
        """
        self.task = task
        self.manifest = artifact.manifest
        self.version = version
        self._cautions = [A_TOY] if self.manifest.dataset.is_sample else []  # of all its answers
        try:
            self.encoder = task.load_encoder(artifact.preprocessing)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactInvalid(f"the preprocessing of model {self.manifest.id} cannot be read") from error
        calibration = self.manifest.metrics.calibration
        temperature = calibration.temperature if calibration else 1.0
        exponent = calibration.length_exponent if calibration else 0.0
        members, width = self.manifest.recipe.members, self.encoder.width
        self.network = network_from(self.manifest.layers, artifact.weights, width, temperature, members, exponent)
        self._novelty = self._novelty_of(artifact)
        self._check()

    def _novelty_of(self, artifact: Artifact) -> Novelty | None:
        """None of a model that was made without."""
        if artifact.novelty is None or self.manifest.novelty is None:
            return None
        try:
            return Novelty(measure_from(artifact.novelty, self.network.head), self.manifest.novelty)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ArtifactInvalid(f"the novelty of model {self.manifest.id} cannot be read") from error

    def _check(self) -> None:
        """Answer the task's own example once: what does not fit shows here, not at a client's request."""
        units = self.manifest.layers[-1].units
        if len(self.manifest.labels) != (max(units, 2) if self.task.classifies else 0):
            raise ArtifactInvalid(
                f"model {self.manifest.id} has {units} outputs for {len(self.manifest.labels)} labels"
            )
        try:
            self.predict([self.task.Input.model_validate(self.task.example)], Options())
        except (LookupError, TypeError, ValueError, Refused) as error:
            raise ArtifactInvalid(f"model {self.manifest.id} does not answer the example of its task") from error

    def encoding(self, item: Any) -> BaseModel:
        """How the network sees one of the task's `Input` instances.

        Raises:
            Refused: it has the right form and still cannot be encoded.
        """
        columns = self.task.columns([item])
        encoded = self.encoder.encode(columns)
        if refusals := self.task.refusals(encoded, columns):
            raise Refused(refusals=refusals)
        return self.task.encoding(self.encoder, item, encoded)

    def predict(self, inputs: Sequence[Any], options: Options) -> list[Any]:
        """One `Prediction` of the task for each of its `Input` instances, in order.

        Raises:
            Refused: some instances have the right form and still cannot be encoded.
            InvalidInput: an option does not suit the task.
        """
        self._check_options(options)
        columns = self.task.columns(inputs)
        encoded = self.encoder.encode(columns)
        if refusals := self.task.refusals(encoded, columns):
            raise Refused(refusals=refusals)
        hidden = self.network.hidden(encoded) if self._novelty and self._novelty.looks_within else None
        outputs = self.network(encoded) if hidden is None else self.network.after(hidden)
        # Weights that grew, an input far from all others, `exponential`.
        if not (self.network.always_finite or np.isfinite(outputs).all()):
            field = next(name for name in self.task.Input.model_fields if name in self.task.example)
            rows = np.flatnonzero(~np.isfinite(outputs).all(axis=1)).tolist()
            raise Refused(
                refusals=[
                    Refusal(row, field, "is so far from the training rows that the answer overflows") for row in rows
                ]
            )
        predictions = self.task.decode(outputs, encoded, self.manifest.labels, options)
        for row, warnings in self.task.warnings(self.encoder, encoded, columns).items():
            predictions[row]["warnings"] = warnings
        self.task.qualify(predictions, columns, options)
        if self._novelty:
            novelties = self._novelty.of(encoded, hidden)
            self._tell_novelty(self._novelty.limit, inputs, novelties, predictions, options)
        if self._cautions:
            for prediction in predictions:
                prediction["warnings"] = [*self._cautions, *prediction["warnings"]]
        if options.explain:
            for row, (item, prediction) in enumerate(zip(inputs, predictions, strict=True)):
                one = take(encoded, np.array([row]))
                prediction["explanation"] = self._explanation(item, one, outputs[row])
        return predictions

    def _check_options(self, options: Options) -> None:
        if not self.task.classifies:
            for name in ("min_confidence", "max_novelty"):
                if getattr(options, name) is not None:
                    raise InvalidInput(f"task {self.task.name!r} gives values, not probabilities", field=name)
        if not self._novelty and options.max_novelty is not None and options.max_novelty < 1:
            told = f"model {self.manifest.id} tells no novelty: a former release made it, or its rows were too few"
            raise InvalidInput(told, field="max_novelty")

    def _tell_novelty(
        self,
        limit: float,
        inputs: Sequence[Any],
        novelties: Sequence[tuple[float, bool]],
        predictions: Sequence[Any],
        options: Options,
    ) -> None:
        """Say in predictions how novel their inputs are, warn where they are too novel, and give no label there."""
        for item, prediction, (share, is_unknown) in zip(inputs, predictions, novelties, strict=True):
            prediction["novelty"] = share
            if share > limit and not prediction["warnings"]:  # a warning of the task's own says more
                field = next(name for name in self.task.Input.model_fields if getattr(item, name) is not None)
                told = InputWarning(field=field, message=FAR.format(limit))
                prediction["warnings"] = [*prediction["warnings"], told]
            if options.shun(share, is_unknown=is_unknown):
                self.task.answers.withhold(prediction)

    def of_columns(self, columns: Columns) -> list[Any]:
        """The same of rows of a dataset, with the options that go without saying and no warnings."""
        encoded = self.encoder.encode(columns)
        return self.task.decode(self.network(encoded), encoded, self.manifest.labels, Options())

    def _explanation(self, item: Any, encoded: Encoded, output: FloatMatrix) -> BaseModel:
        labels = self.manifest.labels
        usual = self.task.usual(self.encoder)
        groups = self.task.groups(self.encoder)
        effects, place = effects_of(self.network, encoded, output, usual, groups, classifies=bool(labels))
        explanation = self.task.explanation(self.encoder, item, effects, labels[place] if labels else None)
        if parts := self.task.parts(item):
            rows = {name: [part.columns[name] for part in parts] for name in self.task.input_columns}
            outputs = self.task.within(self.network(self.encoder.encode(rows)))
            self.task.explain_parts(explanation, parts, scores_of(outputs, place, classifies=bool(labels)).tolist())
        return explanation
