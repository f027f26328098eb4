"""A virtual environment for each peer, made once: its packages would not fit Densely's own."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MARK = "requirements.done"  # written last: an environment without it is made again


def environment(folder: Path, peer: str) -> Path:
    """The environment with the packages of `<peer>.txt`, under `folder`; it is reused while that file stays the same.

    Raises:
        subprocess.CalledProcessError: pip could not install them.
    """
    place = folder.resolve() / peer
    wanted = (HERE / f"{peer}.txt").read_text(encoding="utf-8")
    mark = place / MARK
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        print(f"installing {peer} into {place}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        pip: list[str | Path] = [
            place / "bin" / "python",
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
        ]
        subprocess.run([*pip, "--requirement", HERE / f"{peer}.txt"], check=True)
        mark.write_text(wanted, encoding="utf-8")
    return place
