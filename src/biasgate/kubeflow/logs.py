"""What the tasks of a run wrote, and the one sentence in which a failed one says why."""

import re
from typing import Any

from biasgate.errors import InputError
from biasgate.foreign_text import visible
from biasgate.kubeflow.client import Cluster, connect, explained
from biasgate.kubeflow.run_tasks import run_tasks

SENTENCE = re.compile(r"^biasgate: (.+)$", re.MULTILINE)
PATH = "/apis/v1alpha1/runs/{run}/nodes/{pod}/log"


def run_logs(run: str, *, task: str | None, cluster: Cluster) -> list[dict[str, str | None]]:
    """Logs of the tasks of a run that failed, or of the one that is named: ``task``, ``pod``, ``log``, ``error``.

    Raises:
        InputError: The run has no such task, or it has no pod yet.
        ServiceError: The server is out of reach, or refuses.
    """
    client = connect(cluster)
    with explained(cluster.endpoint):
        details = client.get_run(run).run_details
        tasks = [one for one in run_tasks((details and details.task_details) or ()) if one.pod]
        wanted = [one for one in tasks if (one.name == task if task else one.state == "FAILED")]
        if task and not wanted:
            fix = f"use one of {', '.join(one.name for one in tasks)}" if tasks else "wait until a task starts"
            raise InputError(f"no task {task!r} with a pod", where=run, fix=fix)
        texts = [(one, pod_log(client, run, one.pod)) for one in wanted if one.pod]
    return [{"task": one.name, "pod": one.pod, "log": text, "error": last_sentence(text)} for one, text in texts]


def pod_log(client: Any, run: str, pod: str) -> str:
    """What a pod wrote, as Kubeflow's server reads it from the pod or the archive; empty where it finds neither."""
    import kfp_server_api

    path = PATH.format(run=run, pod=pod)
    try:
        answer = client.runs.api_client.call_api(
            path, "GET", auth_settings=["Bearer"], _preload_content=False, _return_http_data_only=True
        )
    except kfp_server_api.ApiException as error:
        if error.status in (401, 403):
            raise
        return ""
    return str(visible(answer.data.decode(errors="replace")))


def last_sentence(log: str) -> str | None:
    """Why a task failed, in its own words; None where it was ended before it could say."""
    said = SENTENCE.findall(log)
    return said[-1] if said else None
