"""README and the pages of documentation, as the tests that hold them to the code read them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import app

ROOT = Path(app.__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"))]
PAGES += sorted((ROOT / "docs").glob("*.md"))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", flags=re.MULTILINE)
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_COMMENT = re.compile(r"\s{2,}# .*$")


@dataclass(frozen=True)
class Command:
    """What a page tells its reader to type, and what the page says comes then."""

    page: str
    line: str  # without the prompt, and without a comment at its end
    shown: str  # "" where the page shows nothing

    def __str__(self) -> str:
        return f"{self.page}: {self.line[:60]}"


def text(name: str) -> str:
    """A page, by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    """Its path from the root."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: str, language: str) -> list[str]:
    """The page's code in this language ("" for drawings)."""
    return [code for found, code in _FENCE.findall(text(page)) if found == language]


def languages(page: str) -> set[str]:
    """What languages its blocks say they are in."""
    return {found for found, _ in _FENCE.findall(text(page))}


def prose(page: str) -> str:
    """The page without its blocks of code."""
    return _FENCE.sub("", text(page))


def commands(page: str) -> list[Command]:
    """Everything after a prompt, in its order."""
    found = []
    for block in blocks(page, "console"):
        assert block.startswith("$ "), f"{page}: a console begins with a command"
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            found.append(Command(page, _COMMENT.sub("", line), shown.strip("\n")))
    return found


def all_commands() -> list[Command]:
    """Those of every page."""
    return [command for page in PAGES for command in commands(name_of(page))]


def links(page: str) -> Iterator[str]:
    """Where the page's relative links lead."""
    return (target for target in _LINK.findall(prose(page)) if "://" not in target)


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(page: str, head: str) -> list[list[str]]:
    """The rows of the page's first table whose head begins with this cell; cells that are code without their marks."""
    found = re.search(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\|\n((?:\|.*\|\n)+)", text(page), flags=re.MULTILINE)
    assert found is not None, f"{page} has no table that begins with {head}"
    rows = (row.strip("|").split("|") for row in found.group(1).splitlines())
    return [[re.sub(r"^`([^`]*)`$", r"\1", cell.strip()) for cell in row] for row in rows]


def matches(shown: str, told: str) -> bool:
    """Whether a command told what the page shows: `…` stands for anything, a decimal number for another one."""
    pattern = r"\s*".join(re.escape(part) for part in shown.split())
    pattern = pattern.replace("…", ".*?")
    pattern = re.sub(r"\d+\\\.\d+", r"\\d+(\\.\\d+)?(e-\\d+)?", pattern)
    return re.search(pattern, told, flags=re.DOTALL) is not None
