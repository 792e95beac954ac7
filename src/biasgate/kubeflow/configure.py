"""Gives runs and tasks, as pipelines are made, what the settings say."""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from kfp import dsl, kubernetes

from biasgate.kubeflow.settings import TRUSTED_FOLDER, VARIABLE, Kind, Settings, read_settings


def run_config() -> dsl.PipelineConfig:
    """What the settings say for a whole run, for ``@dsl.pipeline``."""
    runs = _settings_in_force().runs
    return dsl.PipelineConfig(
        active_deadline_seconds=runs.seconds,
        ttl_seconds_after_success=runs.keep_succeeded,
        ttl_seconds_after_failure=runs.keep_failed,
    )


def configure(
    task: dsl.PipelineTask,
    *,
    work: Literal["light", "train"] = "light",
    cached: bool = True,
    signs: bool = False,
) -> dsl.PipelineTask:
    """Gives one task what the settings say for its kind.

    Args:
        task: The task.
        work: How much it computes.
        cached: False for whatever reads or writes the registry or the log.
        signs: True for tasks that append to the signed log.
    """
    settings = _settings_in_force()
    kind: Kind = getattr(settings.tasks, work)
    task.set_cpu_request(kind.cpu.request).set_cpu_limit(kind.cpu.limit)
    task.set_memory_request(kind.memory.request).set_memory_limit(kind.memory.limit)
    task.set_caching_options(cached and settings.caching)
    retries = settings.retries
    task.set_retry(
        num_retries=retries.times,
        backoff_duration=f"{retries.pause}s",
        backoff_factor=retries.factor,
        backoff_max_duration=f"{retries.longest}s",
    )
    if kind.image:
        task.set_container_image(kind.image)
    kubernetes.set_timeout(task, kind.seconds)
    _place(task, kind)
    for secret, names in {**settings.secrets, **(settings.signing if signs else {})}.items():
        keys = {name: name for name in names}
        kubernetes.use_secret_as_env(task, secret_name=secret, secret_key_to_env=keys, optional=True)
    for config_map, names in settings.environment.items():
        keys = {name: name for name in names}
        kubernetes.use_config_map_as_env(task, config_map, keys, optional=True)
    kubernetes.use_config_map_as_volume(task, config_map_name=settings.trusted_keys, mount_path=TRUSTED_FOLDER)
    return task


def _place(task: dsl.PipelineTask, kind: Kind) -> None:
    """Says on which nodes a task may run."""
    if kind.gpu:
        task.set_accelerator_type(kind.gpu.resource).set_accelerator_limit(kind.gpu.count)
    for label, value in kind.nodes.items():
        kubernetes.add_node_selector(task, label, value)
    for toleration in kind.tolerations:
        kubernetes.add_toleration(task, **toleration.model_dump())


@cache
def _settings_in_force() -> Settings:
    """Pipelines are made when their module is imported, so their settings come from the environment, and once."""
    own = os.environ.get(VARIABLE)
    return read_settings(Path(own) if own else None)
