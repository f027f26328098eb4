"""A service with something of every sort, and its own description: what is asked of it finds something."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from app.artifacts.store import ArtifactStore
from app.db import migrate, models
from app.db.engine import Database
from app.main import create_app
from tests.integration.finished import Finished, answers_of, model_of
from tests.support.clock import FakeClock
from tests.support.described import Described, Request
from tests.support.server import LiveServer, settings_in
from tests.support.tasks import TASKS
from tests.support.trials import ended_sweep

KEY = "0123456789abcdef"


class Site:
    """A service with a model for each task and finished runs, and its own description."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        asked = settings_in(folder).model_copy(update=changes)
        migrate.upgrade(asked.url)
        self.database = Database(asked.url)
        finished = Finished(self.database, ArtifactStore(asked.models_dir), FakeClock())
        epochs = [{"loss": 0.5, "accuracy": 0.7, "val_loss": 0.6, "val_accuracy": 0.6}] * 2
        runs = {task: finished.run(task, answers_of(task), epochs) for task in TASKS.all}
        for task, run in runs.items():
            self._activate(task, model_of(run))
        other = finished.run("planar", answers_of("planar"), epochs)
        self.server = LiveServer(create_app(asked))
        self.client = self.server.client
        self.client.headers.update({"Authorization": f"Bearer {KEY}"} if changes else {})
        spare = finished.run("planar", answers_of("planar"), epochs)
        rows = [{"x": number, "y": -number, "label": number % 2} for number in range(40)]
        for name in ("mine", "spare"):
            self.client.post("/datasets", params={"task": "planar", "name": name}, json=rows).raise_for_status()
        known = {
            "run_id": runs["planar"], "model_id": model_of(runs["planar"]), "task": "planar", "form": "svg",
            "runs": f"{runs['planar']},{other}", "status": "succeeded", "dataset": "sample", "name": "mine",
            "sweep_id": (sweep := ended_sweep(self.client, self.database)), "sweep": sweep,
        }  # fmt: skip
        known |= {"q": "a", "sort": "-score", "archived": "all", "preset": "baseline", "since": "2020-01-01"}
        known |= {"until": "2040-01-01T00:00:00Z"}
        bodies: dict[str, Any] = {"PUT /tasks/{task}/active-model": {"model_id": known["model_id"]}}
        doomed = {
            "run_id": spare,
            "model_id": model_of(spare),
            "name": "spare",
            "sweep_id": ended_sweep(self.client, self.database),
        }
        own = {"kind": {"kind": "text", "columns": ["message"]}, "answer": {"kind": "number"}}
        bodies["PATCH /runs/{run_id}"] = {"name": "mine", "tags": {"why": "to see"}, "note": "", "archived": True}
        bodies["POST /train/preview"] = {"task": "planar", "dataset": "sample"}
        bodies["POST /runs/actions"] = {"action": "retry", "runs": [runs["planar"], "r-none"], "dry_run": True}
        bodies |= dict.fromkeys(("POST /datasets", "POST /datasets/{name}/rows"), rows)
        bodies |= {"POST /tasks": {"name": "own", **own}, "PATCH /tasks/{task}": {"title": "Mine"}}
        codes = {"sentiment": {"ids": [1, 4]}, "newswire": {"ids": [1, 4]}, "digits": {"values": [0.5] * 784},
                 "housing": {"values": [0.5] * 13}, "planar": {"values": [0.5] * 2}}  # fmt: skip
        for name, each in TASKS.all.items():
            bodies |= {f"POST /tasks/{name}/encode": each.example, f"POST /tasks/{name}/decode": codes[name]}
        self.described = Described(self.client.get("/openapi.json").json(), known, bodies, doomed)

    def _activate(self, task: str, model_id: str) -> None:
        with self.database.write() as tx:
            models.activate(tx, task, model_id, datetime.now(UTC), "test")

    def lose_database(self) -> None:
        """As if its disk had gone: the driver cannot open the file any more."""
        ours = self.server.app.api.state.services.system._database
        ours.engine.dispose()
        ours.engine = create_engine("sqlite:////nowhere/densely.db")

    def answered(self, request: Request) -> int:
        """Send it, and see that the answer is described; its status."""
        answer = self.described.send(self.client, request)
        self.described.check(request, answer)
        return answer.status_code

    def close(self) -> None:
        self.server.close()
        self.database.close()
