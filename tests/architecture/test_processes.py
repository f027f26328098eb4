"""What the API process may import, and how small it stays."""

import json
import os
import subprocess
import sys
from pathlib import Path

PREDICT_IN_A_FRESH_PROCESS = """
import json, sys, threading, time
import httpx, uvicorn
from app.db import migrate
from app.main import create_app
from app.settings import Settings

settings = Settings()
migrate.upgrade(settings.url)
server = uvicorn.Server(uvicorn.Config(create_app(settings), port=int(sys.argv[1]), log_level="error"))
thread = threading.Thread(target=server.run)
thread.start()
while not server.started:
    time.sleep(0.01)
with httpx.Client(base_url=f"http://127.0.0.1:{sys.argv[1]}") as client:
    for task in client.get("/tasks").json()["items"]:
        client.post("/predict", json={"task": task["name"], **task["example"]}).raise_for_status()
server.should_exit = True
thread.join()
rss = [line for line in open("/proc/self/status") if line.startswith("VmRSS")][0]
print(json.dumps({"modules": sorted(sys.modules), "kb": int(rss.split()[1])}))
"""


def test_an_api_process_predicts_without_tensorflow_and_within_its_memory(tmp_path: Path) -> None:
    """Four models loaded, a prediction of each task: no TensorFlow, no Keras, and within its limit of memory."""
    from benchmarks.service import free_port

    environment = {**os.environ, "DENSELY_HOME": str(tmp_path), "DENSELY_MODELS_DIR": str(tmp_path / "models")}
    command = [sys.executable, "-c", PREDICT_IN_A_FRESH_PROCESS, str(free_port())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout.splitlines()[-1])

    assert "app.inference.predictor" in seen["modules"]
    assert not {"tensorflow", "keras", "pyarrow", "scipy", "matplotlib", "optuna"} & set(seen["modules"])
    # 148,000 to 149,000 before the page's lists, reports, previews and advice; with them up to 151,100.
    assert seen["kb"] < 154_000


def test_the_worker_supervises_without_tensorflow() -> None:
    """And without Optuna, until a sweep asks for trials."""
    code = "import sys, app.worker.__main__; print(*({'tensorflow', 'keras', 'optuna'} & set(sys.modules)), 'no more')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "no more" == done.stdout.strip()
