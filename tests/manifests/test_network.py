import pytest

NAMESPACES_OF_OTHERS = {"kube-system", "kubeflow", "biasgate-runs"}
"""The last is a profile's where it is not ours."""


def admits(manifests, *, source, target, port: int) -> bool:
    """Whether the policies at both ends let one pod, given as namespace and labels, reach a port of another."""
    return _allows(manifests, "egress", of=source, peer=target, port=port) and _allows(
        manifests, "ingress", of=target, peer=source, port=port
    )


def _allows(manifests, direction: str, *, of, peer, port: int) -> bool:
    namespace, labels = of
    policies = [
        item["spec"]
        for item in manifests.of("NetworkPolicy")
        if item["metadata"]["namespace"] == namespace
        and manifests.selects(item["spec"]["podSelector"], labels)
        and direction.capitalize() in item["spec"]["policyTypes"]
    ]
    if not policies:
        return True
    side = "to" if direction == "egress" else "from"
    return any(
        any(_is_peer(manifests, one, peer, home=namespace) for one in rule[side])
        and port in [one["port"] for one in rule["ports"]]
        for policy in policies
        for rule in policy.get(direction, [])
    )


def _is_peer(manifests, rule, peer, *, home: str) -> bool:
    namespace, labels = peer
    if "ipBlock" in rule:
        return False
    wanted = rule.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name", home)
    return wanted == namespace and manifests.selects(rule.get("podSelector", {}), labels)


def pod(namespace: str, name: str):
    return namespace, {"app.kubernetes.io/name": name}


RUNS = {"kind": "biasgate-runs", "standalone": "kubeflow", "profile": "biasgate-runs"}
OF_A_RUN = {"workflows.argoproj.io/workflow": "any"}  # task, driver, and Argo's sidecar in both: one pod, one address
RUN = ("biasgate-runs", OF_A_RUN)
UI = ("kubeflow", {"app": "ml-pipeline-ui"})
KUBEFLOW_API, METADATA = ("kubeflow", {"app": "ml-pipeline"}), ("kubeflow", {"app": "metadata-grpc-server"})
KUBEFLOW_STORE = ("kubeflow", {"app": "seaweedfs"})
MLFLOW, POSTGRES, S3 = pod("biasgate", "mlflow"), pod("biasgate", "postgres"), pod("biasgate", "s3")
PROMOTER, RECONCILE = pod("biasgate", "promoter"), pod("biasgate", "reconcile")


@pytest.mark.parametrize(
    ("source", "target", "port"),
    [
        (PROMOTER, MLFLOW, 5000),
        (RUN, MLFLOW, 5000),
        (MLFLOW, POSTGRES, 5432),
        (MLFLOW, S3, 8333),
        (PROMOTER, S3, 8333),
        (RECONCILE, MLFLOW, 5000),
        (RECONCILE, S3, 8333),
        (RUN, S3, 8333),
        (UI, S3, 8333),
    ],
)
def test_who_must_talk_may(complete, source, target, port):
    assert admits(complete, source=source, target=target, port=port)


@pytest.mark.parametrize(
    ("source", "target", "port"),
    [
        (RUN, POSTGRES, 5432),
        (PROMOTER, POSTGRES, 5432),
        (S3, POSTGRES, 5432),
        (POSTGRES, S3, 8333),
        (RUN, PROMOTER, 5000),
        (UI, MLFLOW, 5000),
        (UI, POSTGRES, 5432),
        (("kubeflow", {"app": "mysql"}), S3, 8333),
        (("default", {}), MLFLOW, 5000),
        (("default", {}), S3, 8333),
    ],
)
def test_nobody_else_may(complete, source, target, port):
    assert not admits(complete, source=source, target=target, port=port)


@pytest.mark.parametrize(
    ("target", "port"), [(MLFLOW, 5000), (KUBEFLOW_API, 8887), (KUBEFLOW_API, 8888), (METADATA, 8080)]
)
def test_a_run_reaches_its_services_wherever_it_lies(placed, mode, target, port):
    assert admits(placed, source=(RUNS[mode], OF_A_RUN), target=target, port=port)


@pytest.mark.parametrize("mode", ["kind", "standalone"], indirect=True)
def test_an_object_store_inside_is_reached_by_runs_and_by_the_pages_that_show_reports(placed, mode):
    for source in ((RUNS[mode], OF_A_RUN), UI):
        assert admits(placed, source=source, target=S3, port=8333)


@pytest.mark.parametrize("mode", ["standalone", "profile"], indirect=True)
def test_runs_whose_artifacts_lie_in_kubeflows_store_reach_it(placed, mode):
    assert admits(placed, source=(RUNS[mode], OF_A_RUN), target=KUBEFLOW_STORE, port=8333)


def test_who_tells_people_reaches_the_world_by_https_wherever_the_object_store_lies(overlay):
    """And no other pod of the trusted side does, where the object store is a pod beside it."""
    outward = [
        item["spec"]
        for item in overlay.of("NetworkPolicy")
        if item["metadata"]["name"] == "egress-messages" and item["metadata"]["namespace"] == "biasgate"
    ]
    for spec in outward:
        assert overlay.selects(spec["podSelector"], RECONCILE[1])
        assert not any(overlay.selects(spec["podSelector"], one[1]) for one in (PROMOTER, MLFLOW, POSTGRES, S3))
        (rule,) = spec["egress"]
        assert rule["ports"] == [{"port": 443, "protocol": "TCP"}]
        assert "169.254.0.0/16" in rule["to"][0]["ipBlock"]["except"]
    jobs = [item for item in overlay.of("CronJob") if item["metadata"]["name"] == "reconcile"]
    assert len(outward) == len(jobs)


def test_other_pods_of_kubeflows_namespace_reach_no_registry(builds, manifests_folder):
    placed = builds(manifests_folder / "overlays" / "standalone")
    for target, port in ((MLFLOW, 5000), (S3, 8333), (POSTGRES, 5432)):
        assert not admits(placed, source=("kubeflow", {"app": "mysql"}), target=target, port=port)


def test_policies_bind_no_pod_of_kubeflow_and_in_a_profile_only_those_of_runs(builds, manifests_folder):
    for overlay, others in (("standalone", ("kubeflow", {"app": "mysql"})), ("profile", ("biasgate-runs", {}))):
        placed = builds(manifests_folder / "overlays" / overlay)
        anybody = ("somewhere", {"app": "else"})
        assert admits(placed, source=others, target=anybody, port=1234)
        assert admits(placed, source=anybody, target=others, port=1234)


@pytest.mark.parametrize("name", ["jobs-to-mlflow", "mlflow-clients"])
def test_a_path_open_at_one_end_only_is_closed(complete, name):
    complete.objects.remove(complete.get("NetworkPolicy", name))
    assert not admits(complete, source=PROMOTER, target=MLFLOW, port=5000)


RECEIVER = pod("biasgate", "receiver")


def test_a_receiver_of_webhooks_is_asked_by_mlflow_alone_and_asks_kubeflow_alone(builds, manifests_folder):
    placed = builds(manifests_folder / "overlays" / "webhook")
    assert admits(placed, source=MLFLOW, target=RECEIVER, port=8080)
    assert admits(placed, source=RECEIVER, target=KUBEFLOW_API, port=8888)
    for source in (PROMOTER, RECONCILE, POSTGRES, RUN, UI, ("default", {})):
        assert not admits(placed, source=source, target=RECEIVER, port=8080)
    for target, port in ((MLFLOW, 5000), (POSTGRES, 5432), (S3, 8333), (METADATA, 8080)):
        assert not admits(placed, source=RECEIVER, target=target, port=port)


def namespaces_without_deny(manifests, direction: str) -> set[str]:
    denied = {
        item["metadata"]["namespace"]
        for item in manifests.of("NetworkPolicy")
        if item["spec"]["podSelector"] == {}
        and direction in item["spec"]["policyTypes"]
        and direction.lower() not in item["spec"]
    }
    return {item["metadata"]["name"] for item in manifests.of("Namespace")} - denied


def test_every_namespace_denies_what_is_not_named(overlay):
    assert namespaces_without_deny(overlay, "Egress") == set()
    # What is served is asked from anywhere: its ingress belongs to the platform's gateway.
    assert namespaces_without_deny(overlay, "Ingress") <= {"biasgate-serving"}


def test_a_namespace_without_a_denial_is_caught(complete):
    complete.objects = [item for item in complete.objects if item["metadata"]["name"] != "deny-all"]
    assert namespaces_without_deny(complete, "Egress") == {"biasgate", "biasgate-runs"}


def test_the_metadata_service_of_a_cloud_is_out_of_reach(overlay):
    blocks = [
        peer["ipBlock"]
        for item in overlay.of("NetworkPolicy")
        for rule in item["spec"].get("egress", [])
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    assert [block for block in blocks if block["cidr"] == "0.0.0.0/0" and "169.254.0.0/16" not in block["except"]] == []


def test_policies_name_only_namespaces_that_exist(overlay):
    known = NAMESPACES_OF_OTHERS | {item["metadata"]["name"] for item in overlay.of("Namespace")}
    named = {
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for item in overlay.of("NetworkPolicy")
        for rule in [*item["spec"].get("egress", []), *item["spec"].get("ingress", [])]
        for peer in [*rule.get("to", []), *rule.get("from", [])]
        if "namespaceSelector" in peer
    }
    assert named <= known
