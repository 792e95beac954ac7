"""Gives runs and tasks, as pipelines are made, what the settings say."""

from typing import Literal

from kfp import dsl, kubernetes

from biasgate.kubeflow.image import IMAGE, USER, image_by_digest
from biasgate.kubeflow.settings import TRUSTED_FOLDER, Kind, Pods, Settings, settings_in_force
from biasgate.registry.tracking import RUN_VARIABLE

Log = Literal["unread", "read", "signed"]
"""What a task does with the signed log."""

RUN_FIELD = "metadata.labels['pipeline/runid']"
"""Where a pod says which run of Kubeflow it belongs to."""

QUEUE, PRIORITY = "kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/priority-class"
"""Labels that Kueue reads of a pod."""


def run_config() -> dsl.PipelineConfig:
    """What the settings say for a whole run, for ``@dsl.pipeline``."""
    runs = settings_in_force().runs
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
    log: Log = "unread",
    storage: bool = True,
    alerts: bool = False,
) -> dsl.PipelineTask:
    """Gives one task what the settings say for its kind.

    Args:
        task: The task.
        work: How much it computes.
        cached: False for whatever reads or writes the registry or the log.
        log: What it does with the signed log: the keys to check it with, and the one to sign with, are nowhere else.
        storage: False for a task that neither reads nor writes the object store by itself: it gets no key to it.
        alerts: True for the task that raises them.
    """
    settings = settings_in_force()
    kind: Kind = getattr(settings.tasks, work)
    task.set_cpu_request(kind.cpu.request).set_cpu_limit(kind.cpu.limit)
    task.set_memory_request(kind.memory.request).set_memory_limit(kind.memory.limit)
    task.set_caching_options(cached and settings.caching)
    retries = settings.retries
    task.set_retry(
        num_retries=retries.times,
        backoff_duration=f"{retries.pause}s",
        backoff_factor=retries.factor,
        backoff_max_duration=f"{retries.window(kind.seconds)}s",
    )
    if image := kind.image or image_by_digest():
        task.set_container_image(image).set_env_variable(IMAGE, image)
    kubernetes.set_timeout(task, kind.seconds)
    kubernetes.set_security_context(task, run_as_user=USER, run_as_group=USER, run_as_non_root=True)
    kubernetes.empty_dir_mount(task, "tmp", "/tmp", size_limit=kind.scratch)
    _place(task, kind)
    _mark(task, settings.pods)
    _mount(task, settings, log=log, storage=storage, alerts=alerts)
    return task


def _mount(task: dsl.PipelineTask, settings: Settings, *, log: Log, storage: bool, alerts: bool) -> None:
    """Gives a task the secrets and keys that it reads, and no others."""
    kubernetes.use_field_path_as_env(task, RUN_VARIABLE, RUN_FIELD)
    own = (
        (settings.storage if storage else {})
        | (settings.signing if log == "signed" else {})
        | (settings.alerting if alerts else {})
    )
    for secret, names in (settings.secrets | own).items():
        if keys := {name: name for name in names if not (settings.mlflow.platform and name.startswith("MLFLOW_"))}:
            kubernetes.use_secret_as_env(task, secret_name=secret, secret_key_to_env=keys, optional=True)
    if log != "unread":
        for config_map, names in settings.environment.items():
            kubernetes.use_config_map_as_env(task, config_map, {name: name for name in names}, optional=True)
        kubernetes.use_config_map_as_volume(task, config_map_name=settings.trusted_keys, mount_path=TRUSTED_FOLDER)


def _place(task: dsl.PipelineTask, kind: Kind) -> None:
    """Says on which nodes a task may run."""
    if kind.gpu:
        task.set_accelerator_type(kind.gpu.resource).set_accelerator_limit(kind.gpu.count)
    for label, value in kind.nodes.items():
        kubernetes.add_node_selector(task, label, value)
    for one in kind.affinity:
        labels = [{"key": one.key, "operator": one.operator, "values": list(one.values)}]
        kubernetes.add_node_affinity(task, match_expressions=labels, weight=one.weight)
    for toleration in kind.tolerations:
        kubernetes.add_toleration(task, **toleration.model_dump())


def _mark(task: dsl.PipelineTask, pods: Pods) -> None:
    """Says what a task's pod bears: labels, annotations, its queue, and the secrets that its image is pulled with."""
    queue = {QUEUE: pods.queue.name} if pods.queue else {}
    priority = {PRIORITY: pods.queue.priority} if pods.queue and pods.queue.priority else {}
    for label, value in (pods.labels | queue | priority).items():
        kubernetes.add_pod_label(task, label, value)
    for annotation, value in pods.annotations.items():
        kubernetes.add_pod_annotation(task, annotation, value)
    if pods.pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(pods.pull_secrets))
