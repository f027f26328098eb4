"""Writes `densely_client/sync` from `densely_client/asynchronous`; with `--check` only says whether it would differ.

What tells the two sides apart is spelled the same way everywhere, so that text is replaced and nothing is parsed: the
examples in docstrings follow, too. Ruff orders the imports and joins lines that have become short enough.
"""

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "densely_client"
SOURCE, TARGET = PACKAGE / "asynchronous", PACKAGE / "sync"

REPLACEMENTS = (
    (r"\bawait ", ""),
    (r"\basync (?=def|with|for)", ""),
    (r"\bAsync(?=[A-Z])", ""),  # our classes, httpx's, and AsyncIterator
    (r"\b__a(?=(enter|exit)__)", "__"),
    (r"\.a(?=(close|read|iter_bytes)\()", "."),  # httpx's methods
    (r"_time\.pause\b", "_time.sleep"),
    (r"densely_client\.asynchronous\b", "densely_client.sync"),
)
OPENING = '"""The side that waits for its answers; generated, with every other module here, from `asynchronous`."""\n'
NOTICE = "# Generated from asynchronous/{name} by clients/python/scripts/generate_sync.py: change that one.\n"


def main() -> int:
    """The process's exit code."""
    made = {path.name: synchronous(path) for path in sorted(SOURCE.glob("*.py"))}
    if sys.argv[1:] == ["--check"]:
        return _check(made)
    TARGET.mkdir(exist_ok=True)
    for name, text in made.items():
        (TARGET / name).write_text(text, encoding="utf-8")
    for path in TARGET.glob("*.py"):
        if path.name not in made:
            path.unlink()
    return 0


def synchronous(path: Path) -> str:
    """The module of the other side."""
    if path.name == "__init__.py":
        return OPENING
    text = path.read_text(encoding="utf-8")
    for pattern, replacement in REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    return _tidy(NOTICE.format(name=path.name) + text, TARGET / path.name)


def _tidy(text: str, place: Path) -> str:
    for command in (["check", "--select", "I", "--fix", "--quiet"], ["format", "--quiet"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(place), "-"],
            input=text,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        text = done.stdout
    return text


def _check(made: dict[str, str]) -> int:
    kept = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.py")}
    stale = sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))
    if stale:
        sys.stderr.write(f"densely_client/sync: {', '.join(stale)} must be made anew: {sys.argv[0]}\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
