"""Close what a pipeline left open in MLflow, and say how it ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from biasgate.registry.client import connect, explained
from biasgate.registry.tracking import (
    CANDIDATE_TAG,
    EXPERIMENT,
    FAILURE_TAG,
    PIPELINE_TAG,
    RUN_TAG,
    RUN_VARIABLE,
    experiment_id,
    terminate,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

SILENT = "ended from outside: cancelled, killed, out of memory or out of time"
PAGE = 1000


@dataclass(frozen=True)
class Ended:
    """How a pipeline ended that did not reach its end.

    Attributes:
        pipeline: Its name.
        candidate: The submission that it was about; empty for none.
        status: FAILED where a task said why, else KILLED.
        reason: Why, in the words of the task.
    """

    pipeline: str
    candidate: str
    status: Literal["FAILED", "KILLED"]
    reason: str


def close_runs() -> list[Ended]:
    """Closes every run that the tasks of this pipeline left RUNNING: nothing of it works any more.

    A task that was killed could not close its own run, and a pipeline none of whose tasks came to the end that closes
    it is FAILED or KILLED. What was closed before stays as it is.

    Returns:
        The pipelines that did not reach their end: one, or those of a sweep.
    """
    client, outer = connect(), os.environ[RUN_VARIABLE]
    with explained():
        where = experiment_id(client, EXPERIMENT)
        parents = list(_runs(client, where, f"tags.`{RUN_TAG}` = '{outer}'"))
        for parent in parents:
            for child in _runs(client, where, f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"):
                if child.info.status == "RUNNING":
                    terminate(client, child.info.run_id, "KILLED")
        return [_close(client, parent) for parent in parents if parent.info.status == "RUNNING"]


def _close(client: MlflowClient, parent: Run) -> Ended:
    tags = parent.data.tags
    said = tags.get(FAILURE_TAG)
    status = "FAILED" if said else "KILLED"
    if not said:
        client.set_tag(parent.info.run_id, FAILURE_TAG, SILENT)
    terminate(client, parent.info.run_id, status)
    return Ended(tags[PIPELINE_TAG], tags.get(CANDIDATE_TAG, ""), status, said or SILENT)


def _runs(client: MlflowClient, experiment: str, wanted: str) -> Iterator[Run]:
    """Every run of an experiment that a filter finds."""
    token = None
    while True:
        page = client.search_runs([experiment], wanted, max_results=PAGE, page_token=token)
        yield from page
        if not (token := page.token):
            return
