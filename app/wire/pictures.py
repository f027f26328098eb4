"""Pictures that can be asked for, and where: the paths are those of the routes."""

from collections.abc import Sequence

from pydantic import BaseModel, Field


class Drawing(BaseModel):
    """A picture that can be asked for."""

    title: str
    path: str = Field(description="relative to the service's own address; also with `.png` in place of `.svg`")


def of_model(model_id: str, kind: str, title: str) -> Drawing:
    """One of a model."""
    return Drawing(title=title, path=f"models/{model_id}/{kind}.svg")


def of_dataset(task: str, dataset: str, kind: str, title: str) -> Drawing:
    """One of a dataset's rows."""
    return Drawing(title=title, path=f"tasks/{task}/datasets/{dataset}/{kind}.svg")


def of_curves(run_ids: Sequence[str], title: str, only: str = "") -> Drawing:
    """The curves of several runs, or those of one figure."""
    chosen = f"only={only}&" if only else ""
    return Drawing(title=title, path=f"compare.svg?{chosen}runs={','.join(run_ids)}")


def of_models(run_ids: Sequence[str], kind: str, title: str) -> Drawing:
    """Those of the models of several runs side by side."""
    return Drawing(title=title, path=f"compare/{kind}.svg?runs={','.join(run_ids)}")


def of_sweep(sweep_id: str, kind: str, title: str) -> Drawing:
    """One of a sweep's trials."""
    return Drawing(title=title, path=f"sweeps/{sweep_id}/{kind}.svg")
