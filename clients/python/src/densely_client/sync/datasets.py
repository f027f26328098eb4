# Generated from asynchronous/datasets.py by clients/python/scripts/generate_sync.py: change that one.
"""`client.datasets`."""

from collections.abc import Mapping
from typing import Literal

from typing_extensions import Unpack

from densely_client import calls
from densely_client.calls import ImageFormat, PictureLook
from densely_client.forms.datasets import DatasetDetail, DatasetEntry, DatasetRow, Look
from densely_client.sync.transport import Transport
from densely_client.uploads import Sent, Source, opened


class Datasets:
    """`client.datasets`: rows that tasks train on. A file is a path, bytes or an open file, and is sent part by part.

    `filename` tells the service the file's name where it has none; `progress` is called with the bytes that are sent
    and their number in all; `mapping` names the file's columns by the task's.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(
        self,
        name: str,
        file: Source,
        *,
        task: str,
        mapping: Mapping[str, str] | None = None,
        filename: str | None = None,
        progress: Sent | None = None,
    ) -> DatasetDetail:
        """A dataset of a task; of a name that there is already, its next version.

        Raises:
            InvalidInput: rows at fault: `errors` has the first of them with line and column. Nothing was kept.
            OSError: the file cannot be read.
        """
        with opened(file, filename, progress) as upload:
            call = calls.upload_dataset("/datasets", upload, task=task, name=name, mapping=mapping)
            return self._transport.send(call)

    def look(
        self,
        name: str,
        file: Source,
        *,
        task: str,
        mapping: Mapping[str, str] | None = None,
        filename: str | None = None,
        progress: Sent | None = None,
    ) -> Look:
        """What `upload` would find in the file; nothing is kept."""
        with opened(file, filename, progress) as upload:
            call = calls.look_at_dataset("/datasets", upload, task=task, name=name, mapping=mapping)
            return self._transport.send(call)

    def append(
        self,
        name: str,
        file: Source,
        *,
        mapping: Mapping[str, str] | None = None,
        filename: str | None = None,
        progress: Sent | None = None,
    ) -> DatasetDetail:
        """The next version: the latest one's rows and those of the file."""
        with opened(file, filename, progress) as upload:
            return self._transport.send(calls.upload_dataset(f"/datasets/{name}/rows", upload, mapping=mapping))

    def get(self, name: str, version: int | None = None) -> DatasetDetail:
        """A dataset with what was found in it; without `version` the latest."""
        return self._transport.send(calls.get(f"/datasets/{name}", DatasetDetail, version=version))

    def rows(
        self,
        name: str,
        split: Literal["train", "test"] | None = None,
        label: str | None = None,
        *,
        version: int | None = None,
        model: int | str | None = None,
        wrong: bool | None = None,
        limit: int = 50,
    ) -> list[DatasetRow]:
        """Its rows; with `model` ("active", a version number or an id) each with its prediction, wrong ones first."""
        path, asked = f"/datasets/{name}/rows", {"split": split, "label": label, "version": version, "model": model}
        return self._transport.list(path, DatasetRow, limit, calls.PAGE, **asked, wrong=wrong)

    def picture(
        self,
        name: str,
        kind: str,
        image_format: ImageFormat = "svg",
        version: int | None = None,
        **look: Unpack[PictureLook],
    ) -> bytes:
        """One of its pictures, such as `labels`; `pictures` of the dataset name them."""
        return self._transport.send(calls.picture(f"/datasets/{name}/{kind}", image_format, version=version, **look))

    def delete(self, name: str, version: int | None = None) -> None:
        """Remove it, or one of its versions.

        Raises:
            Conflict: runs refer to it.
        """
        self._transport.send(calls.delete(f"/datasets/{name}", version=version))

    def versions(self, name: str, limit: int = 50) -> list[DatasetEntry]:
        """Its versions, the latest first."""
        return self._transport.list(f"/datasets/{name}/versions", DatasetEntry, limit, calls.PAGE)

    def list(self, task: str | None = None, limit: int = 50) -> list[DatasetEntry]:
        """Datasets in their latest version."""
        return self._transport.list("/datasets", DatasetEntry, limit, calls.PAGE, task=task)
