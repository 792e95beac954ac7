"""What one settings file makes of the compiled pipelines."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from biasgate.errors import InputError
from biasgate.kubeflow.settings import read_settings

IMAGE = "registry.example/biasgate@sha256:" + "ab" * 32
GPU = "registry.example/biasgate-gpu@sha256:" + "cd" * 32
OWN = f"""\
runs: {{keep_failed: 60}}
tasks:
  train:
    image: {GPU}
    memory: {{limit: 24Gi}}
    seconds: 600
    gpu: {{count: 2}}
    nodes: {{node-kind: gpu}}
    tolerations: [{{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}}]
    affinity:
      - {{key: zone, operator: NotIn, values: [a, b]}}
      - {{key: disk, operator: In, values: [ssd], weight: 7}}
pods:
  labels: {{team: fairness}}
  annotations: {{sidecar.istio.io/inject: "false"}}
  pull_secrets: [registry]
  queue: {{name: nightly, priority: low}}
retries: {{times: 5}}
caching: false
secrets:
  team-proxy: [HTTPS_PROXY, NO_PROXY]
"""


def compiled(folder: Path, *options: str, name: str) -> tuple[dict, dict, dict]:
    """Pipeline spec, what its tasks get on Kubernetes, and what the whole run gets.

    From a process of its own: settings are read once, when a pipeline is imported.
    """
    biasgate = str(Path(sys.executable).with_name("biasgate"))
    environment = {**os.environ, "BIASGATE_IMAGE": IMAGE}
    command = [biasgate, "kfp", "compile", "--into", str(folder), *options]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    spec, platform = yaml.safe_load_all((folder / f"{name}.yaml").read_text())
    kubernetes = platform["platforms"]["kubernetes"]
    return spec, kubernetes["deploymentSpec"]["executors"], kubernetes["pipelineConfig"]


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("default"), name="gate")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "settings.yaml").write_text(OWN)
    return compiled(folder / "pipelines", "--settings", str(folder / "settings.yaml"), name="meta_classifier")


def test_every_task_has_resources_a_timeout_retries_and_the_shared_image(default):
    spec, platform, _ = default
    for name, executor in spec["deploymentSpec"]["executors"].items():
        assert executor["container"]["image"] == IMAGE
        assert {"resourceCpuRequest", "resourceCpuLimit"} <= executor["container"]["resources"].keys()
        assert {"resourceMemoryRequest", "resourceMemoryLimit"} <= executor["container"]["resources"].keys()
        assert "fetch" not in name or platform[name]["activeDeadlineSeconds"] == "3600"
        assert "repair" not in name or platform[name]["activeDeadlineSeconds"] == "43200"
        assert "activeDeadlineSeconds" in platform[name]
    retries = [task["retryPolicy"] for task in tasks(spec)]
    assert len(retries) == len(spec["deploymentSpec"]["executors"])
    assert all(retry["maxRetryCount"] == 2 and retry["backoffDuration"] == "30s" for retry in retries)


def test_the_window_for_attempts_has_room_for_all_of_them_and_their_pauses(default):
    windows = {task["taskInfo"]["name"]: task["retryPolicy"]["backoffMaxDuration"] for task in tasks(default[0])}
    assert windows["fetch-candidate"] == f"{3 * 3600 + 30 + 60}s"
    assert windows["repair-candidate"] == f"{3 * 43_200 + 30 + 60}s"


def test_a_run_has_a_deadline_and_leaves_the_cluster_after_a_while(default, own):
    assert default[2] == {
        "activeDeadlineSeconds": 3 * 86_400,
        "resourceTtlOnSuccess": 86_400,
        "resourceTtlOnFailure": 7 * 86_400,
    }
    assert own[2] == {**default[2], "resourceTtlOnFailure": 60}


def test_a_rejection_ends_a_run_as_failed_only_where_the_settings_ask_for_it(default, tmp_path):
    assert not [task for task in tasks(default[0]) if "require-approval" in task["taskInfo"]["name"]]
    (tmp_path / "settings.yaml").write_text("runs: {fail_unless_approved: true}\n")
    spec, _, _ = compiled(tmp_path / "pipelines", "--settings", str(tmp_path / "settings.yaml"), name="gate")
    ends = [task for task in tasks(spec) if "require-approval" in task["taskInfo"]["name"]]
    assert {task["dependentTasks"][0] for task in ends if "dependentTasks" in task} == {"decide-candidate-2"}
    assert len(ends) == 2, "one for the candidate, and one for what the repair made of it"


def test_the_platforms_registry_is_used_without_a_variable_of_its_names_beside_it(tmp_path):
    (tmp_path / "settings.yaml").write_text("mlflow: {from: platform}\n")
    _, platform, _ = compiled(tmp_path / "pipelines", "--settings", str(tmp_path / "settings.yaml"), name="gate")
    assert "MLFLOW_" not in str(platform)
    assert "AWS_ACCESS_KEY_ID" in str(platform)


def test_no_task_of_the_gate_is_cached(default):
    assert [task for task in tasks(default[0]) if task["cachingOptions"]] == []


def test_own_settings_reach_the_tasks_of_their_kind_and_leave_the_rest(own):
    spec, platform, _ = own
    containers = {name: executor["container"] for name, executor in spec["deploymentSpec"]["executors"].items()}
    shard, table = containers["exec-train-zoo-shard"], containers["exec-featurize-weights"]
    assert (shard["image"], table["image"]) == (GPU, IMAGE)
    assert shard["resources"]["resourceMemoryLimit"] == "24Gi"
    assert shard["resources"]["resourceMemoryRequest"] == "4Gi", "what is not said keeps its default"
    assert shard["resources"]["accelerator"]["resourceType"] == "nvidia.com/gpu"
    assert shard["resources"]["accelerator"]["resourceCount"] == "2"
    assert "accelerator" not in table["resources"]
    assert platform["exec-train-zoo-shard"]["nodeSelector"] == {"labels": {"node-kind": "gpu"}}
    (toleration,) = platform["exec-train-zoo-shard"]["tolerations"]
    assert toleration == {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    assert "nodeSelector" not in platform["exec-featurize-weights"]


def test_own_settings_for_all_reach_all(own):
    spec, platform, _ = own
    assert all(task["retryPolicy"]["maxRetryCount"] == 5 for task in tasks(spec))
    assert not any(task["cachingOptions"] for task in tasks(spec))
    for executor in platform.values():
        secrets = [secret["secretName"] for secret in executor["secretAsEnv"]]
        assert secrets[:2] == ["biasgate-mlflow", "team-proxy"]


def test_every_task_is_told_the_image_that_it_runs_in(default, own):
    for (spec, _, _), images in ((default, {IMAGE}), (own, {IMAGE, GPU})):
        containers = [executor["container"] for executor in spec["deploymentSpec"]["executors"].values()]
        told = [{one["name"]: one["value"] for one in container["env"]}["BIASGATE_IMAGE"] for container in containers]
        assert told == [container["image"] for container in containers]
        assert set(told) == images


def test_every_task_fits_the_restricted_standard_and_writes_only_to_a_bounded_folder(default, own):
    for _, platform, _ in (default, own):
        for executor in platform.values():
            assert executor["securityContext"] == {"runAsUser": "10001", "runAsGroup": "10001", "runAsNonRoot": True}
            (scratch,) = executor["emptyDirMounts"]
            assert scratch["mountPath"] == "/tmp"
            assert scratch["sizeLimit"] in ("2Gi", "8Gi")


def test_own_places_reach_the_pods(own):
    train, light = (own[1][f"exec-{name}"] for name in ("train-zoo-shard", "featurize-weights"))
    must, wish = train["nodeAffinity"]
    assert must == {"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a", "b"]}]}
    assert (wish["weight"], wish["matchExpressions"][0]["values"]) == (7, ["ssd"])
    assert "nodeAffinity" not in light
    for pod in (train, light):
        assert pod["podMetadata"] == {
            "labels": {
                "team": "fairness",
                "kueue.x-k8s.io/queue-name": "nightly",
                "kueue.x-k8s.io/priority-class": "low",
            },
            "annotations": {"sidecar.istio.io/inject": "false"},
        }
        assert [secret["secretName"] for secret in pod["imagePullSecret"]] == ["registry"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tasks: {light: {memory: {limit: much}}}", r"light\.memory\.limit"),
        ("tasks: {light: {scratch: 2 GB}}", r"light\.scratch"),
        ("pods: {queue: {}}", r"pods\.queue\.name"),
        ("taskz: {}", "taskz"),
        ("tasks: {train: {seconds: soon}}", r"tasks\.train\.seconds"),
        ("retries: {times: -1}", r"retries\.times"),
        ("retries: {factor: 1.5}", r"retries\.factor"),
        ("retries: {longest: 600}", r"retries\.longest"),
        ("tasks: {train: {image: 'registry.example/biasgate:latest'}}", r"train\.image"),
        ("tasks: {train: {image: 'registry.example/biasgate:1@sha256:ab'}}", r"train\.image"),
        (f'tasks: {{light: {{image: "{GPU}\\n  evil: 1"}}}}', r"light\.image"),
        ("secrets: {'a; rm -rf /': [X]}", r"secrets\."),
        ("secrets: {biasgate-mlflow: [LD_PRELOAD]}", "would load code into every task"),
        ("signing: {biasgate-key: ['A=B']}", r"signing\."),
        ("runs: {seconds: 43199}", "would end before one attempt"),
        ("- tasks", "must be a mapping"),
        ("tasks: {", "cannot be read"),
    ],
)
def test_settings_that_make_no_sense_are_named(tmp_path, text, message):
    (tmp_path / "settings.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_settings(tmp_path / "settings.yaml")


def tasks(spec: dict) -> list[dict]:
    """Every task that runs a container, at any depth."""
    dags = [spec["root"], *spec["components"].values()]
    found = [task for dag in dags if "dag" in dag for task in dag["dag"]["tasks"].values()]
    return [task for task in found if "executorLabel" in spec["components"][task["componentRef"]["name"]]]
