"""The units of deploy/systemd, by systemd's own programs, which need neither a running systemd nor the installation."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.deployed import ROOT, unknown

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
PROGRAM = "/opt/densely/.venv/bin/densely"
MOST_EXPOSED = 20  # tenths: "OK" ends at 4.9


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed: Debian's package `systemd`")
    return found


def test_every_command_of_theirs_is_one_of_ours() -> None:
    commands = {re.search(rf"^ExecStart={PROGRAM} (\w+)$", unit.read_text(), re.MULTILINE) for unit in UNITS}

    assert {"migrate", "serve", "worker"} == {found[1] for found in commands if found}
    named = {name for unit in UNITS for name in re.findall(r"\b(DENSELY_\w+)=", unit.read_text())}
    assert set() == unknown(named)


def test_systemd_finds_no_fault_in_them(analyze: str, tmp_path: Path) -> None:
    for unit in UNITS:  # which must find the program
        (tmp_path / unit.name).write_text(unit.read_text().replace(PROGRAM, "/bin/true"))
    done = subprocess.run(
        [analyze, "verify", *sorted(tmp_path.iterdir())], capture_output=True, text=True, timeout=60, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)


def test_they_are_confined(analyze: str) -> None:
    for unit in UNITS:
        line = [analyze, "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
        if "unrecognized option" in done.stderr:
            pytest.skip("this systemd-analyze looks at running units alone")
        assert 0 == done.returncode, done.stdout.splitlines()[-1:] + done.stderr.splitlines()
