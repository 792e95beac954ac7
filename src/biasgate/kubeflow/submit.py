"""Start a run on Kubeflow."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from biasgate.kubeflow.arguments import check_parameters, typed_arguments
from biasgate.kubeflow.client import Cluster, connect, explained
from biasgate.kubeflow.compile import compile_pipeline
from biasgate.kubeflow.experiments import ensure_experiment
from biasgate.kubeflow.image import require_image
from biasgate.kubeflow.settings import settings_in_force


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
        InputError: A parameter is unknown, missing, of the wrong type, or too long; or no image is named by its digest.
        ServiceError: The server is out of reach, or refuses.
    """
    values = typed_arguments(pipeline, arguments)
    check_parameters(values, where=pipeline)
    require_image()
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
                pipeline_root=settings_in_force().runs.artifacts,
            )
    return run.run_id
