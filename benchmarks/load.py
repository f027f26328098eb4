"""Load on a server by `wrk` (a Debian package): throughput and latency of a list of bodies, sent in turn."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = """
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
local at = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
%s
request = function()
  at = at %% #bodies + 1
  return wrk.format(nil, nil, nil, bodies[at])
end
done = function(summary, latency, requests)
  io.write(string.format("FIGURES {\\"requests\\": %%d, \\"microseconds\\": %%d, \\"errors\\": %%d, ",
    summary.requests, summary.duration, summary.errors.status + summary.errors.connect + summary.errors.read +
    summary.errors.write + summary.errors.timeout))
  io.write(string.format("\\"p50\\": %%d, \\"p99\\": %%d}\\n", latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What came of it."""

    rate: float  # answers per second
    p50: float  # milliseconds
    p99: float
    errors: int  # answers other than 2xx and 3xx, and those that never came
    requests: int


def send(
    url: str,
    bodies: Sequence[Any],
    *,
    connections: int,
    seconds: float,
    core: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Load:
    """Keep `connections` busy for so long; the generator stays on `core`, if given. `headers`: of every request.

    Raises:
        FileNotFoundError: there is no `wrk` on this machine.
    """
    if shutil.which("wrk") is None:
        raise FileNotFoundError("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "bodies"
        lines.write_text("".join(json.dumps(body) + "\n" for body in bodies), encoding="utf-8")
        script = Path(folder) / "load.lua"
        more = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in (headers or {}).items())
        script.write_text(SCRIPT % (lines, more), encoding="utf-8")
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        wrk = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s", "-s", str(script)]
        done = subprocess.run([*pinned, *wrk, url], capture_output=True, text=True, check=True)
    found = re.search(r"^FIGURES (.*)$", done.stdout, re.MULTILINE)
    if found is None:
        raise RuntimeError(done.stdout + done.stderr)
    figures = json.loads(found[1])
    return Load(
        rate=figures["requests"] / figures["microseconds"] * 1e6,
        p50=figures["p50"] / 1e3,
        p99=figures["p99"] / 1e3,
        errors=figures["errors"],
        requests=figures["requests"],
    )
