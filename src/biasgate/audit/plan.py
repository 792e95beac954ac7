"""The plan of an audit: every arm and seed, and the shard that trains it."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field

from biasgate.audit.intervene import Arm, arms
from biasgate.audit.spec import AuditSpec
from biasgate.errors import InputError
from biasgate.storage.plans import Plan


class AuditPlan(Plan):
    """What ``plan_audit`` decided.

    Attributes:
        spec: The experiment.
        arms: Its architectures.
    """

    schema_: Literal["biasgate/audit-plan/v1"] = Field(default="biasgate/audit-plan/v1", alias="schema")
    spec: AuditSpec
    arms: tuple[Arm, ...]

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Of the models; every arm has the same, so that one seed is one pair in each comparison of arms."""
        return tuple(np.random.default_rng(self.spec.seed).choice(2**48, self.spec.seeds, replace=False).tolist())

    def members(self, shard: int) -> list[tuple[int, list[int]]]:
        """What a shard trains: arms, each with the positions of its seeds; models are dealt out in turn."""
        turns = np.arange(len(self.arms) * self.spec.seeds).reshape(self.spec.seeds, -1) % self.shards
        dealt = [(arm, np.flatnonzero(turns[:, arm] == shard).tolist()) for arm in range(len(self.arms))]
        return [(arm, seeds) for arm, seeds in dealt if seeds]


def plan_audit(spec: AuditSpec, *, shards: int) -> AuditPlan:
    """Decides all arms; pure in ``(spec, shards)``.

    Raises:
        InputError: A value or control does not fit the architecture, or there are more shards than models.
    """
    made = arms(spec)
    if not 0 < shards <= (models := len(made) * spec.seeds):
        raise InputError(f"{models} models cannot be cut into {shards} shards", where=spec.name)
    return AuditPlan(spec=spec, arms=made, shards=shards)
