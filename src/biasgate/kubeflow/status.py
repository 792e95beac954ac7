"""Ask how a run on Kubeflow is doing, and why a task failed or waits."""

from typing import Any

from biasgate.kubeflow.client import Cluster, connect, explained
from biasgate.kubeflow.logs import last_sentence, pod_log
from biasgate.kubeflow.run_tasks import RunTask, run_tasks
from biasgate.kubeflow.waiting import why_pods_wait

ENDED_SILENTLY = "ended without a word: killed, out of memory, out of time, or its pod never started"


def run_status(run: str, *, cluster: Cluster) -> dict[str, Any]:
    """State of a run and of its tasks, as ``state``, ``error`` and ``tasks``.

    The error of a task that failed is the sentence in which it said why; of one that waits, what Kubernetes says.

    Raises:
        ServiceError: The server is out of reach, or refuses.
    """
    client = connect(cluster)
    with explained(cluster.endpoint):
        found = client.get_run(run)
        details = found.run_details
        tasks = run_tasks((details and details.task_details) or ())
        waits = why_pods_wait(run, namespace=cluster.namespace) if any(map(_may_wait, tasks)) else {}
        errors = [_error(client, run, task, waits) for task in tasks]
    return {
        "run": found.run_id,
        "name": found.display_name,
        "state": found.state,
        "error": found.error.message if found.error else None,
        "tasks": [
            {"task": task.name, "state": task.state, "error": error, "pod": task.pod}
            for task, error in zip(tasks, errors, strict=True)
        ],
    }


def _may_wait(task: RunTask) -> bool:
    return task.state in ("PENDING", "RUNNING")


def _error(client: Any, run: str, task: RunTask, waits: dict[str, str]) -> str | None:
    if task.state == "FAILED":
        said = last_sentence(pod_log(client, run, task.pod)) if task.pod else None
        return said or task.error or ENDED_SILENTLY
    return waits.get(task.pod or "") or task.error
