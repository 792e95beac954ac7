"""Where runs lie, and that nothing of Kubeflow's own is replaced there."""

import pytest
import yaml

from biasgate.kubeflow.settings import read_settings

OF_KUBEFLOW = {
    "pipeline-runner",
    "kfp-launcher",
    "artifact-repositories",
    "default-editor",
    "mlpipeline-minio-artifact",
}
"""Names that Kubeflow Pipelines and its profile controller give to objects of theirs."""


def names(manifests, namespace: str) -> set[tuple[str, str]]:
    return {
        (item["kind"], item["metadata"]["name"])
        for item in manifests.objects
        if item["metadata"].get("namespace") == namespace
    }


def test_in_kubeflows_own_namespace_there_is_an_account_of_ours_and_nothing_that_was_there(builds, manifests_folder):
    found = names(builds(manifests_folder / "overlays" / "standalone"), "kubeflow")
    account = {(kind, "biasgate-runner") for kind in ("ServiceAccount", "Role", "RoleBinding")}
    assert found == account | {("ConfigMap", "biasgate-log")}


def test_in_a_profile_what_belongs_to_its_controllers_is_left_to_them(builds, manifests_folder):
    manifests = builds(manifests_folder / "overlays" / "profile")
    assert [item["metadata"]["name"] for item in manifests.of("Namespace")] == ["biasgate"]
    found = names(manifests, "biasgate-runs")
    assert {name for _, name in found} & OF_KUBEFLOW == set()
    assert {kind for kind, _ in found} == {"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "NetworkPolicy"}


def test_namespaces_bear_no_label_that_kubeflow_reads(overlay):
    labels = [label for item in overlay.of("Namespace") for label in item["metadata"].get("labels", {})]
    assert [label for label in labels if not label.startswith("pod-security.kubernetes.io/")] == []


def test_namespaces_can_be_made_before_everything_else(builds, manifests_folder):
    assert {item["kind"] for item in builds(manifests_folder / "namespaces").objects} == {"Namespace"}


@pytest.mark.parametrize("name", ["kind", "aws", "gpu", "kserve"])
def test_in_a_namespace_of_ours_argos_sidecar_stores_no_logs(builds, manifests_folder, name):
    held = builds(manifests_folder / "overlays" / name).get("ConfigMap", "artifact-repositories")
    chosen = held["metadata"]["annotations"]["workflows.argoproj.io/default-artifact-repository"]
    assert yaml.safe_load(held["data"][chosen]) == {"archiveLogs": False}


def test_runs_may_read_the_credentials_of_the_store_that_their_artifacts_lie_in(placed, mode):
    (secrets,) = [rule for rule in placed.get("Role", "biasgate-runner")["rules"] if rule["resources"] == ["secrets"]]
    kubeflows = {"mlpipeline-minio-artifact"} if mode != "kind" else set()
    assert set(secrets["resourceNames"]) == {"biasgate-s3"} | kubeflows


def test_applying_again_with_another_image_changes_no_job(overlay):
    assert overlay.of("Job") == []


def test_no_pipeline_may_fill_a_node(builds, manifests_folder):
    (limit,) = builds(manifests_folder / "base").of("LimitRange")[0]["spec"]["limits"]
    tasks = read_settings().tasks
    assert {"ephemeral-storage"} <= limit["default"].keys() & limit["defaultRequest"].keys()
    gibibytes = [int(text.removesuffix("Gi")) for text in (limit["default"]["ephemeral-storage"], tasks.train.scratch)]
    assert gibibytes[0] > gibibytes[1]
