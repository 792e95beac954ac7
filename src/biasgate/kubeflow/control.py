"""Stop a run on Kubeflow, or let one that failed go on."""

from biasgate.kubeflow.client import Cluster, connect, explained


def cancel_run(run: str, *, cluster: Cluster) -> None:
    """Ends a run; its exit handler still closes its runs in MLflow, and Kubeflow then calls it FAILED.

    Raises:
        ServiceError: The server is out of reach, or refuses.
    """
    client = connect(cluster)
    with explained(cluster.endpoint):
        client.terminate_run(run)


def retry_run(run: str, *, cluster: Cluster) -> None:
    """Starts the tasks of a run anew that failed or were never reached; those that ended well keep their outputs.

    Raises:
        ServiceError: The server is out of reach, or refuses, as it does for a run that goes on.
    """
    client = connect(cluster)
    with explained(cluster.endpoint):
        client.runs.run_service_retry_run(run_id=run)
