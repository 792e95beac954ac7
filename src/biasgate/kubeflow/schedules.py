"""``schedules.yaml``: which pipelines run when, with what."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from biasgate.documents import Document

FIELD = re.compile(r"[0-9A-Za-z*?/,-]+")


def _cron(text: str) -> str:
    fields = text.split()
    if len(fields) != 6 or not all(map(FIELD.fullmatch, fields)):
        raise ValueError("six fields: second minute hour day-of-month month day-of-week, such as 0 30 2 * * *")
    return " ".join(fields)


class Schedule(Document):
    """One pipeline that runs again and again. A run that is not done when the next is due holds it back.

    Attributes:
        name: Unique; what it is called in Kubeflow.
        pipeline: Name of the pipeline.
        cron: Six fields, seconds first, in the time zone of Kubeflow's controller (UTC unless it was changed).
        arguments: Parameters of each run.
    """

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    pipeline: str
    cron: Annotated[str, AfterValidator(_cron)]
    arguments: dict[str, Any] = {}


class Schedules(Document):
    """All schedules of a namespace.

    Attributes:
        account: Service account of the runs' pods.
        schedules: What runs.
    """

    schema_: Literal["biasgate/kfp-schedules/v1"] = Field(alias="schema")
    account: str = "biasgate-runner"
    schedules: tuple[Schedule, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> "Schedules":
        names = [schedule.name for schedule in self.schedules]
        if len(set(names)) != len(names):
            raise ValueError(f"schedules need different names, not {names}")
        return self
