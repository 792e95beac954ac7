"""Training one shard of an audit, arm by arm; a rerun repeats at most the arm that was cut off."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from biasgate.audit.material import Material, load_material
from biasgate.audit.plan import AuditPlan
from biasgate.documents import digest, sha256
from biasgate.progress import Advance, progress, track
from biasgate.storage.plans import shard_uri
from biasgate.storage.shards import (
    Shard,
    ShardFile,
    finish,
    is_finished,
    kept_group,
    publish_group,
    read_file,
    read_index,
)
from biasgate.training.threads import using_threads
from biasgate.training.versions import Versions, versions

if TYPE_CHECKING:
    from biasgate.audit.engine import Answers
    from biasgate.training.pool import ImagePool


class AuditFile(ShardFile):
    """What one arm's models of a shard answered; see ``engine.train_arm`` for the tensors.

    Attributes:
        arm: Position among the plan's arms.
        seeds: Positions among the plan's seeds.
    """

    arm: int
    seeds: tuple[int, ...]


class AuditShard(Shard):
    """A finished shard; its index is written last.

    Attributes:
        plan: Digest of the plan that it is a part of.
        train: Digest of the data learned from.
        test: Digest of the data measured on.
        files: One for each arm.
        versions: What trained it.
    """

    schema_: Literal["biasgate/audit-shard/v1"] = Field(default="biasgate/audit-shard/v1", alias="schema")
    plan: str
    train: str
    test: str
    files: tuple[AuditFile, ...]
    versions: Versions


def train_shards(plan: AuditPlan, root: str, *, workers: int = 1) -> list[AuditShard]:
    """All shards of a plan, so many at a time, each on one thread of a process of its own; see ``train_shard``."""
    if workers == 1:
        return [train_shard(plan, shard, root) for shard in range(plan.shards)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        trained = pool.map(partial(train_shard, plan, root=root, bar=False), range(plan.shards))
        return list(track(trained, "audit", total=plan.shards, unit="shards"))


def train_shard(plan: AuditPlan, shard: int, root: str, *, threads: int = 1, bar: bool = True) -> AuditShard:
    """Trains and measures the models of a shard; a finished shard returns at once.

    Args:
        plan: From ``plan_audit``.
        shard: In ``[0, plan.shards)``.
        root: Local path or ``s3://`` URI above all audits.
        threads: Of torch; networks this small train fastest on one, with a shard a core.
        bar: Show progress.

    Raises:
        InputError: The plan has no such shard, or see ``load_material``.
    """
    from biasgate.training.pool import ImagePool

    uri = shard_uri(plan, shard, root=root)
    if is_finished(uri):
        return read_index(AuditShard, uri)
    material, members = load_material(plan.spec), plan.members(shard)
    pool, total = ImagePool(material.train.samples), sum(len(seeds) for _, seeds in members)  # type: ignore[arg-type]
    shown = progress(f"audit shard {shard}", total=total, unit="models") if bar else nullcontext(_unseen)
    with using_threads(threads), shown as advance:
        files = tuple(_arm(plan, arm, seeds, uri, material, pool, advance) for arm, seeds in members)
    index = AuditShard(
        plan=digest(plan),
        shard=shard,
        uri=uri,
        train=material.train.digest,
        test=material.test.digest,
        files=files,
        versions=versions(threads=threads),
    )
    finish(index)
    return index


def _unseen(steps: int = 1) -> None:
    """Progress that a parent follows shard by shard."""


def read_answers(index: AuditShard, file: AuditFile) -> Answers:
    """An arm's answers.

    Raises:
        TrustError: Its bytes are not those that the index names.
    """
    from safetensors.numpy import load

    return load(read_file(index, file))


def _arm(
    plan: AuditPlan, arm: int, seeds: list[int], uri: str, material: Material, pool: ImagePool, advance: Advance
) -> AuditFile:
    from safetensors.numpy import save

    from biasgate.audit.engine import train_arm

    name = f"arm-{arm:03}.safetensors"
    if contents := kept_group(uri, [name]):
        advance(len(seeds))
    else:
        chosen = [plan.seeds[seed] for seed in seeds]
        contents = [save(train_arm(plan.arms[arm], chosen, material, pool, spec=plan.spec, advance=advance))]
        publish_group(uri, [name], contents)
    return AuditFile(name=name, sha256=sha256(contents[0]), arm=arm, seeds=tuple(seeds))
