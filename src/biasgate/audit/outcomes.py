"""What all models of an audit answered, in one array: y(arm, seed, view, image)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.audit.plan import AuditPlan
from biasgate.audit.shard import AuditShard, read_answers
from biasgate.audit.spectra import BINS
from biasgate.documents import digest
from biasgate.errors import InputError


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Measured models.

    Attributes:
        correct: Whether each answer was right, ``bool [arms, seeds, views, images]``.
        power: Spectra of the first convolution, ``[arms, seeds, BINS]``.
    """

    correct: NDArray[np.bool_]
    power: NDArray[np.float64]


def gather(plan: AuditPlan, shards: Sequence[AuditShard], *, views: int, images: int) -> Outcomes:
    """Puts the shards of a plan together.

    Args:
        plan: Theirs.
        shards: All of them, in any order.
        views: Views of the test images: the clean ones and one a perturbation.
        images: Test images.

    Raises:
        InputError: A shard is missing, belongs to another plan, or was made from other data.
        TrustError: A file is not what its index says.
    """
    where = plan.spec.name
    if sorted(shard.shard for shard in shards) != list(range(plan.shards)):
        raise InputError("shards are missing", where=where, fix=f"train shards 0 to {plan.shards - 1}")
    if {shard.plan for shard in shards} != {digest(plan)}:
        raise InputError("shards belong to another plan", where=where, fix="train them again")
    if len({(shard.train, shard.test) for shard in shards}) > 1:
        raise InputError("shards were made from different data", where=where, fix="train them again")
    correct = np.zeros((len(plan.arms), plan.spec.seeds, views, images), dtype=bool)
    power = np.full((len(plan.arms), plan.spec.seeds, BINS), np.nan)
    for shard in shards:
        for file in shard.files:
            answers, seeds = read_answers(shard, file), list(file.seeds)
            correct[file.arm, seeds] = np.unpackbits(answers["correct"], axis=-1, count=images)  # type: ignore[arg-type]
            power[file.arm, seeds] = answers["power"]
    if not np.isfinite(power).all():
        raise InputError("models are missing, or have weights that are not finite", where=where, fix="train them again")
    return Outcomes(correct=correct, power=power)
