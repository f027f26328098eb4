"""What an accessibility checker looks at, as far as a program can see it: names, labels, landmarks, ids, contrast."""

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FIND = (FOLDER / "accessibility.js").read_text(encoding="utf-8")
FOCUSED = (FOLDER / "focused.js").read_text(encoding="utf-8")


def problems(page: Any) -> list[str]:
    """What is wrong with the page as it is now, in words; empty if nothing is."""
    found: list[str] = page.evaluate(FIND)
    return found


def problems_at_widths(page: Any, widths: tuple[int, ...] = (1280, 390)) -> list[str]:
    """The same in windows of these widths, in pixels."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 844})
        found += [f"{width} px wide: {problem}" for problem in problems(page)]
    return found


def problems_of_the_keyboard(page: Any, most: int = 80) -> list[str]:
    """Elements that the Tab key reaches without their focus being seen."""
    found = []
    reached = 0
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:  # past the last one
            break
        reached += 1
        if not (focused["ring"] and focused["seen"]):
            found.append(f"focus is not seen: {focused['what']}")
    return found if reached > 5 else [*found, f"Tab reaches only {reached} elements"]
