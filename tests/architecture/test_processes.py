"""What the API process may import, and how small it stays."""

import json
import os
import subprocess
import sys
from pathlib import Path

PREDICT_IN_A_FRESH_PROCESS = """
import http.client, json, sys, threading, time
import uvicorn
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
# With what an API process has anyway: httpx would bring rich and Pygments, which would be counted as if they were its.
client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
client.request("GET", "/tasks")
for task in json.load(client.getresponse())["items"]:
    body = json.dumps({"task": task["name"], **task["example"]})
    client.request("POST", "/predict", body, {"Content-Type": "application/json"})
    answer = client.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()
client.close()
server.should_exit = True
thread.join()
rss = [line for line in open("/proc/self/status") if line.startswith("VmRSS")][0]
print(json.dumps({"modules": sorted(sys.modules), "kb": int(rss.split()[1])}))
"""


def test_an_api_process_predicts_without_tensorflow_and_within_its_memory(tmp_path: Path) -> None:
    """Four models loaded, a prediction of each task: no TensorFlow, no Keras, under 150 MB."""
    from benchmarks.service import free_port

    environment = {**os.environ, "DENSELY_HOME": str(tmp_path), "DENSELY_MODELS_DIR": str(tmp_path / "models")}
    command = [sys.executable, "-c", PREDICT_IN_A_FRESH_PROCESS, str(free_port())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout.splitlines()[-1])

    assert "app.inference.predictor" in seen["modules"]
    assert not {"tensorflow", "keras", "pyarrow", "scipy", "matplotlib", "optuna", "rich", "fsspec"} & set(
        seen["modules"]
    )
    assert seen["kb"] < 150_000


def test_the_worker_supervises_without_tensorflow() -> None:
    """And without Optuna, until a sweep asks for trials."""
    code = "import sys, app.worker.__main__; print(*({'tensorflow', 'keras', 'optuna'} & set(sys.modules)), 'no more')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "no more" == done.stdout.strip()
