import filecmp
import os
import subprocess
import sys
from decimal import Decimal

from cluster_limits import TASK
from kubernetes.utils.quantity import parse_quantity

from biasgate.kubeflow.settings import TRUSTED_FOLDER, read_settings

SHARDS = 128
DRIVER = {"requests.cpu": "100m", "requests.memory": "64Mi", "limits.cpu": "500m", "limits.memory": "512Mi"}


def too_small(quota) -> list[str]:
    """What a quota refuses of a fan-out over 128 shards at once, each with a driver beside it."""
    train = read_settings().tasks.train
    shard = {
        "requests.cpu": train.cpu.request,
        "requests.memory": train.memory.request,
        "limits.cpu": train.cpu.limit,
        "limits.memory": train.memory.limit,
    }
    needs = {what: SHARDS * (parse_quantity(shard[what]) + parse_quantity(DRIVER[what])) for what in shard}
    needs["pods"] = Decimal(SHARDS * (TASK.pods + 1))  # a driver may start before the last pod is gone
    return [what for what, need in needs.items() if parse_quantity(quota["spec"]["hard"][what]) < need]


def test_the_quota_has_room_for_a_whole_fan_out(builds, manifests_folder):
    assert too_small(builds(manifests_folder / "base").get("ResourceQuota", "runs")) == []


def test_a_quota_without_room_is_caught(complete):
    assert "pods" in too_small(complete.get("ResourceQuota", "runs"))


def test_beside_the_kind_overlay_stand_settings_with_which_two_shards_and_the_registry_fit_on_two_cores(
    builds, manifests_folder
):
    folder = manifests_folder / "overlays" / "kind"
    tasks = read_settings(folder / "settings.yaml").tasks
    registry = sum(
        parse_quantity(container["resources"]["requests"]["cpu"])
        for pod in builds(folder).pods()
        for container in pod.containers()
    )
    shard = parse_quantity(tasks.train.cpu.request) + parse_quantity(DRIVER["requests.cpu"])
    assert registry + 2 * shard + parse_quantity(tasks.light.cpu.request) < 2


def test_the_template_has_every_secret_that_pipelines_name(template):
    offered = {
        item["metadata"]["name"]: set(item["stringData"])
        for item in template.of("Secret")
        if item["metadata"]["namespace"] == "biasgate-runs"
    }
    assert offered == {name: set(keys) for name, keys in read_settings().required.items()}


def test_the_template_has_the_trusted_keys_that_pipelines_mount(template):
    (offered,) = [item for item in template.of("ConfigMap") if item["metadata"]["namespace"] == "biasgate-runs"]
    assert offered["metadata"]["name"] == read_settings().trusted_keys


def test_runs_are_told_by_a_config_map_of_that_name_where_the_log_lies(builds, manifests_folder):
    (named,) = read_settings().environment.items()
    held = builds(manifests_folder / "base").get("ConfigMap", named[0])
    assert (held["metadata"]["namespace"], set(held["data"])) == ("biasgate-runs", set(named[1]))


def test_the_image_looks_for_trusted_keys_where_pipelines_mount_them(manifests_folder):
    containerfile = (manifests_folder.parent / "images" / "Containerfile").read_text(encoding="utf-8")
    assert f"BIASGATE_TRUSTED_KEYS={TRUSTED_FOLDER}" in containerfile


def test_the_native_pipelines_are_the_ones_in_the_code(manifests_folder, tmp_path):
    folder = manifests_folder / "overlays" / "kfp-native-api"
    image = "biasgate@sha256:" + "0" * 64
    subprocess.run(
        [sys.executable, str(folder / "compile.py"), str(tmp_path)],
        check=True,
        env={**os.environ, "BIASGATE_IMAGE": image},
    )
    made = sorted(path.name for path in tmp_path.iterdir())
    assert filecmp.cmpfiles(tmp_path, folder, made, shallow=False) == (made, [], []), "run: make native-pipelines"


def test_native_pipelines_name_their_image_by_digest(builds, manifests_folder):
    versions = builds(manifests_folder / "overlays" / "kfp-native-api").of("PipelineVersion")
    images = {
        executor["container"]["image"]
        for version in versions
        for executor in version["spec"]["pipelineSpec"]["deploymentSpec"]["executors"].values()
    }
    assert images == {"biasgate@sha256:" + "0" * 64}
