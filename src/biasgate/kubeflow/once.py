"""A candidate's gate is run once, whoever asks for it how often."""

import json
from dataclasses import dataclass
from typing import Any

from biasgate.kubeflow.client import Cluster, connect, explained
from biasgate.kubeflow.experiments import find_experiment
from biasgate.kubeflow.names import run_name
from biasgate.kubeflow.submit import submit

ENDED_BADLY = ("FAILED", "CANCELED", "CANCELING")
"""Runs that count for nothing: the candidate is to be run again."""
PAGE = 100


@dataclass(frozen=True)
class Submitted:
    """A run of the gate; ``new`` where this call started it."""

    run: str
    new: bool


def submit_gate(candidate: str, *, cluster: Cluster, account: str, again: bool = False) -> Submitted:
    """Starts the gate for a candidate, unless a run for it is under way or ended well.

    Args:
        candidate: ``models:/<name>-candidates/<version>``.
        cluster: Where.
        account: Service account of the run's pods.
        again: Starts one in any case.

    Raises:
        InputError: There is no such candidate, no gate is declared for its model, or no image is named by its digest.
        ServiceError: The server is out of reach, or refuses.
    """
    if not again and (run := _earlier(candidate, cluster)):
        return Submitted(run, new=False)
    return Submitted(submit("gate", {"candidate": candidate}, cluster=cluster, account=account), new=True)


def _earlier(candidate: str, cluster: Cluster) -> str | None:
    """Id of a run for the candidate that did not end badly."""
    client = connect(cluster)
    named = {"operation": "EQUALS", "key": "display_name", "stringValue": run_name("gate", {"candidate": candidate})}
    with explained(cluster.endpoint):
        experiment, token = find_experiment(client, cluster.namespace), ""
        while experiment:
            page: Any = client.list_runs(
                experiment_id=experiment,
                filter=json.dumps({"predicates": [named]}),
                page_size=PAGE,
                page_token=token,
            )
            for run in page.runs or []:
                about = (run.runtime_config.parameters or {}).get("candidate") if run.runtime_config else None
                if about == candidate and run.state not in ENDED_BADLY:
                    return run.run_id
            if not (token := page.next_page_token):
                break
    return None
