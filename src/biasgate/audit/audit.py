"""The audit as a whole: from the shards of a plan to its result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from biasgate.audit.effects import measure_effects, measure_levels, measure_spectra, targets
from biasgate.audit.material import Material, load_material
from biasgate.audit.outcomes import gather
from biasgate.audit.plan import AuditPlan
from biasgate.audit.result import AuditResult, Trained
from biasgate.audit.shard import AuditShard
from biasgate.errors import InputError


def audit_result(plan: AuditPlan, shards: Sequence[AuditShard], *, material: Material | None = None) -> AuditResult:
    """Estimates every effect.

    Args:
        plan: The experiment.
        shards: All of the plan's.
        material: Its data; opened when absent.

    Raises:
        InputError: Shards do not fit together or the data, or a subgroup is too small.
        TrustError: A shard's file was altered.
    """
    spec, data = plan.spec, material or load_material(plan.spec)
    test, views = data.test, list(data.views)
    outcomes = gather(plan, shards, views=len(views), images=len(test))
    if shards[0].test != test.digest:
        raise InputError("the models were measured on other images", where=spec.name, fix="train the shards again")
    found = targets(test, spec.subgroups)
    return AuditResult(
        spec=spec,
        arms=tuple(Trained(name=a.name, role=a.role, value=a.value, parameters=a.parameters) for a in plan.arms),
        images=len(test),
        subgroups={name: _counts(test.attribute(name)) for name in spec.subgroups},
        train=shards[0].train,
        test=test.digest,
        levels=tuple(measure_levels(outcomes, found, test.clusters, views=views, confidence=spec.confidence)),
        effects=tuple(
            measure_effects(
                outcomes,
                plan.arms,
                found,
                test.clusters,
                reference=spec.intervention.reference,
                views=views,
                confidence=spec.confidence,
            )
        ),
        spectra=tuple(measure_spectra(outcomes, confidence=spec.confidence)),
        versions=tuple(dict.fromkeys(shard.versions for shard in shards)),
    )


def _counts(column: np.ndarray) -> dict[str, int]:
    return dict(zip(*(part.tolist() for part in np.unique(column, return_counts=True)), strict=True))
