"""What every task gets on a cluster: resources, retries, caching, and secrets by name."""

from typing import Literal

from kfp import dsl, kubernetes

RESOURCES = {"light": ("500m", "1Gi", "2", "4Gi"), "train": ("2", "4Gi", "4", "8Gi")}
SERVICES = {
    "biasgate-mlflow": {
        name: name for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
    },
    "biasgate-s3": {
        name: name for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION")
    },
}
SIGNING = {"biasgate-signing-key": {"BIASGATE_SIGNING_KEY": "BIASGATE_SIGNING_KEY"}}


def configure(
    task: dsl.PipelineTask,
    *,
    work: Literal["light", "train"] = "light",
    cached: bool = True,
    signs: bool = False,
) -> dsl.PipelineTask:
    """Gives one task its resources, two retries with backoff, and its secrets as environment variables.

    Args:
        task: The task.
        work: How much it computes.
        cached: False for whatever reads or writes the registry or the log.
        signs: True for tasks that append to the signed log.
    """
    cpu, memory, cpu_limit, memory_limit = RESOURCES[work]
    task.set_cpu_request(cpu).set_memory_request(memory).set_cpu_limit(cpu_limit).set_memory_limit(memory_limit)
    task.set_retry(num_retries=2, backoff_duration="30s", backoff_factor=2.0, backoff_max_duration="600s")
    task.set_caching_options(cached)
    for secret, keys in {**SERVICES, **(SIGNING if signs else {})}.items():
        kubernetes.use_secret_as_env(task, secret_name=secret, secret_key_to_env=keys, optional=True)
    return task
