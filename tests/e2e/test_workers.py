"""Several API processes on one port."""

import os
import signal
import time

import httpx
import psutil

from tests.e2e.conftest import StartService


def test_several_processes_share_the_port_and_end_with_the_one_that_started_them(start_service: StartService) -> None:
    service = start_service(DENSELY_WORKERS="2", DENSELY_WARM_TRAINER="false")
    example = service.client.get("/tasks/housing").json()["example"]

    def workers() -> list[psutil.Process]:
        # uvicorn's children; one more of multiprocessing keeps track of their resources.
        found = psutil.Process(service.process.pid).children(recursive=True)
        return [process for process in found if "spawn_main" in " ".join(process.cmdline())]

    answers = {httpx.post(f"{service.url}/predict", json={"task": "housing", **example}).content for _ in range(40)}
    assert 1 == len(answers)
    assert 2 == len(workers())
    parent = workers()[0].parent()
    assert parent is not None
    orphans = workers()
    os.kill(parent.pid, signal.SIGKILL)

    psutil.wait_procs(orphans, timeout=15)
    assert [] == [process for process in orphans if process.is_running()]
    deadline = time.monotonic() + 20
    while True:
        try:
            if httpx.get(f"{service.url}/health/ready").status_code == 200:
                break
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert 2 == len(workers()), "started again"
