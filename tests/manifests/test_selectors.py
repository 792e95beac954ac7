import pytest

OF_A_RUN = ("biasgate-runs", {"workflows.argoproj.io/workflow": "any"})
"""A pod that no manifest holds: Argo makes it."""


def mismatches(manifests) -> list[str]:
    """Selectors that select nothing, and service ports that lead nowhere."""
    pods = list(manifests.pods())
    problems: list[str] = []
    for item in manifests.of("Deployment", "StatefulSet"):
        if not manifests.selects(item["spec"]["selector"], item["spec"]["template"]["metadata"]["labels"]):
            problems.append(f"{item['kind']}/{item['metadata']['name']}: its selector misses its own pods")
    for item in manifests.of("Service"):
        selected = [
            pod
            for pod in pods
            if pod.namespace == item["metadata"]["namespace"]
            and manifests.selects({"matchLabels": item["spec"]["selector"]}, pod.labels)
        ]
        if not selected:
            problems.append(f"Service/{item['metadata']['name']}: selects no pod")
        ports = {port["name"] for pod in selected for one in pod.containers() for port in one.get("ports", [])}
        for port in item["spec"]["ports"]:
            if selected and port["targetPort"] not in ports:
                problems.append(f"Service/{item['metadata']['name']}: no port {port['targetPort']}")
    for item in manifests.of("NetworkPolicy"):
        selector = item["spec"]["podSelector"]
        selected = [
            labels
            for namespace, labels in [OF_A_RUN, *((pod.namespace, pod.labels) for pod in pods)]
            if namespace == item["metadata"]["namespace"] and manifests.selects(selector, labels)
        ]
        if selector and not selected:
            problems.append(f"NetworkPolicy/{item['metadata']['name']}: selects no pod")
    return problems


def test_every_selector_selects(overlay):
    assert mismatches(overlay) == []


def rename_labels(manifests):
    manifests.get("Deployment", "mlflow")["spec"]["template"]["metadata"]["labels"] = {
        "app.kubernetes.io/name": "mlfow"
    }
    return {
        "Deployment/mlflow: its selector misses its own pods",
        "Service/mlflow: selects no pod",
        "NetworkPolicy/mlflow-clients: selects no pod",
        "NetworkPolicy/mlflow-from-runs: selects no pod",
        "NetworkPolicy/mlflow-to-postgres: selects no pod",
    }


def rename_service_selector(manifests):
    manifests.get("Service", "postgres")["spec"]["selector"] = {"app": "postgres"}
    return {"Service/postgres: selects no pod"}


def rename_port(manifests):
    manifests.get("Service", "mlflow")["spec"]["ports"][0]["targetPort"] = "https"
    return {"Service/mlflow: no port https"}


def rename_policy(manifests):
    manifests.get("NetworkPolicy", "jobs-to-mlflow")["spec"]["podSelector"]["matchLabels"] = {"app": "promoter"}
    return {"NetworkPolicy/jobs-to-mlflow: selects no pod"}


@pytest.mark.parametrize("change", [rename_labels, rename_service_selector, rename_port, rename_policy])
def test_a_selector_that_misses_is_caught(complete, change):
    expected = change(complete)
    assert set(mismatches(complete)) == expected
