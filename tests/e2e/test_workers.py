"""Several API processes on one port."""

import time

import httpx

from tests.e2e.conftest import StartService, processes_of


def test_several_processes_share_the_port_and_one_that_dies_is_started_again(start_service: StartService) -> None:
    service = start_service(DENSELY_WORKERS="2", DENSELY_WARM_TRAINER="false")
    example = service.client.get("/tasks/housing").json()["example"]

    def answers() -> set[bytes]:
        """By forty connections, which the system spreads."""
        return {httpx.post(f"{service.url}/predict", json={"task": "housing", **example}).content for _ in range(40)}

    first, second = processes_of(service, "app.main")
    deadline = time.monotonic() + 30
    while not all(process.net_connections(kind="tcp") for process in (first, second)):  # each when it is ready
        assert time.monotonic() < deadline, "both listen"
        time.sleep(0.05)
    assert 1 == len(answers())
    first.kill()
    first.wait(10)

    while first.pid in {process.pid for process in processes_of(service, "app.main")} or (
        len(processes_of(service, "app.main")) < 2
    ):
        service.wait_until_ready()
    assert 1 == len(answers())
    assert 0 == service.stop()
    assert not second.is_running()
