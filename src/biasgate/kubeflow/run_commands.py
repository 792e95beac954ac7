"""``biasgate kfp status | logs | cancel | retry``: commands about a run that was started."""

from typing import Annotated

import typer

from biasgate.kubeflow.client import Cluster
from biasgate.kubeflow.options import Authorities, Endpoint, Namespace, RunId
from biasgate.report.terminal import Json, print_json, print_table, say

LAST = 40
"""Lines of a log that are shown."""


def status(
    run: RunId, *, endpoint: Endpoint, namespace: Namespace = None, ca: Authorities = None, json: Json = False
) -> None:
    """Say how a run on Kubeflow is doing, task by task, and why one failed or waits."""
    from biasgate.kubeflow.status import run_status

    found = run_status(run, cluster=Cluster(endpoint, namespace, ca))
    if json:
        print_json(found)
        return
    say(f"{found['name']}: {found['state']}{_why(found)}")
    if found["tasks"]:
        print_table("tasks", ["task", "state"], [[task["task"], task["state"]] for task in found["tasks"]])
    else:
        say("no task has started yet")
    say(*(f"{task['task']}: {task['error']}" for task in found["tasks"] if task["error"]))


def logs(
    run: RunId,
    *,
    task: Annotated[str | None, typer.Option(help="One task, by its name; else those that failed.")] = None,
    endpoint: Endpoint,
    namespace: Namespace = None,
    ca: Authorities = None,
    json: Json = False,
) -> None:
    """Show what the failed tasks of a run wrote, or one task, and last the sentence in which it said why."""
    from biasgate.kubeflow.logs import run_logs

    found = run_logs(run, task=task, cluster=Cluster(endpoint, namespace, ca))
    if json:
        print_json(found)
        return
    if not found:
        say("no task failed; --task NAME shows another's log")
    for one in found:
        lines = (one["log"] or "").splitlines()
        say(f"{one['task']} ({one['pod']}), last {min(len(lines), LAST)} of {len(lines)} lines:")
        say(*(f"  {line}" for line in lines[-LAST:]))
        say(*([f"{one['task']}: {one['error']}"] if one["error"] else []))


def cancel(
    run: RunId, *, endpoint: Endpoint, namespace: Namespace = None, ca: Authorities = None, json: Json = False
) -> None:
    """Stop a run on Kubeflow."""
    from biasgate.kubeflow.control import cancel_run

    cancel_run(run, cluster=Cluster(endpoint, namespace, ca))
    print_json({"run": run, "asked": "cancel"}) if json else say(
        f"{run} is asked to stop; see `biasgate kfp status {run}`"
    )


def retry(
    run: RunId, *, endpoint: Endpoint, namespace: Namespace = None, ca: Authorities = None, json: Json = False
) -> None:
    """Let a run that failed go on where it was: tasks that ended well are not started again."""
    from biasgate.kubeflow.control import retry_run

    retry_run(run, cluster=Cluster(endpoint, namespace, ca))
    print_json({"run": run, "asked": "retry"}) if json else say(f"{run} goes on; see `biasgate kfp status {run}`")


def _why(found: dict[str, str | None]) -> str:
    return f" ({found['error']})" if found["error"] else ""
