"""The manifests, by the schemas that Kubernetes publishes, which come with the package `kubernetes-validate`.

RayCluster is the KubeRay operator's, and its schema is not at hand: its pods are held to the schema of a pod, its own
fields to their names, which is less than an operator's admission would check.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubernetes_validate.utils import all_versions

from benchmarks.dockerfile import read
from benchmarks.sandbox import USER
from tests.support.deployed import ROOT, documents, unknown

FOLDER = ROOT / "deploy" / "kubernetes"
WHOLE = [path for path in sorted(FOLDER.rglob("*.yaml")) if path.name != "kustomization.yaml"]
PATCHES = {FOLDER / "ray" / name for name in ("worker.yaml", "config.yaml")}
KNOWN = [version for version in dict.fromkeys(all_versions()) if tuple(map(int, version.split(".")[:2])) >= (1, 30)]
VERSIONS = sorted({*KNOWN[::4], KNOWN[-1]})  # each takes two seconds
RESOURCES = [each for path in WHOLE if path not in PATCHES for each in documents(path)]
GROUP = {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"}
IMAGES = {"densely/api": "api", "densely/trainer": "trainer", "densely/trainer-gpu": "trainer-gpu"}


def resource(kind: str, name: str) -> dict[str, Any]:
    """One of the base's or of Ray's own."""
    (found,) = [each for each in RESOURCES if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def templates() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod template, with a name."""
    for each in RESOURCES:
        spec, name = each.get("spec", {}), each["metadata"]["name"]
        if each["kind"] == "RayCluster":
            yield f"{name} head", spec["headGroupSpec"]["template"]
            yield from ((f"{name} {group['groupName']}", group["template"]) for group in spec["workerGroupSpecs"])
        elif "template" in spec:
            yield name, spec["template"]


PODS = dict(templates())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_published_schemas_take_every_manifest(version: str) -> None:
    for each in RESOURCES:
        if each["kind"] != "RayCluster":
            kubernetes_validate.validate(each, version, strict=True)
    for name, template in PODS.items():
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "x", **template["metadata"]},
            "spec": template["spec"],
        }
        try:
            kubernetes_validate.validate(pod, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            pytest.fail(f"{name}: {error}")


def test_a_field_that_is_none_is_found() -> None:
    """That the check checks."""
    deployment = resource("Deployment", "densely-api")
    with pytest.raises(kubernetes_validate.ValidationError, match="minReadySecond"):
        kubernetes_validate.validate(
            {**deployment, "spec": {**deployment["spec"], "minReadySecond": 1}}, VERSIONS[0], strict=True
        )


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_nobodys_and_writes_to_its_volumes_alone(name: str) -> None:
    spec = PODS[name]["spec"]

    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["automountServiceAccountToken"] is False
    assert USER == spec["securityContext"]["runAsUser"] == spec["securityContext"]["fsGroup"]
    for container in spec["containers"]:
        confined = container["securityContext"]
        assert confined["readOnlyRootFilesystem"]
        assert not confined["allowPrivilegeEscalation"]
        assert ["ALL"] == confined["capabilities"]["drop"]
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]
        assert {"/data", "/tmp"} <= {mount["mountPath"] for mount in container["volumeMounts"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in spec["volumes"]}


def test_images_are_targets_of_the_dockerfile() -> None:
    stages = read(ROOT / "Dockerfile")
    used = {container["image"] for pod in PODS.values() for container in pod["spec"]["containers"]}

    assert set(IMAGES) == used
    assert set(IMAGES.values()) <= set(stages)


def test_settings_of_the_manifests_are_settings_of_the_service() -> None:
    given = [each for path in WHOLE for each in documents(path)]
    named = {name for each in given for name in (*each.get("data", ()), *each.get("stringData", ()))}
    for pod in PODS.values():
        named |= {entry["name"] for container in pod["spec"]["containers"] for entry in container.get("env", ())}

    assert named
    assert set() == unknown(named)


def test_the_api_has_time_to_drain_and_is_asked_what_it_can_answer() -> None:
    pod = PODS["densely-api"]["spec"]
    (container,) = pod["containers"]
    drain = float(resource("ConfigMap", "densely")["data"]["DENSELY_DRAIN_SECONDS"])
    ready, start = container["readinessProbe"], container["startupProbe"]

    assert pod["terminationGracePeriodSeconds"] >= drain + 30
    assert drain >= 2 * ready["periodSeconds"] * ready["failureThreshold"], "nobody is sent there any more by then"
    waits = float(resource("ConfigMap", "densely")["data"]["DENSELY_START_SECONDS"])
    assert start["periodSeconds"] * start["failureThreshold"] > waits + 30
    paths = {"startup": "/health/live", "liveness": "/health/live", "readiness": "/health/ready?database=false"}
    assert paths == {name: container[f"{name}Probe"]["httpGet"]["path"] for name in paths}


def test_service_autoscaler_and_budget_mean_the_apis_pods() -> None:
    labels = PODS["densely-api"]["metadata"]["labels"]
    deployment = resource("Deployment", "densely-api")

    assert labels == deployment["spec"]["selector"]["matchLabels"]
    assert labels == resource("Service", "densely-api")["spec"]["selector"]
    assert labels == resource("PodDisruptionBudget", "densely-api")["spec"]["selector"]["matchLabels"]
    assert labels == resource("NetworkPolicy", "densely-api")["spec"]["podSelector"]["matchLabels"]
    assert "replicas" not in deployment["spec"], "or each apply undoes what the autoscaler did"
    scaler = resource("HorizontalPodAutoscaler", "densely-api")["spec"]
    assert "densely-api" == scaler["scaleTargetRef"]["name"]
    assert scaler["minReplicas"] > resource("PodDisruptionBudget", "densely-api")["spec"]["maxUnavailable"]
    policy = resource("NetworkPolicy", "densely-outwards")["spec"]["podSelector"]["matchLabels"]
    assert all(policy.items() <= pod["metadata"]["labels"].items() for pod in PODS.values())


def test_the_cluster_is_as_the_operator_wants_it_and_has_the_release_that_the_lock_pins() -> None:
    cluster = resource("RayCluster", "densely-ray")
    pinned = re.search(r"^ray==(\S+)", (ROOT / "requirements-scale.lock").read_text(), re.MULTILINE)
    spec = cluster["spec"]

    assert "ray.io/v1" == cluster["apiVersion"]
    assert {"rayVersion", "enableInTreeAutoscaling", "headGroupSpec", "workerGroupSpecs"} == set(spec)
    assert {"rayStartParams", "template"} == set(spec["headGroupSpec"])
    assert all(GROUP == set(group) for group in spec["workerGroupSpecs"])
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    assert all(isinstance(value, str) for group in groups for value in group["rayStartParams"].values())
    assert pinned is not None
    assert pinned[1] == spec["rayVersion"]
    (settings,) = documents(FOLDER / "ray" / "config.yaml")
    assert f"{cluster['metadata']['name']}-head-svc:6379" == settings["data"]["DENSELY_RAY_ADDRESS"]


def test_every_file_is_part_of_a_kustomization() -> None:
    for folder in (FOLDER / "base", FOLDER / "ray"):
        (listed,) = documents(folder / "kustomization.yaml")
        named = {*listed["resources"], *(patch["path"] for patch in listed.get("patches", ()))}
        beside = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml", "secret.example.yaml"}
        assert named - {"../base"} == beside


def test_kustomize_puts_them_together() -> None:
    """Without a cluster: `kubectl kustomize` only reads and prints."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run(["kubectl", "kustomize", FOLDER / "ray"], capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stderr
    made = list(yaml.safe_load_all(done.stdout))
    for each in made:
        if each["kind"] != "RayCluster":
            kubernetes_validate.validate(each, VERSIONS[-1], strict=True)
    (worker,) = [each for each in made if each["metadata"]["name"] == "densely-worker"]
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    assert "ray start" in container["command"][2]
    assert ["DENSELY_RUN_MEMORY_LIMIT_MIB"] == [each["name"] for each in container["env"]]
    assert "registry.example.org/densely/trainer:0.1.0" == container["image"]
    (config,) = [each for each in made if each["kind"] == "ConfigMap"]
    assert {"DENSELY_EXECUTOR", "DENSELY_STORE_URL"} <= set(config["data"])
