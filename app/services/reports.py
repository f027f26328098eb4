"""A model in figures: how good it is beside guessing and the active one, where it errs, who made it, how fast it is."""

from typing import Any, Literal

import numpy as np

from app.artifacts.evaluation import Evaluation
from app.artifacts.store import ArtifactStore
from app.db import models
from app.db.engine import Database
from app.domain.intervals import Interval
from app.domain.recipes import HEADS
from app.errors import ArtifactInvalid, NotFound, Unavailable
from app.services.breakdown import calibration_of, confusions_of, errors_of, labels_of
from app.services.intervals import interval_of
from app.services.latency import LatencyService
from app.services.paired import LEVEL, paired, same_rows
from app.services.prediction import PredictionService
from app.wire.manifests import Manifest
from app.wire.reports import ActiveReport, Latency, MetricReport, ModelReport, Origin

NO_ANSWERS = Evaluation(np.empty(0, np.int32), np.empty(0, np.int32))


class ReportService:
    """Reports on models."""

    def __init__(
        self, database: Database, store: ArtifactStore, prediction: PredictionService, latency: LatencyService
    ) -> None:
        self._database = database
        self._store = store
        self._prediction = prediction
        self._latency = latency

    def report(self, model_id: str) -> ModelReport:
        """
        Raises:
            NotFound: there is no such model.
            ArtifactInvalid: its files are missing or damaged.
        """
        with self._database.read() as tx:
            row: Any = models.find(tx, model_id)
            if row is None:
                raise NotFound(f"there is no model {model_id!r}")
            active: Any = models.active(tx).get(row.task)
            run = models.origin(tx, row.run_id) if row.run_id else None
        manifest = self._store.manifest(row.task, model_id)
        answers = self._store.evaluation(row.task, model_id) or NO_ANSWERS
        rival = None if active is None or active.id == model_id else self._beside(manifest, answers, active)
        return ModelReport(
            kind=_kind_of(manifest),
            metric=_metric(manifest, interval_of(manifest.recipe.head, answers)),
            active=rival,
            labels=labels_of(answers, manifest.labels) if len(answers.target) else [],
            confusions=confusions_of(answers, manifest.labels),
            calibration=calibration_of(answers, manifest.labels),
            errors=errors_of(answers, manifest.labels),
            latency=self._latency_of(manifest),
            bytes=sum(file.bytes for file in manifest.files.values()),
            made_by=_origin(manifest, run),
        )

    def _latency_of(self, manifest: Manifest) -> Latency | None:
        try:
            return self._latency.of(self._prediction.resolve(manifest.task, manifest.id))
        except (ArtifactInvalid, NotFound, Unavailable):  # of a task that this release does not have, too
            return None

    def _beside(self, manifest: Manifest, answers: Evaluation, active: Any) -> ActiveReport | None:
        """The active model, compared with this one as far as that can be done; None if its files cannot be read."""
        try:
            other = self._store.manifest(active.task, active.id)
            others = self._store.evaluation(active.task, active.id) or NO_ANSWERS
        except ArtifactInvalid:
            return None
        value, (low, high) = _value_of(other), interval_of(other.recipe.head, others) or (None, None)
        told: dict[str, Any] = {"difference": None, "p_value": None, "significant": None}
        why = _why_not(manifest, answers, other, others)
        told["reading"] = f"Version {active.version} is active. {why}"
        if not why:
            told = _compared(manifest, answers, others, value, active.version)
        return ActiveReport(model_id=active.id, version=active.version, value=value, low=low, high=high, **told)


def _name_of(manifest: Manifest) -> str:
    return HEADS[manifest.recipe.head].metric


def _value_of(manifest: Manifest) -> float | None:
    return manifest.metrics.test.get(_name_of(manifest))


def _kind_of(manifest: Manifest) -> Literal["labels", "several", "numbers"]:
    if not manifest.labels:
        return "numbers"
    return "several" if manifest.recipe.head == "multilabel" else "labels"


def _metric(manifest: Manifest, interval: Interval | None) -> MetricReport:
    name, (low, high) = _name_of(manifest), interval or (None, None)
    return MetricReport(
        name=name,
        value=_value_of(manifest),
        low=low,
        high=high,
        guessing=manifest.metrics.baseline.get(name),
        higher_is_better=HEADS[manifest.recipe.head].higher_is_better,
    )


def _why_not(manifest: Manifest, answers: Evaluation, other: Manifest, others: Evaluation) -> str:
    """Why two models cannot be compared row by row; empty if they can."""
    if not len(answers.target) or not len(others.target):
        return "The two cannot be compared row by row: a release that kept no answers made one of them."
    if _name_of(manifest) != _name_of(other):
        return f"It is measured by {_name_of(other)}, this one by {_name_of(manifest)}."
    if manifest.dataset.sha256 != other.dataset.sha256 or not same_rows(answers, others):
        return f"It was measured on other rows ({other.dataset.name}), which says nothing about these."
    return ""


def _compared(
    manifest: Manifest, answers: Evaluation, others: Evaluation, value: float | None, version: int
) -> dict[str, Any]:
    """The difference to the active model on the same rows, and whether chance explains it."""
    mine, name = _value_of(manifest), _name_of(manifest)
    test = paired(answers, others, by_errors=answers.target.dtype.kind == "f")
    difference = None if mine is None or value is None else mine - value
    is_significant = test.p_value < LEVEL
    better = "this version" if test.lead > 0 else f"version {version}"
    reading = f"{better.capitalize()} is better than chance explains" if is_significant else "Chance explains that"
    figures = "" if difference is None else f"{name.capitalize()} {mine:.4g} against {value:.4g} of version {version}. "
    return {
        "difference": difference,
        "p_value": test.p_value,
        "significant": is_significant,
        "reading": f"{figures}{reading} (p = {test.p_value:.2g}, {len(answers.target):,} rows).",
    }


def _origin(manifest: Manifest, run: Any) -> Origin:
    """`run`: what is left of the run that made it, or None."""
    name, _, version = manifest.dataset.name.partition("@")
    return Origin(
        key=run.key if run else None,
        run=manifest.run_id,
        run_exists=run is not None,
        name=run.name if run else None,
        sweep=run.sweep if run else None,
        preset=manifest.preset,
        dataset=name,
        dataset_version=int(version) if version.isdigit() else None,
        tags=run.tags if run else {},
        note=run.note if run else "",
    )
