"""Start a run on Kubeflow, and ask how one is doing."""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from biasgate.kubeflow.arguments import typed_arguments
from biasgate.kubeflow.client import Cluster, connect, explained
from biasgate.kubeflow.compile import compile_pipeline
from biasgate.kubeflow.limits import check_parameters

EXPERIMENT = "biasgate"


def submit(pipeline: str, arguments: Mapping[str, str], *, cluster: Cluster, account: str) -> str:
    """Compiles a pipeline, with the settings in force, and starts one run of it.

    Args:
        pipeline: Its name.
        arguments: Its parameters.
        cluster: Where.
        account: Service account of the run's pods.

    Returns:
        Id of the run.

    Raises:
        InputError: A parameter is unknown, missing, of the wrong type, or too long.
        ServiceError: The server is out of reach, or refuses.
    """
    values = typed_arguments(pipeline, arguments)
    check_parameters(values, where=pipeline)
    with TemporaryDirectory() as folder:
        package = compile_pipeline(pipeline, Path(folder))
        client = connect(cluster)
        with explained(cluster.endpoint):
            run = client.run_pipeline(
                experiment_id=ensure_experiment(client, cluster.namespace),
                job_name=pipeline,
                pipeline_package_path=str(package),
                params=values,
                service_account=account,
            )
    return run.run_id


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


def find_experiment(client: Any, namespace: str | None) -> str | None:
    """Id of the experiment that holds our runs; None before the first."""
    named = {"operation": "EQUALS", "key": "display_name", "stringValue": EXPERIMENT}
    found = client.list_experiments(namespace=namespace, filter=json.dumps({"predicates": [named]})).experiments
    return found[0].experiment_id if found else None


def ensure_experiment(client: Any, namespace: str | None) -> str:
    """Id of the experiment that holds our runs, made when it is not there yet."""
    found = find_experiment(client, namespace)
    return found or client.create_experiment(EXPERIMENT, namespace=namespace).experiment_id
