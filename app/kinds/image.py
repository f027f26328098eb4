"""Pictures of one written sign, seen as grey values."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.domain.numbers import Number
from app.domain.recipes import Features, Pixels
from app.encoding.encoder import Columns, Encoder
from app.encoding.pictures.digit import read
from app.encoding.pictures.files import MAX_CHARACTERS
from app.encoding.pixels import SIDE, PixelEncoder
from app.encoding.rows import Encoded, FloatMatrix, dense
from app.errors import Refusal, Refused
from app.kinds.answers import Effects
from app.kinds.base import Picture
from app.kinds.numeric import NumericTask
from app.wire.declarations import Label
from app.wire.predictions import ImageExplanation, Input, InputWarning, Options

MAX_IMAGES = 100  # of one request, each of which takes some milliseconds
FAINT = 0.2  # contrast below which nothing is to be seen, as a share of the largest
SURENESS = 0.5  # that a picture which gives rise to doubts was read right
DOUBTS = "doubts"  # column of what speaks against some pictures, by row
LIGHT = 0.5  # mean above which the background is light; of MNIST's pictures the heaviest has 0.40

Grey = Annotated[Number, Field(ge=0, le=255)]
Row = Annotated[list[Grey], Field(min_length=SIDE * SIDE, max_length=SIDE * SIDE, fail_fast=True)]
Grid = Annotated[
    list[Annotated[list[Grey], Field(min_length=SIDE, max_length=SIDE, fail_fast=True)]],
    Field(min_length=SIDE, max_length=SIDE, fail_fast=True),
]


def _form(value: Any) -> str:
    return "grid" if isinstance(value, list) and value and isinstance(value[0], list) else "row"


class ImageInput(Input):
    """A picture of one sign: `pixels`, or an `image`."""

    image: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_CHARACTERS,
        description="a PNG or JPEG in base64, as a telephone or a drawing program makes it, up to 24 MB and 64 million "
        "pixels: what is written is found, scaled and centred as MNIST's pictures",
    )
    pixels: Annotated[Annotated[Grid, Tag("grid")] | Annotated[Row, Tag("row")], Discriminator(_form)] | None = Field(
        None,
        validate_default=True,
        description="28 rows of 28 numbers, or 784 in a row; 0 is background, 255 is ink; needed without an `image`",
    )

    @field_validator("pixels")
    @classmethod
    def _instead_of_image(cls, pixels: list[Any] | None, info: ValidationInfo) -> list[Any] | None:
        if "image" in info.data and (pixels is None) == (info.data["image"] is None):  # else the image is refused
            # Of Pydantic's own kind, so that the field is named although it is not there.
            raise PydanticCustomError("missing", "send either `pixels` or `image`")
        return pixels


class ImageTask(NumericTask):
    """A grey picture of one sign."""

    feature_kinds = (Pixels,)
    dataset_pictures = ("sheet",)
    Explanation = ImageExplanation

    def _input_form(self) -> type[Input]:
        """Pixels or an image, whatever the task."""
        return ImageInput

    def _columns(self) -> tuple[str, ...]:
        """One, of pixels."""
        return ("pixels",)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """A sheet shows labels."""
        return (*super().pictures, "sheet") if self.classifies else super().pictures

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """One column of pictures, 784 numbers each."""
        refusals, rows, images = [], [], 0
        doubts: dict[int, tuple[str, ...]] = {}
        for place, item in enumerate(inputs):
            if item.image is None:
                rows.append(np.asarray(item.pixels, dtype=np.float32).ravel())
                continue
            images += 1
            if images > MAX_IMAGES:
                refusals.append(Refusal(place, "image", f"is one too many: at most {MAX_IMAGES} in one request"))
                break
            try:
                reading = read(item.image)
            except ValueError as error:
                refusals.append(Refusal(place, "image", str(error)))
                continue
            rows.append(reading.pixels.astype(np.float32).ravel())
            if reading.doubts:
                doubts[place] = reading.doubts
        if refusals:
            raise Refused(refusals=refusals)
        columns = {"pixels": np.stack(rows)}
        return {**columns, DOUBTS: doubts} if doubts else columns

    def qualify(self, predictions: Sequence[Any], columns: Columns, options: Options) -> None:
        """A picture that was hard to read is never answered as surely as one that was not."""
        for row, doubts in columns.get(DOUBTS, {}).items():
            prediction = predictions[row]
            self.answers.soften(prediction, SURENESS, options)
            told = [InputWarning(field="image", message=doubt) for doubt in doubts]
            prediction["warnings"] = [*prediction["warnings"], *told]

    def takes_long(self, inputs: Sequence[Any]) -> bool:
        """Whether there is an image among them."""
        return any(item.image is not None for item in inputs)

    def unexplained(self, inputs: Sequence[Any]) -> int:
        """Those of images: 784 pixels are explained, however many there were."""
        return sum(len(item.image or "") for item in inputs)

    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """Nothing is learnt: the scale is that of grey values."""
        del features, columns
        return PixelEncoder()

    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """The one encoder there is."""
        if saved["kind"] != "pixels":
            raise ValueError(f"unknown preprocessing {saved['kind']!r}")
        return PixelEncoder()

    def input_width(self, features: Features) -> int:
        """One number per pixel."""
        del features
        return SIDE * SIDE

    def restore(self, encoder: Any, row: NDArray[np.float64]) -> dict[str, Any]:
        """Grey values, 28 rows of 28."""
        del encoder
        return {"pixels": np.round(row * 255, 3).reshape(SIDE, SIDE).tolist()}

    def exhibit(self, rows: FloatMatrix) -> NDArray[Any]:
        """(rows, 28, 28) uint8 grey values."""
        return np.round(rows * 255).astype(np.uint8).reshape(-1, SIDE, SIDE)

    def warnings(self, encoder: Any, encoded: Encoded) -> dict[int, list[InputWarning]]:
        """Pictures that hold next to nothing, or ink on a light background turned round."""
        del encoder
        rows = dense(encoded)
        found = {}
        for row, (least, most, mean) in enumerate(
            zip(rows.min(axis=1).tolist(), rows.max(axis=1).tolist(), rows.mean(axis=1).tolist(), strict=True)
        ):
            if most - least < FAINT:
                found[row] = [InputWarning(field="pixels", message="has hardly any contrast: nothing is drawn")]
            elif mean > LIGHT:
                message = "seems to have a light background; 0 should be background and 255 ink"
                found[row] = [InputWarning(field="pixels", message=message)]
        return found

    def explanation(self, encoder: Any, item: Any, effects: Effects, label: Label | None) -> ImageExplanation:
        """A map of the picture."""
        del encoder, item
        return ImageExplanation.model_construct(label=label, effects=np.round(effects, 6).reshape(SIDE, SIDE).tolist())
