"""Why pods of a run wait, from Kubernetes itself: Kubeflow's server calls such a run RUNNING and says no more."""

from typing import Any

from biasgate.kubeflow.kubernetes_api import kubernetes_api

RUN_LABEL = "pipeline/runid"
NAMESPACE = "kubeflow"
"""Where a single-user server starts pods."""
SECONDS = 5


def why_pods_wait(run: str, *, namespace: str | None) -> dict[str, str]:
    """Reasons by the name of the pod; empty where Kubernetes cannot be asked from here."""
    from kubernetes import client
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    try:
        api, label = client.CoreV1Api(kubernetes_api()), f"{RUN_LABEL}={run}"
        pods = api.list_namespaced_pod(namespace or NAMESPACE, label_selector=label, _request_timeout=SECONDS).items
        waiting = [pod for pod in pods if pod.status.phase == "Pending"]
        return {pod.metadata.name: reason for pod in waiting if (reason := _why(api, pod))}
    except (ConfigException, ApiException, HTTPError):
        return {}


def _why(api: Any, pod: Any) -> str | None:
    """What the scheduler, a container's state, or the newest warning says."""
    for condition in pod.status.conditions or ():
        if condition.type == "PodScheduled" and condition.status == "False":
            return f"{condition.reason}: {condition.message}"
    for container in (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ())):
        state = container.state.waiting
        if state and state.message:
            return f"{state.reason}: {state.message}"
    about = f"involvedObject.name={pod.metadata.name},type=Warning"
    events = api.list_namespaced_event(pod.metadata.namespace, field_selector=about, _request_timeout=SECONDS).items
    return f"{events[-1].reason}: {events[-1].message}" if events else None
