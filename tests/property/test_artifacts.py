"""Artifacts of anything at all: what is not whole is refused as invalid, and nothing else happens."""

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.artifacts import bundle, evaluation
from app.artifacts.store import PREPROCESSING, WEIGHTS, ArtifactStore
from app.artifacts.verified import record_of
from app.errors import ArtifactInvalid
from app.inference.predictor import Predictor
from app.wire.manifests import MANIFEST
from tests.integration.finished import answers_of
from tests.support.artifacts import publish_artifact
from tests.support.strategies import json_values
from tests.support.tasks import TASKS

TASK = "planar"
FILES = (MANIFEST, PREPROCESSING, WEIGHTS, evaluation.EVALUATION)
NESTED = b"[" * 100_000  # deeper than Python's recursion


class Damaged:
    """An artifact of which one file is replaced, and the checksum with it where it is told to fit."""

    def __init__(self, root: Path) -> None:
        self.store = ArtifactStore(root)
        made = publish_artifact(self.store, TASK)
        self.folder = self.store.path(TASK, made.id)
        evaluation.save(answers_of(TASK), self.folder)
        (self.folder / MANIFEST).unlink()
        staging = self.store.stage("t")
        shutil.copytree(self.folder, staging, dirs_exist_ok=True)
        shutil.rmtree(self.folder)
        self.manifest = self.store.publish(staging, made)
        self.whole = {name: (self.folder / name).read_bytes() for name in FILES}

    @contextmanager
    def having(self, name: str, content: bytes) -> Iterator[None]:
        try:
            (self.folder / name).write_bytes(content)
            if name != MANIFEST:
                files = {**self.manifest.files, name: record_of(self.folder / name)}
                told = self.manifest.model_copy(update={"files": files})
                (self.folder / MANIFEST).write_text(told.model_dump_json(), encoding="utf-8")
            yield
        finally:
            for each, kept in self.whole.items():
                (self.folder / each).write_bytes(kept)

    def read(self) -> int:
        """In all the ways that there are: how many took it. Other errors than that of an invalid artifact fail."""
        model_id = self.manifest.id
        ways: list[Callable[[], object]] = [
            lambda: self.store.manifest(TASK, model_id),
            lambda: self.store.verify(TASK, model_id),
            lambda: self.store.archive(TASK, model_id).close(),
            lambda: self.store.evaluation(TASK, model_id),
            lambda: Predictor(TASKS.get(TASK), self.store.open(TASK, model_id), 1),
            lambda: self.store.sweep(lambda _: False, 0),
        ]
        taken = 0
        for way in ways:
            try:
                way()
            except ArtifactInvalid:
                continue
            taken += 1
        return taken


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Damaged:
    return Damaged(tmp_path_factory.mktemp("damaged"))


def test_the_artifact_is_whole_before_it_is_damaged(damaged: Damaged) -> None:
    """So that what the others see is the damage."""
    assert 6 == damaged.read()


@given(st.sampled_from(FILES), st.binary(max_size=200) | st.just(NESTED))
@example(MANIFEST, NESTED)
@example(PREPROCESSING, NESTED)
@settings(max_examples=200, deadline=None)
def test_any_bytes_in_place_of_a_file(damaged: Damaged, name: str, content: bytes) -> None:
    with damaged.having(name, content):
        damaged.read()


@given(st.sampled_from(FILES), st.data())
@settings(max_examples=300, deadline=None)
def test_any_damage_to_a_file(damaged: Damaged, name: str, data: st.DataObject) -> None:
    """Some bytes changed, cut off or put in, with a checksum that fits: as if it had been published so."""
    content = bytearray(damaged.whole[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, max(len(content) - 1, 0)))
        content[place : place + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]

    with damaged.having(name, bytes(content)):
        damaged.read()


def changed(draw: st.DrawFn | Any, value: Any) -> Any:
    """The same with one part left out or replaced, at any depth."""
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 4)) == 0:
            return {name: part for name, part in value.items() if name != key}
        return value | {key: changed(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], changed(draw, value[place]), *value[place + 1 :]]
    return draw(
        json_values | st.integers(-(2**70), 2**70) | st.floats() | st.just(copy.deepcopy([value, value])) | st.just({})
    )


@given(st.sampled_from([MANIFEST, PREPROCESSING]), st.data())
@settings(max_examples=500, deadline=None)
def test_any_change_to_what_a_file_says(damaged: Damaged, name: str, data: st.DataObject) -> None:
    content = json.loads(damaged.whole[name])
    for _ in range(data.draw(st.integers(1, 3))):
        content = changed(data.draw, content)

    with damaged.having(name, json.dumps(content).encode()):
        damaged.read()


NAMES = [
    "../" * 2 + "secret",
    "/etc/hostname",
    "a/b",
    "\x00",
    "..",
    ".",
    "",
    "a" * 300,
    "\udc80",
    "\\",
    "manifest.json",
]


@given(st.sampled_from(NAMES) | st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_no_file_outside_the_artifact_is_read(damaged: Damaged, name: str) -> None:
    """Whatever a manifest calls a file of its own, though the checksum fits."""
    secret = damaged.store.root / "secret"
    secret.write_text("42", encoding="ascii")
    content = json.loads(damaged.whole[MANIFEST])
    content["files"][name] = record_of(secret).model_dump()

    with damaged.having(MANIFEST, json.dumps(content).encode()):
        model_id = damaged.manifest.id
        for read in (damaged.store.open, damaged.store.verify, damaged.store.archive):
            with pytest.raises(ArtifactInvalid):
                read(TASK, model_id)


@given(st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode()) | st.just(NESTED))
@example(NESTED)
@settings(max_examples=100, deadline=None)
def test_any_list_of_bundled_models(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.mktemp("bundle")
    (root / bundle.BUNDLED).write_bytes(content)
    try:
        assert isinstance(ArtifactStore(root).bundled(), dict)
    except ArtifactInvalid:
        assert 0 == bundle.missing(root, root, ())
