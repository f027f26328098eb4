"""Tasks of pictures that are no digits: shapes in grey, 8 × 8, and coloured ones, 16 × 16; all drawn here."""

import base64
import io
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from app.kinds.base import Task
from app.tasks.catalog import task_of
from app.wire.declarations import SAMPLE, DatasetInfo, Declaration

TRAIN, TEST = 360, 80
SHAPES = ("disc", "square", "cross", "triangle")
COLOURS = {"red": (200, 40, 40), "green": (40, 170, 60), "blue": (40, 70, 210)}
KINDS: dict[str, dict[str, Any]] = {
    "shapes": {"kind": "image", "size": 8, "colours": "grey", "scaling": "centre"},
    "flags": {"kind": "image", "size": 16, "colours": "rgb", "scaling": "fit"},
}
LABELS: dict[str, list[str]] = {"shapes": list(SHAPES), "flags": [f"{name} disc" for name in COLOURS] + ["red square"]}

Picture = NDArray[np.uint8]


def drawing(label: str, side: int, rng: np.random.Generator, *, paper: int = 240) -> Image.Image:
    """A shape somewhere on light paper, (side, side) in colours."""
    colour, shape = label.split() if " " in label else ("", label)
    ink = COLOURS[colour] if colour else (30, 30, 30)
    image = Image.new("RGB", (side, side), (paper,) * 3)
    pen = ImageDraw.Draw(image)
    half = side * rng.uniform(0.32, 0.42)
    x, y = rng.uniform(half + 1, side - half - 1, 2)
    box = (x - half, y - half, x + half, y + half)
    if shape == "disc":
        pen.ellipse(box, fill=ink)
    elif shape == "square":
        pen.rectangle(box, fill=ink)
    elif shape == "cross":
        width = max(1, round(side / 10))
        pen.line(box, fill=ink, width=width)
        pen.line((box[0], box[3], box[2], box[1]), fill=ink, width=width)
    else:
        pen.polygon([(x, box[1]), (box[2], box[3]), (box[0], box[3])], fill=ink)
    return image


def file_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def as_base64(image: Image.Image, kind: str = "PNG") -> str:
    """As a client sends it."""
    return base64.b64encode(file_of(image, kind)).decode()


def pixels_of(name: str, image: Image.Image) -> Picture:
    """As a dataset has it: (size, size), or (size, size, 3)."""
    from app.encoding.pictures.scaled import read_scaled

    kind = KINDS[name]
    return read_scaled(file_of(image), kind["size"], kind["colours"], kind["scaling"])


@cache
def rows(name: str) -> dict[str, Any]:
    """A task's rows, always the same."""
    rng = np.random.default_rng(5)
    labels = np.resize(LABELS[name], TRAIN + TEST).tolist()
    pictures = [pixels_of(name, drawing(label, 64, rng)) for label in labels]
    split = ["train"] * TRAIN + ["test"] * TEST
    return {"pixels": np.stack(pictures).reshape(len(labels), -1), "label": labels, "split": split}


def task(name: str, **changes: Any) -> Task:
    """One of the tasks, with its rows as a sample."""
    example = pixels_of(name, drawing(LABELS[name][0], 64, np.random.default_rng(1)))
    declaration = Declaration.model_validate(
        {
            "name": name,
            "title": name.capitalize(),
            "description": "Says which shape is drawn.",
            "kind": KINDS[name],
            "answer": {"kind": "one_of", "labels": LABELS[name], "shows": ["top", "probabilities"]},
            "examples": [{"title": "Example", "input": {"pixels": example.tolist()}}],
            "presets": {
                "baseline": {
                    "description": "One hidden layer of 32 units",
                    "recipe": {
                        "features": {"kind": "pixels"},
                        "layers": [{"kind": "dense", "units": 32}],
                        "head": "multiclass",
                        "loss": "sparse_categorical_crossentropy",
                        "optimizer": {"kind": "adam", "learning_rate": 0.005},
                        "epochs": 30,
                        "batch_size": 16,
                    },
                }
            },
            **changes,
        }
    )
    sample = DatasetInfo(SAMPLE, "Drawn shapes", TRAIN, TEST, is_built_in=True)
    return task_of(declaration.model_copy(update={"datasets": (sample,)}), {SAMPLE: lambda: rows(name)})
