"""The doctor names each misfit that a trial on a real cluster met, from answers in the shape of the real ones."""

import json
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from fake_kubernetes import FakeKubernetes, kubernetes
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.kubeflow.doctor.checks import CHECKS
from biasgate.kubeflow.doctor.diagnose import diagnose, named
from biasgate.kubeflow.doctor.finding import Finding
from biasgate.kubeflow.doctor.inside import services
from biasgate.kubeflow.doctor.probe import pod, probe
from biasgate.kubeflow.doctor.site import Site, connect
from biasgate.kubeflow.settings import read_settings

ROOT = Path(__file__).parents[2]
IMAGE = "registry.example/biasgate@sha256:" + "ab" * 32


@cache
def built(overlay: str) -> str:
    command = ["kubectl", "kustomize", str(ROOT / "manifests" / "overlays" / overlay)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def installed(overlay: str) -> list[dict]:
    """A cluster with a stock Kubeflow on which an overlay was applied and every secret filled in."""
    stock = (ROOT / "tests" / "support" / "stock_kubeflow.yaml").read_text()
    template = list(yaml.safe_load_all((ROOT / "manifests" / "secrets.template.yaml").read_text()))
    for item in template:
        held = item.pop("stringData", None) or item["data"]
        item["data"] = dict.fromkeys(held, "Zm9v")
    if overlay == "standalone":
        for item in template:
            if item["metadata"]["namespace"] == "biasgate-runs":
                item["metadata"]["namespace"] = "kubeflow"
    return [*yaml.safe_load_all(stock), *template, *yaml.safe_load_all(built(overlay))]


@pytest.fixture
def cluster(tmp_path, monkeypatch) -> Iterator[Callable[[str], FakeKubernetes]]:
    """Starts the fake of a cluster with an overlay; the client of kubectl's configuration leads there."""
    opened = []
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))

    def start(overlay: str) -> FakeKubernetes:
        manager = kubernetes(FakeKubernetes(installed(overlay)), tmp_path / "kubeconfig")
        opened.append(manager)
        return manager.__enter__()

    yield start
    for manager in opened:
        manager.__exit__(None, None, None)


def site(namespace: str = "biasgate-runs", settings: Path | None = None, image: str | None = IMAGE) -> Site:
    return Site(connect(), read_settings(settings), image, namespace, "kubeflow", "biasgate-runner")


def misfits(looked_at: Site) -> list[tuple[str, Finding]]:
    return [(name, one) for name, one in diagnose(looked_at) if one.state in ("wrong", "unknown")]


@pytest.mark.parametrize(("overlay", "namespace"), [("kind", "biasgate-runs"), ("standalone", "kubeflow")])
def test_what_the_overlays_install_beside_a_stock_kubeflow_is_sound(cluster, overlay, namespace):
    cluster(overlay)
    small = ROOT / "manifests" / "overlays" / "kind" / "settings.yaml"
    assert misfits(site(namespace, small)) == []


def without(kind: str, name: str, namespace: str | None = "biasgate-runs"):
    return lambda fake: fake.objects.remove(fake.get(kind, name, namespace))


def restricted(fake):
    fake.get("Namespace", "biasgate-runs")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"


def relabelled_profile(fake):
    metadata = fake.get("Namespace", "biasgate-runs")["metadata"]
    metadata["annotations"] = {"owner": "ana@example.org"}
    metadata["labels"]["app.kubernetes.io/part-of"] = "biasgate"


def replaced_role(fake):
    fake.get("Role", "pipeline-runner", "kubeflow")["metadata"]["labels"] = {"app.kubernetes.io/part-of": "biasgate"}


def replaced_launcher(fake):
    found = fake.get("ConfigMap", "kfp-launcher", "kubeflow")
    found["metadata"]["labels"] = {"app.kubernetes.io/part-of": "biasgate"}


def small_node(fake):
    fake.get("Node", "node-1")["status"]["allocatable"] |= {"cpu": "1930m", "memory": "7Gi"}


def tainted_node(fake):
    fake.get("Node", "node-1")["spec"]["taints"] = [{"key": "gpu", "effect": "NoSchedule"}]


def small_quota(fake):
    fake.get("ResourceQuota", "runs", "biasgate-runs")["spec"]["hard"]["limits.memory"] = "6Gi"


def ui_shut_out(fake):
    fake.objects.remove(fake.get("NetworkPolicy", "s3-from-kubeflow-ui", "biasgate"))


def runs_shut_out(fake):
    fake.objects.remove(fake.get("NetworkPolicy", "mlflow-from-runs", "biasgate"))


def injecting_plugin(fake):
    plugin = {"plugins": {"mlflow": {"endpoint": "http://mlflow", "settings": {"injectUserEnvVars": True}}}}
    fake.get("ConfigMap", "kfp-api-server-config", "kubeflow")["data"]["config.json"] = json.dumps(plugin)


def host_without_origin(fake):
    (settings,) = [
        one for one in fake.objects if one["kind"] == "ConfigMap" and "MLFLOW_SERVER_ALLOWED_HOSTS" in one["data"]
    ]
    settings["data"]["MLFLOW_SERVER_ALLOWED_HOSTS"] += ",mlflow.example.org"


def old_version(fake):
    container = fake.get("Deployment", "ml-pipeline", "kubeflow")["spec"]["template"]["spec"]["containers"][0]
    container["image"] = "ghcr.io/kubeflow/kfp-api-server:2.5.0"


def empty_key(fake):
    fake.get("Secret", "biasgate-mlflow", "biasgate-runs")["data"]["MLFLOW_TRACKING_URI"] = ""


def narrow_role(fake):
    rules = fake.get("Role", "biasgate-runner", "biasgate-runs")["rules"]
    rules[:] = [rule for rule in rules if "workflowtaskresults" not in rule["resources"]]


MISFITS = {
    "namespace is missing": (without("Namespace", "biasgate-runs", None), "namespace", "there is none", "apply -k"),
    "restricted, executors refused": (restricted, "namespace", "refuses Kubeflow's pods", "RunAsNonRoot"),
    "profile's label overwritten": (relabelled_profile, "namespace", "part-of is biasgate", "kubeflow-profile"),
    "account is missing": (without("ServiceAccount", "biasgate-runner"), "account", "there is none", "apply -k"),
    "account reports no results": (narrow_role, "account", "may not create workflowtaskresults", "apply -k"),
    "Kubeflow's role replaced": (replaced_role, "kubeflows own objects", "replaced by biasgate's", "own manifests"),
    "Kubeflow's store replaced": (
        replaced_launcher,
        "kubeflows own objects",
        "replaced by biasgate's",
        "own manifests",
    ),
    "secret is missing": (without("Secret", "biasgate-mlflow"), "secrets", "there is none", "kubectl apply"),
    "secret's key is empty": (empty_key, "secrets", "no MLFLOW_TRACKING_URI", "kubectl apply"),
    "signing key is missing": (without("Secret", "biasgate-signing-key"), "secrets", "there is none", "kubectl apply"),
    "trusted keys are missing": (
        without("ConfigMap", "trusted-keys"),
        "config maps",
        "every task would",
        "--from-file",
    ),
    "log is not named": (without("ConfigMap", "biasgate-log"), "config maps", "no BIASGATE_LOG", "kubectl apply"),
    "sidecar waits for a secret": (
        without("ConfigMap", "artifact-repositories"),
        "argos sidecar",
        "mlpipeline-minio-artifact, which is not here",
        "artifact-repositories.yaml",
    ),
    "pages cannot show reports": (ui_shut_out, "network policies", "Kubeflow's pages show reports", "your overlay"),
    "runs cannot reach MLflow": (runs_shut_out, "network policies", "runs reach MLflow", "your overlay"),
    "nodes are too small": (small_node, "nodes", "cpu 2, and no node has more than 1930m", "kind/settings.yaml"),
    "nodes have taints": (tainted_node, "nodes", "taint that is not tolerated", "settings"),
    "quota is too small": (small_quota, "quota", "limits.memory 8Gi, of 6Gi in all", "edit resourcequota"),
    "variables are set twice": (injecting_plugin, "mlflow plugin", "MLFLOW_TRACKING_URI", "injectUserEnvVars"),
    "MLflow's pages shut out": (host_without_origin, "mlflows pages", "opened as mlflow.example.org fail", "CORS"),
    "Kubeflow is old": (old_version, "version", "version 2.5", "2.17"),
    "Kubeflow is not there": (
        without("Deployment", "ml-pipeline", "kubeflow"),
        "version",
        "not installed",
        "--kubeflow",
    ),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_a_misfit_is_found_with_its_place_and_the_command_that_mends_it(cluster, misfit):
    change, check, said, fix = MISFITS[misfit]
    fake = cluster("kind")
    fake.get("ResourceQuota", "runs", "biasgate-runs")["spec"]["hard"] |= {"limits.memory": "400Gi"}
    change(fake)
    found = misfits(site())
    assert {name for name, _ in found} >= {check}
    (one, *_) = [finding for name, finding in found if name == check]
    assert (one.state, said in one.found) == ("wrong", True), one
    assert fix in (one.fix or "")
    assert one.where


def test_every_check_is_broken_by_one_of_these_or_by_a_test_below():
    below = {"pipelines", "image", "retries"}
    assert {named(check) for check in CHECKS} == {check for _, check, _, _ in MISFITS.values()} | below


def test_an_image_without_a_digest_is_wrong_and_one_that_no_node_has_is_good_to_know(cluster):
    cluster("kind")
    assert [one.state for name, one in diagnose(site(image=None)) if name == "image"] == ["wrong"]
    other = IMAGE.replace("ab", "cd")
    assert [one.state for name, one in diagnose(site(image=other)) if name == "image"] == ["note"]


@pytest.mark.parametrize(("policy", "state"), [("Always", "ok"), ("OnError", "note"), (None, "note")])
def test_it_says_what_the_platform_tries_again(cluster, policy, state):
    fake = cluster("kind")
    patch = {"templateDefaults": {"retryStrategy": {"retryPolicy": policy}}} if policy else {}
    container = fake.get("Deployment", "ml-pipeline", "kubeflow")["spec"]["template"]["spec"]["containers"][0]
    container["env"][1]["value"] = json.dumps(patch)
    (found,) = [one for name, one in diagnose(site()) if name == "retries"]
    assert (found.state, (policy or "OnError") in found.found) == (state, True)


def test_what_this_account_may_not_read_is_unknown_and_the_rest_is_looked_at(cluster):
    fake = cluster("kind")
    fake.forbidden = {"/secrets/", "/nodes"}
    states = {name: one.state for name, one in diagnose(site())}
    assert (states["secrets"], states["nodes"], states["config maps"]) == ("unknown", "unknown", "ok")


def ask(*options: str):
    return CliRunner().invoke(app, ["kfp", "doctor", *options])


def test_the_command_gives_json_and_the_documented_exit_codes(cluster, kubeflow, monkeypatch, tmp_path):
    fake = cluster("kind")
    where = ("--endpoint", kubeflow.endpoint, "--namespace", "biasgate-runs")
    done = ask(*where, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["schema"] == "biasgate/doctor/v1"
    assert {row["check"] for row in told["findings"]} == {named(check) for check in CHECKS}
    without("Secret", "biasgate-s3")(fake)
    without("ConfigMap", "trusted-keys")(fake)
    done = ask(*where)
    assert done.exit_code == 3
    assert "create configmap trusted-keys --from-file trusted/" in done.stdout


def test_a_server_that_refuses_is_told_with_the_line_that_makes_a_token(cluster, kubeflow):
    cluster("kind")
    kubeflow.accepts = "another"
    done = ask("--endpoint", kubeflow.endpoint, "--namespace", "biasgate-runs")
    assert done.exit_code == 3
    assert "create token submitter --audience pipelines.kubeflow.org" in done.stdout


def test_without_a_cluster_it_ends_in_one_line(monkeypatch, tmp_path, biasgate):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    ended = biasgate("kfp", "doctor")
    assert ended.code == 3
    assert "use-context" in ended.err


def test_the_pod_mounts_what_a_task_mounts_under_the_restricted_standard(cluster):
    cluster("kind")
    made = pod(site(), "doctor")
    (container,) = made["spec"]["containers"]
    settings = read_settings()
    mounted = {**settings.required, **settings.environment}
    assert {one["name"] for one in container["env"]} - {"BIASGATE_KUBEFLOW_NAMESPACE"} == {
        key for keys in mounted.values() for key in keys
    }
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert made["spec"]["volumes"][0]["emptyDir"] == {"sizeLimit": "2Gi"}
    assert made["spec"]["serviceAccountName"] == "biasgate-runner"


def test_what_the_pod_meets_is_told_and_the_pod_is_deleted(cluster):
    fake = cluster("kind")
    row = {"check": "services", "state": "wrong", "found": "MLflow does not answer", "where": "mlflow:5000", "fix": "x"}
    fake.log = json.dumps({"schema": "biasgate/doctor/v1", "findings": [row]})
    assert probe(site()) == [("services", Finding("wrong", "MLflow does not answer", "mlflow:5000", "x"))]
    assert fake.deleted == [fake.made[0]["metadata"]["name"]]


def test_a_pod_that_is_refused_or_waits_is_told_with_the_reason(cluster):
    fake = cluster("kind")
    fake.refusal = 'violates PodSecurity "restricted:latest"'
    ((_, found),) = probe(site())
    assert 'violates PodSecurity "restricted:latest"' in found.found
    fake.refusal, fake.phase = None, "Pending"
    event = {"kind": "Event", "metadata": {"name": "e", "namespace": "biasgate-runs"}, "type": "Warning"}
    original = fake.start

    def start(body, namespace):
        about = {"involvedObject": {"name": body["metadata"]["name"]}}
        fake.objects.append(
            {**event, **about, "reason": "FailedMount", "message": 'configmap "trusted-keys" not found'}
        )
        return original(body, namespace)

    fake.start = start
    ((_, found),) = probe(site(), seconds=1)
    assert 'FailedMount: configmap "trusted-keys" not found' in found.found
    assert len(fake.deleted) == 1


def test_services_that_refuse_a_call_are_named(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("BIASGATE_LOG", "s3://biasgate/log")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("BIASGATE_KUBEFLOW_NAMESPACE", "nowhere.invalid")
    found = list(services())
    assert [one.state for one in found] == ["wrong"] * 4
    assert "MLflow is out of reach" in found[0].found
