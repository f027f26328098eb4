"""The Dockerfile and the compose file, by what they say; `benchmarks/images.py` builds and runs it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app import healthcheck
from benchmarks.dockerfile import Copy, read
from benchmarks.sandbox import USER, context_of, hidden
from tests.support.deployed import ROOT, documents, unknown
from tests.support.scripted import ScriptedServer, answer

DOCKERFILE = ROOT / "Dockerfile"
STAGES = read(DOCKERFILE)
TARGETS = {"api": "requirements-api.lock", "trainer": "requirements-scale.lock", "trainer-gpu": "requirements-gpu.lock"}
(COMPOSE,) = documents(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SCALE = ("balancer", "scale-worker")  # what is named on the command line of the profile


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_is_nobodys_and_writes_to_two_folders_alone(target: str) -> None:
    stage = STAGES[target]
    written = [value for name, value in stage.environment.items() if name.endswith(("HOME", "DIR"))]

    assert f"{USER}:{USER}" == stage.user
    assert {"/data", "/data/keras", "/data/matplotlib", "/data/models", "/tmp"} == set(written)
    assert "1" == stage.environment["PYTHONDONTWRITEBYTECODE"]
    assert "SIGTERM" == stage.stop_signal
    assert [Copy(f"packages-{target}", ("/opt/venv",), "/opt/venv"), Copy("code", ("/densely",), "/densely")] == [
        step for step in stage.steps if isinstance(step, Copy)
    ], "what changes seldom comes first"
    (lock,) = [step for step in STAGES[f"packages-{target}"].steps if isinstance(step, Copy)]
    assert (TARGETS[target],) == lock.sources


def test_base_images_have_tags_that_stay() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    given = [service["image"] for service in SERVICES.values() if "image" in service]

    assert re.search(r"^ARG PYTHON=3\.11\.\d+-slim-\w+$", text, re.MULTILINE)
    assert {"python:${PYTHON}", "empty", "runtime"} == set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert all(re.fullmatch(r"[\w/.-]+:\d[\w.-]*", image) for image in given), given


def test_a_build_is_given_what_it_copies_and_nothing_else() -> None:
    """Of models those that the release names; nothing of tests, of other folders, or that Git ignores."""
    copied = [step for step in STAGES["code"].steps if isinstance(step, Copy)]
    sources = [*(source for step in copied for source in step.sources), *TARGETS.values()]
    given = context_of(ROOT)

    assert not [path for path in given if not any(path == each or path.startswith(f"{each}/") for each in sources)]
    assert all(any(path == each or path.startswith(f"{each}/") for path in given) for each in sources)
    models = json.loads((ROOT / "models_store" / "bundled.json").read_bytes())
    folders = {
        tuple(path.split("/")[1:3]) for path in given if path.startswith("models_store/") and path.count("/") > 1
    }
    assert set(models.items()) == folders


def test_of_two_patterns_the_last_one_holds() -> None:
    patterns = ["*", "!app", "**/__pycache__", "clients/*", "!clients/python"]

    assert not hidden("app/main.py", patterns)
    assert hidden("app/__pycache__/main.pyc", patterns)
    assert hidden("README.md", patterns)
    assert hidden("clients/javascript/densely.js", patterns)
    assert not hidden("clients/python/src/x.py", patterns)


def test_a_plain_up_starts_three_services_that_share_a_volume() -> None:
    plain = {name for name, service in SERVICES.items() if "profiles" not in service}

    assert {"migrate", "api", "worker"} == plain
    assert {"worker-gpu"} == {name for name, service in SERVICES.items() if service.get("profiles") == ["gpu"]}
    for name in (*plain, "worker-gpu"):
        assert ["data:/data"] == SERVICES[name]["volumes"]
        assert SERVICES[name]["environment"]["DENSELY_API_KEYS"].startswith("${DENSELY_API_KEYS:?")
        assert SERVICES[name]["build"]["target"] in TARGETS
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_the_profile_scale_needs_nothing_of_the_others_and_starts_all_of_its_own() -> None:
    ours = {name for name, service in SERVICES.items() if service.get("profiles") == ["scale"]}
    started: set[str] = set()
    rest = list(SCALE)
    while rest:
        name = rest.pop()
        started.add(name)
        rest += [each for each in SERVICES[name].get("depends_on", {}) if each not in started]

    assert ours == started
    assert "ray" == SERVICES["scale-worker"]["environment"]["DENSELY_EXECUTOR"]
    assert SERVICES["scale-api"]["deploy"]["replicas"] > 1


def test_every_service_is_confined_and_waits_for_those_that_it_needs() -> None:
    for name, service in SERVICES.items():
        assert service["read_only"], name
        assert ["ALL"] == service["cap_drop"], name
        assert ["no-new-privileges:true"] == service["security_opt"], name
        assert service["init"], name
        assert any(each.startswith("/tmp") for each in service["tmpfs"]), name
        for needed, how in service.get("depends_on", {}).items():
            other = SERVICES[needed]
            healthy = "healthcheck" in other or STAGES[other.get("build", {}).get("target", "trainer")].health
            assert how["condition"] != "service_healthy" or healthy, f"{name} waits for {needed}"


def test_settings_of_the_files_are_settings_of_the_service() -> None:
    named = {name for service in SERVICES.values() for name in service.get("environment", {})}
    named |= {name for stage in STAGES.values() for name in stage.environment}

    assert set() == unknown(named)
    assert {"DENSELY_HME"} == unknown({"DENSELY_HME", "HOME", "DENSELY_HOME"})


def test_the_balancers_configuration_is_one() -> None:
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        pytest.skip("haproxy is not installed, for example Debian's package `haproxy`")
    done = subprocess.run(
        [program, "-c", "-f", ROOT / COMPOSE["configs"]["balancer"]["file"]],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stderr


def test_the_balancers_rules_are_those_that_are_tried_under_load() -> None:
    """What they say of requests and time, in the example that the tests of replicas run."""
    rules = ("balance", "http-reuse", "option", "retries", "retry-on", "http-request", "timeout", "http-check")

    def said(file: str) -> set[str]:
        lines = (line.split(" #")[0].split() for line in (ROOT / file).read_text().splitlines())
        return {" ".join(words) for words in lines if words and words[0] in rules}

    of_compose, example = said(COMPOSE["configs"]["balancer"]["file"]), said("deploy/haproxy.cfg")

    assert len(example) > 5
    assert example == of_compose


def test_the_health_check_asks_no_proxy_of_the_environment(tmp_path: Path) -> None:
    """As the image runs it: with a proxy that nobody listens at, it is the service that is asked, or nobody."""
    command = [sys.executable, *STAGES["api"].health[1:]]
    with ScriptedServer([answer(200, {}), answer(503, {})]) as server:
        port = server.url.rpartition(":")[2]
        proxies = {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9"}
        environment = {**os.environ, **proxies, "DENSELY_PORT": port, "PYTHONPATH": str(ROOT)}
        for expected in (0, 1):
            done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False)
            assert expected == done.returncode, done.stderr
    assert ["/health/ready?database=false"] * 2 == [asked.path for asked in server.asked]
    assert not healthcheck.ready(int(port)), "nobody listens any more"
