"""Ask how a run on Kubeflow is doing."""

from typing import Any

from biasgate.kubeflow.client import Cluster, connect, explained


def run_status(run: str, *, cluster: Cluster) -> dict[str, Any]:
    """State of a run and of its tasks, as Kubeflow tells it: ``state``, ``error``, and ``tasks`` by name."""
    client = connect(cluster)
    with explained(cluster.endpoint):
        found = client.get_run(run)
    tasks = found.run_details.task_details if found.run_details else None
    return {
        "run": found.run_id,
        "name": found.display_name,
        "state": found.state,
        "error": found.error.message if found.error else None,
        "tasks": [
            {"task": task.display_name, "state": task.state, "error": task.error.message if task.error else None}
            for task in tasks or []
        ],
    }
