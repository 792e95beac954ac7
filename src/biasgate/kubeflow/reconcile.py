"""What lies between the recurring runs that Kubeflow has and those that ``schedules.yaml`` wants."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Planned:
    """A schedule as its recurring run will say it.

    Attributes:
        name: The schedule.
        pipeline: Name of the pipeline in Kubeflow.
        package: The compiled pipeline.
        fields: Cron, version of the pipeline (named for its content), account, arguments.
    """

    name: str
    pipeline: str
    package: Path
    fields: dict[str, Any]


@dataclass(frozen=True)
class Recurring:
    """A recurring run that bears our mark, with the same fields."""

    name: str
    id: str
    enabled: bool
    fields: dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One thing to do to a schedule.

    Attributes:
        action: ``create``; ``update``; ``enable`` what somebody switched off; ``disable`` what the file no longer
            holds; ``delete`` what an earlier update left behind.
        name: The schedule.
        changes: What differs: field, before, after.
        planned: What to create.
        runs: Ids of the recurring runs to switch, or to delete once the new one is there.
    """

    action: Literal["create", "update", "enable", "disable", "delete"]
    name: str
    changes: tuple[tuple[str, Any, Any], ...] = ()
    planned: Planned | None = None
    runs: tuple[str, ...] = ()


def missing_steps(planned: Iterable[Planned], found: Iterable[Recurring]) -> Iterator[Step]:
    """What there is to do so that what was found becomes what is planned."""
    left = {run.id: run for run in found}
    for plan in planned:
        mine = [run for run in left.values() if run.name == plan.name]
        for run in mine:
            del left[run.id]
        current = next((run for run in mine if run.fields == plan.fields), None)
        others = tuple(run.id for run in mine if run is not current)
        if current is None:
            before = mine[0].fields if mine else dict.fromkeys(plan.fields)
            changes = tuple((key, before[key], value) for key, value in plan.fields.items() if before[key] != value)
            yield Step("update" if mine else "create", plan.name, changes, plan, others)
            continue
        if not current.enabled:
            yield Step("enable", plan.name, runs=(current.id,))
        if others:
            yield Step("delete", plan.name, runs=others)
    for run in left.values():
        if run.enabled:
            yield Step("disable", run.name, runs=(run.id,))
