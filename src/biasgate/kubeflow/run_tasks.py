"""The tasks of a run, folded from the nodes of its workflow.

Kubeflow answers with every node of the workflow engine: a task is a node around one called ``executor``, an attempt at
it is the same name with a number, and a ``driver`` comes before. People think of tasks.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ATTEMPT = re.compile(r"\(\d+\)$")
EXECUTOR, DRIVER = "executor", "-driver"
DONE = ("SUCCEEDED", "SKIPPED", "CACHED")


@dataclass(frozen=True)
class RunTask:
    """A task of a run.

    Attributes:
        name: As the pipeline calls it.
        state: Kubeflow's word; ``SKIPPED`` where it has none, since an earlier task failed.
        pod: Of its last attempt; None before the first.
        error: What Kubeflow says went wrong, which is often nothing.
    """

    name: str
    state: str
    pod: str | None
    error: str | None


def run_tasks(nodes: Iterable[Any]) -> list[RunTask]:
    """The tasks behind the nodes of a run, in the order in which they started.

    Args:
        nodes: ``task_details`` of the run.
    """
    found = {_id(node.pod_name): node for node in nodes if node.pod_name}
    ordered = sorted(
        found.values(), key=lambda node: (node.start_time is None, node.start_time or "", node.display_name)
    )
    return [task for node in ordered if (task := _task(node, found))]


def _task(node: Any, found: Mapping[str, Any]) -> RunTask | None:
    """A node as a task, unless it is a part of one, or a driver or a group that has nothing to tell."""
    name, pods = node.display_name, _pods(node, found)
    if ATTEMPT.search(name) or name == EXECUTOR:
        return None
    if name.endswith(DRIVER) and (node.state is None or node.state in DONE):
        return None
    if not pods and node.child_tasks:
        return None
    last = pods[-1] if pods else node
    state = last.state if last.state in ("PENDING", "RUNNING") else node.state
    error = next((one.error.message for one in (last, node) if one.error), None)
    return RunTask(name=name, state=state or "SKIPPED", pod=last.pod_name if state else None, error=error)


def _pods(node: Any, found: Mapping[str, Any]) -> list[Any]:
    """The nodes of the pods in which a task was attempted, oldest first."""
    children = [found[_id(child.pod_name)] for child in node.child_tasks or () if _id(child.pod_name) in found]
    parts = [child for child in children if child.display_name == EXECUTOR or _is_attempt(child, node)]
    parts.sort(key=lambda part: (len(part.display_name), part.display_name))
    return [pod for part in parts for pod in _pods(part, found) or [part]]


def _is_attempt(child: Any, node: Any) -> bool:
    return child.display_name != node.display_name and ATTEMPT.sub("", child.display_name) == node.display_name


def _id(name: str) -> str:
    """The workflow engine's id of a node, which ends the name of its pod."""
    return name.rpartition("-")[2]
