"""Runs: one parent a pipeline, one nested run a component.

Under Kubeflow Pipelines' own MLflow plugin each task is given a run (``MLFLOW_RUN_ID``) that the plugin nests and
closes itself: then that run is used, and parameters are tags with a prefix, which neither clash with the plugin's nor
with those of an earlier attempt.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biasgate.errors import BiasgateError, ServiceError
from biasgate.registry.client import connect, explained

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

EXPERIMENT = "biasgate"
PROMOTIONS = "biasgate-promotions"
"""Holds the files of promoted versions, apart from submissions: with accounts, only the promoter's writes there."""

PREFIX = "biasgate."
KIND = {"mlflow.experimentKind": "custom_model_development"}
"""MLflow shows an experiment of this kind as runs with metrics; of another, as traces and prompts."""
CANDIDATE_TAG = "biasgate.candidate"
PIPELINE_TAG = "biasgate.pipeline"
RUN_VARIABLE = "BIASGATE_RUN"
"""Environment variable with Kubeflow's id of the run that a task belongs to; of a local run with one that begins so:"""
LOCAL = "local-"
RUN_TAG = "biasgate.kfp_run"
FAILURE_TAG = "biasgate.failure"
LONGEST_FAILURE = 500
LONGEST_PARAMETER = 6000
BATCH = 100
"""Parameters or metrics that MLflow takes in one request."""


@dataclass(frozen=True)
class Run:
    """A run that is being written.

    Attributes:
        id: MLflow's id.
        client: The connection.
        prefix: Goes before each parameter's name.
        shared: True where all attempts at a task write on it.
    """

    id: str
    client: MlflowClient
    prefix: str = ""
    shared: bool = False

    def log_params(self, params: Mapping[str, object]) -> None:
        """Notes settings; long values are cut to what MLflow can store.

        A parameter cannot change: on a run that attempts share they are tags.
        """
        from mlflow.entities import Param, RunTag

        values = {f"{self.prefix}{name}": str(value)[:LONGEST_PARAMETER] for name, value in params.items()}
        with explained():
            for start in range(0, len(values), BATCH):
                part = list(values.items())[start : start + BATCH]
                if self.shared:
                    self.client.log_batch(self.id, tags=[RunTag(*item) for item in part])
                else:
                    self.client.log_batch(self.id, params=[Param(*item) for item in part])

    def log_metrics(self, metrics: Mapping[str, float], *, step: int = 0) -> None:
        """Notes measured numbers, at a step of their curves."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        items = [Metric(name, value, timestamp=now, step=step) for name, value in metrics.items()]
        with explained():
            for start in range(0, len(items), BATCH):
                self.client.log_batch(self.id, metrics=items[start : start + BATCH])

    def log_text(self, text: str, file: str) -> None:
        """Stores a text as an artifact; ``file`` is its path within the run."""
        with explained():
            self.client.log_text(self.id, text, file)

    def log_dict(self, value: Mapping[str, Any], file: str) -> None:
        """Stores a mapping as JSON or YAML, by the ending of ``file``."""
        with explained():
            self.client.log_dict(self.id, dict(value), file)

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        """Stores a file, or a folder with all it holds, under ``folder`` of the run."""
        log = self.client.log_artifacts if path.is_dir() else self.client.log_artifact
        with explained():
            log(self.id, str(path), folder)


def open_pipeline_run(pipeline: str, experiment: str = EXPERIMENT, *, candidate: str = "") -> str:
    """Starts the parent of a pipeline's component runs; a task that is started again finds the one that it made.

    Args:
        pipeline: Its name.
        experiment: Where the run is kept.
        candidate: The submission that it judges, if it judges one.

    Returns:
        Its run id.
    """
    client = connect()
    tags = {PIPELINE_TAG: pipeline, CANDIDATE_TAG: candidate}
    with explained():
        where = experiment_id(client, experiment)
        if outer := os.environ.get(RUN_VARIABLE):
            tags[RUN_TAG] = outer
            for made in client.search_runs([where], _having(tags), max_results=1):
                client.update_run(made.info.run_id, status="RUNNING")
                return made.info.run_id
        named = f"{pipeline} {_subject(candidate)}".strip()
        return client.create_run(where, run_name=named, tags=tags).info.run_id


def open_run_of_kubeflow(pipeline: str) -> str | None:
    """The same where a run of Kubeflow is under way; None elsewhere: nobody would close it."""
    return open_pipeline_run(pipeline) if os.environ.get(RUN_VARIABLE) else None


def finish_run_of_kubeflow() -> None:
    """Closes what ``open_run_of_kubeflow`` opened."""
    if run := pipeline_run():
        finish_pipeline_run(run)


def pipeline_run() -> str | None:
    """The MLflow run of the pipeline that this task belongs to; None where it belongs to none.

    So tasks that Kubeflow may take from its cache need no parameter that differs from run to run.
    """
    if not (outer := os.environ.get(RUN_VARIABLE)):
        return None
    client = connect()
    with explained():
        made = client.search_runs([experiment_id(client, EXPERIMENT)], _having({RUN_TAG: outer}), max_results=1)
    return made[0].info.run_id if made else None


def kubeflow_run() -> str | None:
    """Id of the run on Kubeflow that this task belongs to; None elsewhere, a local run included."""
    run = os.environ.get(RUN_VARIABLE)
    return None if not run or run.startswith(LOCAL) else run


def _subject(candidate: str) -> str:
    """A submission in a run's name: ``digits v3``; nothing where it is none of the registry."""
    found = re.fullmatch(r"models:/(.+)-candidates/(\d+)", candidate)
    return f"{found[1]} v{found[2]}" if found else ""


@contextmanager
def component_run(name: str, *, parent: str | None) -> Generator[Run]:
    """A run for one component, nested under ``parent``; a failure marks it FAILED and goes on up."""
    client = connect()
    if injected := os.environ.get("MLFLOW_RUN_ID"):
        yield Run(id=injected, client=client, prefix=PREFIX, shared=True)
        return
    run = Run(id=_create(client, name, parent), client=client)
    try:
        yield run
    except BaseException:
        with suppress(ServiceError):  # the failure itself matters more than its record
            terminate(client, run.id, "FAILED")
        raise
    terminate(client, run.id, "FINISHED")


def note_failure(parent: str, reason: str) -> None:
    """Writes on a pipeline's run why one of its tasks failed, for the next sweep to tell."""
    with suppress(BiasgateError), explained():
        connect().set_tag(parent, FAILURE_TAG, reason[:LONGEST_FAILURE])


def last_failure(candidate: str) -> str:
    """Why the newest run for a submission failed, as its task wrote it; a task that was killed wrote nothing."""
    client = connect()
    with explained():
        wanted = f"tags.`{CANDIDATE_TAG}` = '{candidate}'"
        found = client.search_runs([experiment_id(client, EXPERIMENT)], wanted, max_results=1)
    said = found[0].data.tags.get(FAILURE_TAG) if found else None
    return said or "its run ended without a word: killed, out of memory, or out of time"


def finish_pipeline_run(parent: str) -> None:
    """Closes the parent as FINISHED: its last task ended well, whatever had to be tried twice before."""
    client = connect()
    with explained():
        if FAILURE_TAG in client.get_run(parent).data.tags:
            client.delete_tag(parent, FAILURE_TAG)
    terminate(client, parent, "FINISHED")


def terminate(client: MlflowClient, run_id: str, status: str) -> None:
    """Closes a run as FINISHED, FAILED or KILLED."""
    with explained():
        client.set_terminated(run_id, status)


def experiment_id(client: MlflowClient, name: str) -> str:
    """The id of an experiment, which is made when it is new.

    With a SQLite database the artifacts of a new experiment lie in ``mlartifacts`` beside it.
    """
    from mlflow.exceptions import MlflowException

    with explained():
        if found := client.get_experiment_by_name(name):
            _mark_kind(client, found)
            return found.experiment_id
        try:
            place = _artifact_folder(client.tracking_uri, name)
            return client.create_experiment(name, artifact_location=place, tags=KIND)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        found = client.get_experiment_by_name(name)
    if found is None:
        raise ServiceError("the experiment is deleted", where=name, fix="restore it in MLflow or choose another name")
    return found.experiment_id


def _mark_kind(client: MlflowClient, experiment: Experiment) -> None:
    """Says of an experiment that somebody else made what it holds, where nobody did and this account may."""
    from mlflow.exceptions import MlflowException

    for name, value in KIND.items():
        if name not in experiment.tags:
            with suppress(MlflowException):  # without the right the page opens in another view, and nothing else
                client.set_experiment_tag(experiment.experiment_id, name, value)


def _create(client: MlflowClient, name: str, parent: str | None) -> str:
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    tags = {"biasgate.component": name}
    with explained():
        if parent:
            tags[MLFLOW_PARENT_RUN_ID] = parent
            experiment = client.get_run(parent).info.experiment_id
        else:
            experiment = experiment_id(client, EXPERIMENT)
        return client.create_run(experiment, run_name=name, tags=tags).info.run_id


def _having(tags: Mapping[str, str]) -> str:
    """A filter for the runs that have all these tags."""
    return " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items() if value)


def _artifact_folder(tracking_uri: str, experiment: str) -> str | None:
    """Where a database on disk keeps the artifacts of an experiment; a server decides that itself."""
    if not tracking_uri.startswith("sqlite:///"):
        return None
    return str(Path(tracking_uri.removeprefix("sqlite:///")).resolve().parent / "mlartifacts" / experiment)
