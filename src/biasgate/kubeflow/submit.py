"""Start a run on Kubeflow."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from biasgate.kubeflow.arguments import check_parameters, typed_arguments
from biasgate.kubeflow.beforehand import check_beforehand
from biasgate.kubeflow.client import Cluster, connect, explained, kfp_models
from biasgate.kubeflow.compile import compile_pipeline
from biasgate.kubeflow.experiments import ensure_experiment
from biasgate.kubeflow.image import require_image
from biasgate.kubeflow.names import run_description, run_name
from biasgate.kubeflow.plugins import plugins
from biasgate.kubeflow.settings import settings_in_force


def submit(pipeline: str, arguments: Mapping[str, str], *, cluster: Cluster, account: str) -> str:
    """Compiles a pipeline, with the settings in force, and starts one run of it, named for its subject.

    Args:
        pipeline: Its name.
        arguments: Its parameters.
        cluster: Where.
        account: Service account of the run's pods.

    Returns:
        Id of the run.

    Raises:
        InputError: A parameter is unknown, missing, of the wrong type, or too long, or names nothing that is there; or
            no image is named by its digest. Nothing was sent.
        ServiceError: The server is out of reach, or refuses.
    """
    values = typed_arguments(pipeline, arguments)
    check_parameters(values, where=pipeline)
    require_image()
    check_beforehand(pipeline, values)
    with TemporaryDirectory() as folder:
        package = compile_pipeline(pipeline, Path(folder))
        pipeline_spec, platform_spec = yaml.safe_load_all(package.read_text())
    client, models, settings = connect(cluster), kfp_models(), settings_in_force()
    with explained(cluster.endpoint):
        run = models.V2beta1Run(
            experiment_id=ensure_experiment(client, cluster.namespace),
            display_name=run_name(pipeline, values),
            description=run_description(pipeline, values),
            pipeline_spec={"pipeline_spec": pipeline_spec, "platform_spec": platform_spec},
            runtime_config=models.V2beta1RuntimeConfig(parameters=values, pipeline_root=settings.runs.artifacts),
            service_account=account,
            plugins_input=plugins(settings),
        )
        return client.runs.run_service_create_run(run=run).run_id
