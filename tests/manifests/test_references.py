import pytest

KEYED = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}
WHOLE = {"secretRef": "Secret", "configMapRef": "ConfigMap"}
NAMED_BY_PIPELINES = ("biasgate-mlflow", "biasgate-signing-key", "trusted-keys")
BUILT_IN_ACCOUNTS = {"default"}
KUBEFLOWS = {
    ("Namespace", None, "kubeflow"),
    ("Namespace", None, "biasgate-runs"),
    *(
        (kind, namespace, name)
        for namespace in ("kubeflow", "biasgate-runs")
        for kind, name in (("ConfigMap", "kfp-launcher"), ("Secret", "mlpipeline-minio-artifact"))
    ),
}
"""What Kubeflow has in its own namespace, and its profile controller makes in a profile."""
RUNS = ("biasgate-runs", "kubeflow")


def dangling(manifests, template) -> list[str]:
    """What an object names that neither the build nor the secrets template holds."""
    held = {
        (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]): item
        for item in [*template.objects, *manifests.objects]
    }
    # The template's secrets of runs are made where runs lie.
    held |= {(kind, runs, name): item for (kind, home, name), item in held.items() if home in RUNS for runs in RUNS}
    problems: list[str] = []

    def require(owner: str, kind: str, namespace: str | None, name: str, key: str | None = None) -> None:
        item = held.get((kind, namespace, name))
        if item is None and (kind, namespace, name) not in KUBEFLOWS:
            problems.append(f"{owner}: no {kind} {namespace}/{name}")
        elif item is not None and key is not None and key not in {**item.get("data", {}), **item.get("stringData", {})}:
            problems.append(f"{owner}: no key {key} in {kind} {namespace}/{name}")

    for item in manifests.objects:
        owner, namespace = f"{item['kind']}/{item['metadata']['name']}", item["metadata"].get("namespace")
        if namespace and item["kind"] not in ("Pipeline", "PipelineVersion"):
            require(owner, "Namespace", None, namespace)
        if item["kind"] == "RoleBinding":
            require(owner, item["roleRef"]["kind"], namespace, item["roleRef"]["name"])
            for subject in item["subjects"]:
                require(owner, subject["kind"], subject.get("namespace", namespace), subject["name"])
        if item["kind"] == "Role":
            for rule in item["rules"]:
                kinds = {"secrets": "Secret", "configmaps": "ConfigMap"}
                for resource in set(rule["resources"]) & set(kinds):
                    for name in rule.get("resourceNames", []):
                        require(owner, kinds[resource], namespace, name)
        if item["kind"] == "StatefulSet":
            require(owner, "Service", namespace, item["spec"]["serviceName"])
    for pod in manifests.pods():
        require(pod.owner, "ServiceAccount", pod.namespace, pod.spec.get("serviceAccountName", "default"))
        for kind, name, key in named_by(pod):
            require(pod.owner, kind, pod.namespace, name, key)
    return problems


def named_by(pod):
    """The (kind, name, key) of each secret and config map that a pod names."""
    for volume in pod.spec.get("volumes", []):
        for source, kind, field in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
            if source in volume:
                yield kind, volume[source][field], None
                for item in volume[source].get("items", []):
                    yield kind, volume[source][field], item["key"]
    for container in pod.containers():
        for variable in container.get("env", []):
            for reference, kind in KEYED.items():
                if named := variable.get("valueFrom", {}).get(reference):
                    yield kind, named["name"], named["key"]
        for source in container.get("envFrom", []):
            for reference, kind in WHOLE.items():
                if named := source.get(reference):
                    yield kind, named["name"], None


def unknown_volumes_and_ports(manifests) -> list[str]:
    problems: list[str] = []
    claims = {
        f"{item['kind']}/{item['metadata']['name']}": [
            claim["metadata"]["name"] for claim in item["spec"].get("volumeClaimTemplates", [])
        ]
        for item in manifests.of("StatefulSet")
    }
    for pod in manifests.pods():
        volumes = {volume["name"] for volume in pod.spec.get("volumes", [])} | set(claims.get(pod.owner, []))
        mounted = {mount["name"] for container in pod.containers() for mount in container.get("volumeMounts", [])}
        problems += [f"{pod.owner}: no volume {name}" for name in sorted(mounted - volumes)]
        problems += [f"{pod.owner}: volume {name} is mounted nowhere" for name in sorted(volumes - mounted)]
        for container in pod.containers():
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                action = container.get(probe, {})
                port = (action.get("httpGet") or action.get("tcpSocket") or {}).get("port")
                if port is not None and port not in ports:
                    problems.append(f"{pod.owner}: {probe} asks port {port}")
    return problems


def test_everything_that_is_named_exists(overlay, template):
    assert dangling(overlay, template) == []


def test_every_volume_and_probed_port_exists(overlay):
    assert unknown_volumes_and_ports(overlay) == []


def test_no_template_is_left_that_nothing_names(builds, manifests_folder, template):
    used: set[tuple[str, str]] = {("biasgate-runs", name) for name in NAMED_BY_PIPELINES}
    for folder in (manifests_folder / "overlays").iterdir():
        manifests = builds(folder)
        used |= {(pod.namespace, name) for pod in manifests.pods() for _, name, _ in named_by(pod)}
        used |= {
            (role["metadata"]["namespace"], name)
            for role in manifests.of("Role")
            for rule in role["rules"]
            for name in rule.get("resourceNames", [])
        }
    assert {(item["metadata"]["namespace"], item["metadata"]["name"]) for item in template.objects} <= used


def other_secret(pod, container):
    container["envFrom"][1]["secretRef"]["name"] = "mlflow-storag"


def other_key(pod, container):
    container["env"][0]["valueFrom"]["secretKeyRef"]["key"] = "URI"


def other_file(pod, container):
    pod["volumes"][1]["secret"]["items"][0]["key"] = "basic-auth.ini"


def other_config_map(pod, container):
    container["envFrom"][0]["configMapRef"]["name"] = "mlflow"


def other_account(pod, container):
    pod["serviceAccountName"] = "mlflo"


@pytest.mark.parametrize("change", [other_secret, other_key, other_file, other_config_map, other_account])
def test_a_reference_to_nothing_is_caught(complete, template, change):
    pod = complete.get("Deployment", "mlflow")["spec"]["template"]["spec"]
    change(pod, pod["containers"][0])
    assert len(dangling(complete, template)) == 1


def test_a_binding_to_nobody_is_caught(complete, template):
    complete.get("RoleBinding", "biasgate-runner")["subjects"][0]["name"] = "runner"
    assert dangling(complete, template) == ["RoleBinding/biasgate-runner: no ServiceAccount biasgate-runs/runner"]


def test_an_unknown_volume_or_port_is_caught(complete):
    container = complete.get("Deployment", "mlflow")["spec"]["template"]["spec"]["containers"][0]
    container["volumeMounts"][0]["name"] = "temp"
    container["readinessProbe"]["httpGet"]["port"] = "web"
    assert unknown_volumes_and_ports(complete) == [
        "Deployment/mlflow: no volume temp",
        "Deployment/mlflow: volume tmp is mounted nowhere",
        "Deployment/mlflow: readinessProbe asks port web",
    ]
