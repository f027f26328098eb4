"""Pictures, seen as grey values or colours: of one written sign, or of anything, scaled to a square."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Discriminator, Field, Tag, ValidationInfo, create_model, field_validator
from pydantic_core import PydanticCustomError

from app.domain.layers import Picture
from app.domain.numbers import Number
from app.domain.recipes import Features, Pixels
from app.encoding.encoder import Columns, Encoder
from app.encoding.pictures.digit import read
from app.encoding.pictures.files import MAX_CHARACTERS, content_of
from app.encoding.pictures.scaled import read_scaled
from app.encoding.pixels import WHITE, PixelEncoder
from app.encoding.rows import Encoded, FloatMatrix, dense
from app.errors import Refusal, Refused
from app.kinds.answers import Effects
from app.kinds.base import Plot
from app.kinds.numeric import NumericTask
from app.wire.declarations import ImageKind, Label
from app.wire.encodings import MOST_VALUES, Value, Values
from app.wire.predictions import ImageExplanation, Input, InputWarning, Options

MAX_IMAGES = 100  # of one request, each of which takes some milliseconds
FAINT = 0.2  # contrast below which nothing is to be seen, as a share of the largest
SURENESS = 0.5  # that a picture which gives rise to doubts was read right
DOUBTS = "doubts"  # column of what speaks against some pictures, by row
SIGN = ImageKind()
LIGHT = 0.5  # mean above which the background is light; of MNIST's pictures the heaviest has 0.40

Grey = Annotated[Number, Field(ge=0, le=255)]


def _list(of: Any, length: int) -> Any:
    return Annotated[list[of], Field(min_length=length, max_length=length, fail_fast=True)]


def _form(value: Any) -> str:
    return "grid" if isinstance(value, list) and value and isinstance(value[0], list) else "row"


def _pixels(kind: ImageKind) -> Any:
    """Rows of pixels, or all of their numbers in one row."""
    size, channels = kind.size, kind.channels
    grid = _list(_list(Grey if channels == 1 else _list(Grey, channels), size), size)
    row = _list(Grey, size * size * channels)
    return Annotated[Annotated[grid, Tag("grid")] | Annotated[row, Tag("row")], Discriminator(_form)] | None


class ImageInput(Input):
    """A picture of one sign: `pixels`, or an `image`."""

    image: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_CHARACTERS,
        description="a PNG or JPEG in base64, as a telephone or a drawing program makes it, up to 24 MB and 64 million "
        "pixels: what is written is found, scaled and centred as MNIST's pictures",
    )
    pixels: _pixels(SIGN) = Field(  # type: ignore[valid-type]  # a form that is made
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


_READ = {
    "fit": "the whole of it is scaled, with a border of its ground's colour where it is no square",
    "centre": "what differs from its ground is found and scaled, and its centre of mass put in the middle",
    "crop": "the square in its middle is scaled",
}


def _input_of(name: str, told: str, kind: ImageKind) -> type[ImageInput]:
    """The form of a picture that is none of a digit."""
    size, width = kind.size, kind.width
    each = "numbers" if kind.channels == 1 else "pixels of three numbers, red, green and blue"
    image = f"a PNG or JPEG in base64, up to 24 MB and 64 million pixels: {_READ[kind.scaling]}"
    grid = f"{size} rows of {size} {each}, or {width:,} numbers in a row"
    pixels = f"{grid}; 0 is dark, 255 is light; needed without an `image`"
    more: Any = {"scaling": kind.scaling}  # of the schema, which the page reads
    fields: Any = {
        "image": (
            str | None,
            Field(None, min_length=1, max_length=MAX_CHARACTERS, description=image, json_schema_extra=more),
        ),
        "pixels": (_pixels(kind), Field(None, validate_default=True, description=pixels)),
    }
    return create_model(name, __base__=ImageInput, __doc__=told, **fields)


def _explanation_of(name: str, kind: ImageKind) -> type[BaseModel]:
    """The form of the effects of such a picture's pixels."""
    row: Any = list[float] if kind.channels == 1 else list[list[float]]
    each = "" if kind.channels == 1 else " of three numbers, for red, green and blue"
    told = f"{kind.size} rows of {kind.size}{each}: what the answer would lose if there were the usual ground instead"
    fields: Any = {"effects": (list[row], Field(description=told))}
    return create_model(name, __base__=ImageExplanation, __doc__="The effect of each pixel.", **fields)


def _codes_of(name: str, kind: ImageKind) -> type[Values]:
    """The form of an encoded row that is longer than those of other tasks."""
    told = Values.model_fields["values"].description
    fields: Any = {"values": (_list(Value, kind.width), Field(description=told))}
    return create_model(name, __base__=Values, __doc__=Values.__doc__, **fields)


class ImageTask(NumericTask):
    """A picture, scaled to a square."""

    feature_kinds = (Pixels,)
    dataset_plots = ("sheet",)
    Explanation: type[BaseModel] = ImageExplanation

    def _input_form(self) -> type[Input]:
        """Pixels or an image; those of digits have the same forms, whatever the task."""
        assert isinstance(self.declaration.kind, ImageKind)
        self._kind = kind = self.declaration.kind
        self._is_digit = kind.scaling == "digit"
        self.shows_ink = self._is_digit
        if self._is_digit:
            return ImageInput
        self.Explanation = _explanation_of(f"{self.word}Explanation", kind)
        if kind.width > MOST_VALUES:
            self.Codes = _codes_of(f"{self.word}Values", kind)
        return _input_of(f"{self.word}Input", self.description, kind)

    def _columns(self) -> tuple[str, ...]:
        """One, of pixels."""
        return ("pixels",)

    @property
    def plots(self) -> tuple[Plot, ...]:
        """A sheet shows labels."""
        return (*super().plots, "sheet") if self.classifies else super().plots

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """One column of pictures, a row of numbers each."""
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
                pixels, doubtful = self._read(item.image)
            except ValueError as error:
                refusals.append(Refusal(place, "image", str(error)))
                continue
            rows.append(pixels.astype(np.float32).ravel())
            if doubtful:
                doubts[place] = doubtful
        if refusals:
            raise Refused(refusals=refusals)
        columns = {"pixels": np.stack(rows)}
        return {**columns, DOUBTS: doubts} if doubts else columns

    def _read(self, image: str) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
        """A picture in base64 as the task sees it, and what speaks against its having been read right.

        Raises:
            ValueError: it is none, or none that can be read.
        """
        if self._is_digit:
            reading = read(image)
            return reading.pixels, reading.doubts
        kind = self._kind
        return read_scaled(content_of(image), kind.size, kind.colours, kind.scaling), ()

    def qualify(self, predictions: Sequence[Any], columns: Columns, options: Options) -> None:
        """A picture that was hard to read is never answered as surely as one that was not."""
        for row, doubts in columns.get(DOUBTS, {}).items():
            prediction = predictions[row]
            self.answers.soften(prediction, SURENESS, options)
            told = [InputWarning(field="image", message=doubt) for doubt in doubts]
            prediction["warnings"] = [*prediction["warnings"], *told]

    def takes_long(self, encoder: Any, inputs: Sequence[Any]) -> bool:
        """Whether there is an image among them."""
        del encoder
        return any(item.image is not None for item in inputs)

    def unexplained(self, inputs: Sequence[Any]) -> int:
        """Those of images: as many pixels as the task has are explained, however many there were."""
        return sum(len(item.image or "") for item in inputs)

    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """The scale is that of grey values; the usual ground is learnt, which is black where digits are written."""
        del features
        return PixelEncoder() if self._is_digit else PixelEncoder.fit(columns, self._kind.shape)

    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """That of pictures of this task's shape."""
        return PixelEncoder.from_json(saved, self._kind.shape)

    @property
    def picture_shape(self) -> Picture:
        """A square, of one channel or three."""
        return (self._kind.size, self._kind.size, self._kind.channels)

    def input_width(self, features: Features) -> int:
        """One number per pixel and channel."""
        del features
        return self._kind.width

    def restore(self, encoder: Any, row: NDArray[np.float64]) -> dict[str, Any]:
        """Grey values or colours, a row for each of the picture's."""
        del encoder
        return {"pixels": np.round(row * WHITE, 3).reshape(self._kind.shape).tolist()}

    def exhibit(self, rows: FloatMatrix) -> NDArray[Any]:
        """(rows, size, size) or (rows, size, size, 3) uint8."""
        return np.round(rows * WHITE).astype(np.uint8).reshape(-1, *self._kind.shape)

    def usual(self, encoder: Any) -> FloatMatrix | None:
        """A picture of nothing but the usual ground."""
        usual: FloatMatrix | None = encoder.usual
        return usual

    def warnings(self, encoder: Any, encoded: Encoded, columns: Columns) -> dict[int, list[InputWarning]]:
        """Digits that hold next to nothing, or ink on a light background turned round."""
        del encoder, columns
        if not self._is_digit:
            return {}
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

    def explanation(self, encoder: Any, item: Any, effects: Effects, label: Label | None) -> BaseModel:
        """A map of the picture."""
        del encoder, item
        shown = np.round(effects, 6).reshape(self._kind.shape).tolist()
        return self.Explanation.model_construct(label=label, effects=shown)
