"""What a cluster bears of one run, and what a compiled pipeline asks of it.

The bounds were found by trial or follow from how Kubeflow Pipelines stores runs. They are not settings: a pipeline that
needs more has to be cut differently.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WORKFLOW_BYTES = 1_000_000
"""Size of a workflow object, its state included, that Kubernetes still stores."""

NODES = 2_000 * 6
"""Workflow nodes that break the store: 2,000 iterations of a loop over one task, each of six nodes."""

ARGUMENT_BYTES = 128 * 1024
"""One argument of a process on Linux; a task gets all its inputs as one."""


@dataclass(frozen=True)
class Size:
    """What a run makes in all: pods, and nodes of its workflow."""

    pods: int
    nodes: int

    def __add__(self, other: "Size") -> "Size":
        return Size(self.pods + other.pods, self.nodes + other.nodes)

    def __mul__(self, times: int) -> "Size":
        return Size(self.pods * times, self.nodes * times)


TASK = Size(pods=2, nodes=3)
"""A driver and an executor, and the node that joins them."""

GROUP = Size(pods=1, nodes=3)
"""A driver, and the nodes around what a loop's iteration, a condition or a nested pipeline holds."""


def run_size(spec: Mapping[str, Any], *, items: int) -> Size:
    """Pods and nodes of one run in which every condition holds, from the pipeline spec.

    Args:
        spec: The compiled pipeline.
        items: How many items each loop goes over.
    """
    return _size(spec, spec["root"], items)


def _size(spec: Mapping[str, Any], component: Mapping[str, Any], items: int) -> Size:
    if "dag" not in component:
        return TASK
    total = GROUP
    for task in component["dag"]["tasks"].values():
        one = _size(spec, spec["components"][task["componentRef"]["name"]], items)
        looped = "parameterIterator" in task or "artifactIterator" in task
        total += one * items + GROUP if looped else one
    return total
