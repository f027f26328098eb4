"""What all pictures share: fonts, the heading, and the way to bytes."""

import io
import textwrap
import threading
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from app.plots.palette import LIGHT, PALETTES, Palette, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Form = Literal["svg", "png"]

WIDTH = 9.0  # inches: 864 pixels in a browser
DOTS_PER_INCH = 144  # of PNG, and of images inside SVG: two per CSS pixel and a half
POINTS_PER_INCH = 72.0
TITLE_POINTS, TEXT_POINTS, SMALL_POINTS = 15.0, 11.5, 10.0
EDGE = 0.12  # inches left free around a picture
PIXELS_PER_INCH = 96  # of a browser
NARROW = 6.0  # inches; what is not as wide has its panels below each other


@dataclass(frozen=True)
class Look:
    """What a picture is to be: as which file, in whose colours, and how wide it may be."""

    form: Form
    theme: Theme = "light"
    width: int | None = None  # pixels of a browser; None: as wide as it is best

    def fit(self, inches: float) -> float:
        """The width of a picture that is best with `inches`."""
        return min(inches, self.width / PIXELS_PER_INCH) if self.width else inches

    @property
    def is_narrow(self) -> bool:
        """Whether it is for a phone, where two panels have no room beside each other."""
        return self.fit(WIDTH) < NARROW


def _settings(colours: Palette) -> dict[str, Any]:
    return {
        "svg.fonttype": "none",  # text stays text: small, selectable, found by search
        "svg.hashsalt": "densely",  # element names would differ from one drawing to the next
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Verdana"],  # of one width; the second is on Windows and macOS
        "font.size": TEXT_POINTS,
        "text.parse_math": False,  # a dollar sign in somebody's label is a dollar sign
        "text.color": colours.ink,
        "axes.titlesize": TEXT_POINTS + 1,
        "axes.labelsize": TEXT_POINTS,
        "axes.labelcolor": colours.ink,
        "axes.edgecolor": colours.muted,
        "axes.facecolor": colours.ground,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.formatter.useoffset": False,
        "axes.formatter.limits": (-4, 7),
        "grid.color": colours.pale,
        "grid.linewidth": 0.8,
        "xtick.color": colours.muted,
        "ytick.color": colours.muted,
        "xtick.labelcolor": colours.ink,
        "ytick.labelcolor": colours.ink,
        "xtick.labelsize": SMALL_POINTS,
        "ytick.labelsize": SMALL_POINTS,
        "legend.fontsize": TEXT_POINTS,
        "legend.frameon": False,
        "lines.solid_capstyle": "round",
        "lines.dash_capstyle": "round",
        "figure.facecolor": colours.ground,
        "savefig.facecolor": colours.ground,
    }


_ONE_AT_A_TIME = threading.Lock()

# A browser has the letters that our font lacks; in a PNG they are boxes, and a warning helps nobody. For good, because
# hiding warnings for a while is undone by another thread that does so too.
warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)


_drawn_in = LIGHT  # like matplotlib's settings the process's, and of whoever holds the lock


@contextmanager
def drawing(theme: Theme = "light") -> Iterator[Palette]:
    """Our settings and colours, for as long as a picture is made; other threads wait, because they are the process's.

    Imports of matplotlib belong within: its modules import each other, and two threads that begin it break it for good.
    """
    global _drawn_in  # noqa: PLW0603 - helpers far below would all have to hand it on
    with _ONE_AT_A_TIME:
        import matplotlib as mpl

        _drawn_in = PALETTES[theme]
        with mpl.rc_context(_settings(_drawn_in)):  # type: ignore[arg-type]  # its keys are checked when they are used
            yield _drawn_in


def colours() -> Palette:
    """Those of the picture that is being made. Only within `drawing()`."""
    return _drawn_in


def clean(text: str, most: int = 500) -> str:
    """`text` on one line, without what XML cannot hold, cut with an ellipsis after `most` characters."""
    line = " ".join(text.split())
    line = "".join(c for c in line if unicodedata.category(c) not in {"Cc", "Cs"} and c not in "\ufffe\uffff")
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def page(width: float, height: float, title: str, subtitle: str = "") -> "Figure":
    """A figure with its heading at the top left and `width` x `height` inches below for the content.

    Only within `drawing()`.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    headline = wrapped(clean(title, 240), width, TITLE_POINTS * 0.66)
    second = wrapped(clean(subtitle), width, TEXT_POINTS * 0.6)
    title_height = len(headline) * TITLE_POINTS * 1.3 / POINTS_PER_INCH
    heading = title_height + len(second) * TEXT_POINTS * 1.45 / POINTS_PER_INCH + 2 * EDGE
    total = height + heading
    layout = ConstrainedLayoutEngine(w_pad=EDGE, h_pad=EDGE, wspace=0.05, rect=(0, 0, 1, height / total))
    figure = Figure(figsize=(width, total), dpi=DOTS_PER_INCH, layout=layout)
    place: dict[str, Any] = {"ha": "left", "va": "top"}
    top = 1 - EDGE / total
    figure.text(EDGE / width, top, "\n".join(headline), fontsize=TITLE_POINTS, fontweight="bold", **place)
    figure.text(
        EDGE / width, top - title_height / total, "\n".join(second), color=colours().muted, linespacing=1.3, **place
    )
    return figure


def wrapped(text: str, width: float, letter: float) -> list[str]:
    """Lines of at most `width` inches, for letters that are `letter` points wide on average."""
    return textwrap.wrap(text, max(20, int((width - 2 * EDGE) * POINTS_PER_INCH / letter)))


def light_grid(axes: "Axes", axis: Literal["both", "x", "y"] = "y") -> None:
    """Pale lines behind the data, and no tick marks: the lines are the ticks."""
    axes.grid(visible=True, axis=axis)
    axes.tick_params(length=0, pad=5)


def render(figure: "Figure", look: Look, title: str) -> bytes:
    """The file of a finished figure: UTF-8 XML for "svg", 144 dots per inch for "png". Only within `drawing()`.

    The title goes into the metadata, the date does not: the same picture is the same bytes.
    """
    metadata: dict[str, str | None] = {"Title": clean(title)}
    metadata |= {"Creator": "Densely", "Date": None} if look.form == "svg" else {"Software": "Densely"}
    file = io.BytesIO()
    figure.savefig(file, format=look.form, dpi=DOTS_PER_INCH, metadata=metadata)
    return file.getvalue()
