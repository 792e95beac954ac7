"""Bring Kubeflow's recurring runs to what ``schedules.yaml`` says.

A recurring run cannot be changed, so a schedule that changed gets a new one before the old one is deleted; a crash in
between is mended by the next call. Only recurring runs that bear our mark are ever touched.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from biasgate.documents import sha256
from biasgate.kubeflow.arguments import check_parameters, typed_arguments
from biasgate.kubeflow.catalogue import load_pipeline
from biasgate.kubeflow.client import Cluster, connect, explained, kfp_models
from biasgate.kubeflow.compile import compile_pipeline
from biasgate.kubeflow.experiments import ensure_experiment, find_experiment
from biasgate.kubeflow.image import require_image
from biasgate.kubeflow.plugins import plugins
from biasgate.kubeflow.reconcile import Planned, Recurring, Step, missing_steps
from biasgate.kubeflow.schedules import Schedule, Schedules
from biasgate.kubeflow.settings import settings_in_force

MARK = "Made by `biasgate kfp schedule`, which undoes changes."
PAGE = 100


def reconcile_schedules(wanted: Schedules, *, cluster: Cluster, dry_run: bool = False) -> list[Step]:
    """Creates, replaces, enables and disables recurring runs until they are what is wanted; again changes nothing.

    Args:
        wanted: All schedules of the namespace.
        cluster: Where.
        dry_run: Only find out what there is to do.

    Returns:
        What was, or would be, done.

    Raises:
        InputError: A schedule names no pipeline, its arguments do not fit, or no image is named by its digest; nothing
            was touched.
        ServiceError: The server is out of reach, or refuses.
    """
    require_image()
    with TemporaryDirectory() as folder:
        planned = [_planned(schedule, wanted.account, Path(folder)) for schedule in wanted.schedules]
        client = connect(cluster)
        with explained(cluster.endpoint):
            experiment = find_experiment(client, cluster.namespace)
            steps = list(missing_steps(planned, _recurring(client, experiment) if experiment else []))
            for step in steps if not dry_run else ():
                _take(client, step, namespace=cluster.namespace)
    return steps


def _planned(schedule: Schedule, account: str, folder: Path) -> Planned:
    arguments = typed_arguments(schedule.pipeline, schedule.arguments)
    check_parameters(arguments, where=schedule.name)
    package = compile_pipeline(schedule.pipeline, folder)
    pipeline = load_pipeline(schedule.pipeline).name
    version = f"{pipeline}-{sha256(package.read_bytes()).removeprefix('sha256:')[:8]}"
    root = settings_in_force().runs.artifacts
    fields = {"cron": schedule.cron, "version": version, "account": account, "artifacts": root, "arguments": arguments}
    return Planned(name=schedule.name, pipeline=pipeline, package=package, fields=fields)


def _take(client: Any, step: Step, *, namespace: str | None) -> None:
    if step.planned:
        _create(client, step.planned, ensure_experiment(client, namespace))
    change = {"enable": client.enable_recurring_run, "disable": client.disable_recurring_run}
    for run in step.runs:
        change.get(step.action, client.delete_recurring_run)(run)


def _create(client: Any, planned: Planned, experiment: str) -> None:
    models, fields = kfp_models(), planned.fields
    pipeline, version = _version(client, planned)
    recurring = models.V2beta1RecurringRun(
        experiment_id=experiment,
        display_name=planned.name,
        description=MARK,
        mode=models.RecurringRunMode.ENABLE,
        trigger=models.V2beta1Trigger(cron_schedule=models.V2beta1CronSchedule(cron=fields["cron"])),
        max_concurrency=1,
        no_catchup=True,
        pipeline_version_reference=models.V2beta1PipelineVersionReference(
            pipeline_id=pipeline, pipeline_version_id=version
        ),
        runtime_config=models.V2beta1RuntimeConfig(parameters=fields["arguments"], pipeline_root=fields["artifacts"]),
        service_account=fields["account"],
        plugins_input=plugins(settings_in_force()),
    )
    client.recurring_runs.recurring_run_service_create_recurring_run(recurring_run=recurring)


def _version(client: Any, planned: Planned) -> tuple[str, str]:
    """Ids of a pipeline and of its version, uploaded when they are not there yet."""
    package, wanted = str(planned.package), planned.fields["version"]
    pipeline = client.get_pipeline_id(planned.pipeline)
    if pipeline is None:
        new = kfp_models().V2beta1Pipeline(display_name=planned.pipeline)
        pipeline = client.pipelines.pipeline_service_create_pipeline(pipeline=new).pipeline_id
    listed = _pages(
        lambda token: client.list_pipeline_versions(pipeline, page_token=token, page_size=PAGE), "pipeline_versions"
    )
    for version in listed:
        if version.display_name == wanted:
            return pipeline, version.pipeline_version_id
    made = client.upload_pipeline_version(package, pipeline_version_name=wanted, pipeline_id=pipeline)
    return pipeline, made.pipeline_version_id


def _recurring(client: Any, experiment: str) -> list[Recurring]:
    listed = _pages(
        lambda token: client.list_recurring_runs(page_token=token, page_size=PAGE, experiment_id=experiment),
        "recurring_runs",
    )
    return [
        Recurring(run.display_name, run.recurring_run_id, run.status == "ENABLED", _fields(client, run))
        for run in listed
        if run.description == MARK
    ]


def _fields(client: Any, run: Any) -> dict[str, Any]:
    return {
        "cron": run.trigger.cron_schedule.cron,
        "version": _version_name(client, run.pipeline_version_reference),
        "account": run.service_account,
        "artifacts": run.runtime_config.pipeline_root or None,
        "arguments": run.runtime_config.parameters or {},
    }


def _version_name(client: Any, reference: Any) -> str | None:
    """What a version is called; None when somebody deleted it."""
    import kfp_server_api

    try:
        return client.get_pipeline_version(reference.pipeline_id, reference.pipeline_version_id).display_name
    except kfp_server_api.ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def _pages(page: Callable[[str], Any], field: str) -> Iterator[Any]:
    """Every item of a paged answer."""
    token = ""
    while True:
        answer = page(token)
        yield from getattr(answer, field) or []
        if not (token := answer.next_page_token):
            return
