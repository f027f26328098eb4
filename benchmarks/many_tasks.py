"""What 200 tasks of the user's own cost: the launch of an API process, its memory, and `/predict` of a built-in task.

Both sides in one run, with and without them. Needs `wrk`, two cores and DENSELY_DATASETS_DIR.
"""

import json
import random
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from app.db import models, tasks
from app.db.engine import Database
from app.domain.clock import utc_now
from app.services.publication import row_of
from app.wire.manifests import Manifest
from benchmarks import footprint, serving
from benchmarks.service import Service

COUNT = 200
ROUNDS = 5
WORDS = {
    "billing": "invoice charge refund card",
    "shipping": "parcel courier delivery late",
    "login": "password account",
}


def file(rows: int = 300, seed: int = 0) -> bytes:
    """A CSV of short tickets."""
    drawn = random.Random(seed)
    lines = ["message,team"]
    for _ in range(rows):
        team = drawn.choice(sorted(WORDS))
        lines.append(f"my {' '.join(drawn.choices(WORDS[team].split(), k=6))} {drawn.randrange(10_000)},{team}")
    return "\n".join(lines).encode()


def first(service: Service, name: str) -> str:
    """Make a task of that file, and train it; the id of its model."""
    task = json.dumps({"name": name})
    made = service.client.post("/tasks", data={"task": task}, files={"file": ("tickets.csv", file())})
    made.raise_for_status()
    return str(service.wait(made.json()["run"]["id"])["model_id"])


def multiply(folder: Path, name: str, model_id: str) -> None:
    """Tasks like that one, each with an active model of its own: what training them would have left."""
    database = Database(f"sqlite:///{folder / 'home' / 'densely.db'}")
    source = folder / "models" / name / model_id
    manifest = json.loads((source / "manifest.json").read_bytes())
    with database.read() as tx:
        found = tasks.find(tx, name)
        assert found is not None
        declaration: dict[str, Any] = dict(found.declaration)
    for number in range(1, COUNT):
        other, other_id = f"{name}-{number}", f"m-{number:012x}"
        target = folder / "models" / other / other_id
        shutil.copytree(source, target)
        changed = {**manifest, "id": other_id, "task": other, "run_id": f"r-{number:012x}"}
        (target / "manifest.json").write_text(json.dumps(changed))
        with database.write() as tx:
            tasks.insert_task(tx, other, {**declaration, "name": other}, utc_now())
            models.insert_model(tx, **row_of(Manifest.model_validate(changed)))
            models.activate(tx, other, other_id, utc_now(), "copied")
    database.close()


def launches(home: Path, models_dir: Path) -> str:
    """Median and worst seconds to the first prediction, and the memory after it."""
    figures = [footprint.launch(home, models_dir) for _ in range(ROUNDS)]
    seconds, memory = (sorted(column) for column in zip(*figures, strict=True))
    return f"launch median {statistics.median(seconds):.2f} s, worst {seconds[-1]:.2f} s; memory {memory[-1]:.0f} MB"


def main() -> None:
    """One table."""
    given = serving.bodies()
    with tempfile.TemporaryDirectory() as name:
        plain, full = Path(name) / "plain", Path(name) / "full"
        with Service(plain), Service(full) as service:
            model_id = first(service, "own")
        multiply(full, "own", model_id)
        for title, folder in (("without", plain), (f"with {COUNT} own tasks", full)):
            print(f"{title}: {launches(folder / 'home', folder / 'models')}", flush=True)
        with serving.empty_route() as empty, Service(plain, serving.QUIET) as few, Service(full, serving.QUIET) as many:
            for service in (few, many):
                serving.pin(serving.api_of(service).pid, serving.SERVER_CORE)
            answer = many.client.post("/predict", json={"task": "own-150", "message": "my invoice charge"})
            assert answer.status_code == 200, answer.text
            for task, sent in given.items():
                rates: dict[str, list[float]] = {"empty": [], "without": [], "with": []}
                for _ in range(ROUNDS):
                    sides = (("empty", f"{empty}/{task}"), ("without", few.url), ("with", many.url))
                    for side, url in sides:
                        at = url if side == "empty" else f"{url}/predict"
                        rates[side].append(serving.measure(at, sent, 16).rate)
                one, two, three = (statistics.median(rates[side]) for side in ("empty", "without", "with"))
                print(
                    f"{task}, 16 connections, of the empty route: {two / one:.2f} without, {three / one:.2f} with",
                    flush=True,
                )


if __name__ == "__main__":
    main()
