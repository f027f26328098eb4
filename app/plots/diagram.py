"""The layers of a network as boxes, from the inputs at the top to the answer at the bottom."""

import math
from collections.abc import Sequence

from app.plots.style import EDGE, SMALL_POINTS, TEXT_POINTS, Look, colours, drawing, page, render
from app.wire.manifests import LayerRow

BOX_HEIGHT, GAP = 0.62, 0.34  # inches
WIDTH = 7.0  # inches
NARROWEST, WIDEST = 2.9, 5.4  # inches; between them a box is as wide as the logarithm of its units
MOST_UNITS = 100_000  # as wide as the widest box
FAINT = 0.14  # opacity of a box


def diagram(
    layers: Sequence[LayerRow], inputs: int, input_name: str, title: str, look: Look, members: int = 1
) -> bytes:
    """Each layer with its activation, the shape of its output and its parameters, for rows of `inputs` numbers.

    Of an ensemble these are the layers of each member.
    """
    total = sum(layer.parameters for layer in layers) * members
    of = f"{members} networks of these layers, " if members > 1 else ""
    height = (len(layers) + 1) * (BOX_HEIGHT + GAP)
    whole = look.fit(WIDTH)
    with drawing(look.theme):
        from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

        boxes = [(f"input: {input_name}", "", (inputs,), colours().muted), *(_box(layer) for layer in layers)]
        figure = page(whole, height, title, f"{of}{total:,} parameters in all")
        axes = figure.subplots()
        axes.set(xlim=(0, whole), ylim=(height, 0))
        axes.axis("off")
        for place, (name, detail, output, colour) in enumerate(boxes):
            top = place * (BOX_HEIGHT + GAP) + GAP / 2
            width = min(_width(math.prod(output)), whole - 2 * EDGE)
            axes.add_patch(
                FancyBboxPatch(
                    ((whole - width) / 2, top), width, BOX_HEIGHT, boxstyle="round,pad=0,rounding_size=0.08",
                    facecolor=(colour, FAINT), edgecolor=colour, linewidth=1.4,
                )
            )  # fmt: skip
            middle = top + BOX_HEIGHT / 2
            lift = 0.13 if detail else 0.0
            shape = f"(rows, {', '.join(f'{length:,}' for length in output)})"
            axes.text(whole / 2, middle - lift, f"{name}  →  {shape}", ha="center", va="center", fontweight="bold")
            if detail:
                points = SMALL_POINTS if look.is_narrow else TEXT_POINTS
                axes.text(whole / 2, middle + lift, detail, ha="center", va="center", fontsize=points)
            if place:
                ends = ((whole / 2, top - GAP), (whole / 2, top))
                axes.add_patch(
                    FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=13, color=colours().muted, shrinkA=0)
                )
        return render(figure, look, title)


def _box(layer: LayerRow) -> tuple[str, str, tuple[int, ...], str]:
    """Name, second line, shape of a row's output and colour of a layer's box."""
    output = layer.shape or (layer.units,)
    weights = f"{layer.parameters:,} parameters"
    if layer.kind == "dropout":
        sets = f"sets {layer.rate:.0%} to zero while training" if layer.rate else ""
        return "dropout", sets, output, colours().orange
    if layer.kind == "dense":
        colour = colours().green if layer.activation in {"sigmoid", "softmax"} else colours().blue
        return f"dense, {layer.activation}", weights, output, colour
    if layer.kind == "conv2d":
        steps = f", every {layer.strides} pixels" if layer.strides != 1 else ""
        sees = f"{layer.kernel_size} × {layer.kernel_size} pixels{steps}"
        return f"conv2d, {layer.activation}", f"{sees}; {weights}", output, colours().blue
    if layer.kind == "batch_norm":
        return "batch_norm", weights, output, colours().orange
    detail = f"of {layer.pool_size} × {layer.pool_size} pixels" if layer.pool_size else layer.activation or ""
    return layer.kind, detail, output, colours().muted


def _width(units: int) -> float:
    share = math.log(max(units, 1)) / math.log(MOST_UNITS)
    return NARROWEST + (WIDEST - NARROWEST) * min(1.0, share)
