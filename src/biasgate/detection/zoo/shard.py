"""Training one shard of a zoo, group by group; a rerun repeats at most the group that was cut off."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from biasgate.detection.zoo.index import ShardIndex, ZooFile
from biasgate.detection.zoo.material import Material, load_material
from biasgate.detection.zoo.plan import PlannedModel, ZooPlan
from biasgate.documents import sha256
from biasgate.errors import InputError
from biasgate.progress import Advance, progress
from biasgate.storage.plans import shard_uri
from biasgate.storage.shards import finish, is_finished, kept_group, publish_group, read_index
from biasgate.training.threads import using_threads
from biasgate.training.versions import versions

if TYPE_CHECKING:
    from biasgate.detection.zoo.engine import TrainedModel

GROUP = {"cpu": 32, "cuda": 1024}
"""Models that are published together; a GPU is filled by hundreds at once."""


def train_shard(plan: ZooPlan, shard: int, root: str, *, threads: int = 1, device: str | None = None) -> ShardIndex:
    """Trains the models of a shard and publishes weights, table and, last, the index.

    The bytes are a function of plan, shard, versions, machine, device and threads. A group's table is written after its
    weights and marks it as done; a finished shard returns at once.

    Args:
        plan: From ``plan_zoo``.
        shard: In ``[0, plan.shards)``.
        root: Local path or ``s3://`` URI above all shards.
        threads: Of torch; networks this small train fastest on one, with a shard a core.
        device: As torch names it; by default a GPU where torch sees one.

    Raises:
        InputError: The plan has no such shard, or torch has no such device.
    """
    uri = shard_uri(plan, shard, root=root)
    if is_finished(uri):
        return read_index(ShardIndex, uri)
    models = [model for model in plan.models if model.shard == shard]
    files: list[tuple[ZooFile, ZooFile]] = []
    device = device or default_device()
    size, material = GROUP[_kind(device)], load_material(plan.spec)
    with using_threads(threads), progress(f"zoo shard {shard}", total=len(models), unit="models") as advance:
        while (start := sum(table.models for _, table in files)) < len(models):
            number, group = len(files), models[start : start + size]
            files.append(_kept(uri, number, advance) or _trained(uri, number, group, material, advance, device=device))
    index = ShardIndex(
        plan=plan,
        shard=shard,
        uri=uri,
        models=len(models),
        weights=tuple(weights for weights, _ in files),
        tables=tuple(table for _, table in files),
        versions=versions(threads=threads, device=device),
    )
    finish(index)
    return index


def _kept(uri: str, number: int, advance: Advance) -> tuple[ZooFile, ZooFile] | None:
    """A group that an earlier run finished, of whatever size it was there."""
    from pyarrow.parquet import read_metadata

    contents = kept_group(uri, _names(number))
    if not contents:
        return None
    models = read_metadata(io.BytesIO(contents[-1])).num_rows
    advance(models)
    return _described(number, contents, models)


def _trained(
    uri: str, number: int, group: Sequence[PlannedModel], material: Material, advance: Advance, *, device: str
) -> tuple[ZooFile, ZooFile]:
    from biasgate.detection.zoo.engine import train_models

    trained = train_models(group, material, advance=advance, device=device)
    contents = _weights(trained, material), _table(trained)
    publish_group(uri, _names(number), contents)
    return _described(number, contents, len(group))


def _names(number: int) -> tuple[str, str]:
    return f"group-{number:04}.safetensors", f"group-{number:04}.parquet"


def _described(number: int, contents: Sequence[bytes], models: int) -> tuple[ZooFile, ZooFile]:
    weights, table = (
        ZooFile(name=name, sha256=sha256(content), models=models)
        for name, content in zip(_names(number), contents, strict=True)
    )
    return weights, table


def _weights(trained: Sequence[TrainedModel], material: Material) -> bytes:
    from safetensors.numpy import save

    stacks: defaultdict[str, list[np.ndarray]] = defaultdict(list)
    for model in trained:
        architecture = material.spec.architectures[model.planned.architecture].name
        for name, value in model.state.items():
            stacks[f"{architecture}/{name}"].append(value)
    return save({name: np.stack(values) for name, values in stacks.items()})


def _table(trained: Sequence[TrainedModel]) -> bytes:
    import pandas as pd

    buffer = io.BytesIO()
    pd.DataFrame([model.row for model in trained]).to_parquet(buffer, index=False)
    return buffer.getvalue()


def default_device() -> str:
    """``cuda`` where torch sees a GPU, else ``cpu``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _kind(device: str) -> str:
    """``cpu`` or ``cuda``."""
    import torch

    kind = device.partition(":")[0]
    if kind not in GROUP:
        raise InputError(f"zoos are not trained on {device!r}", fix="use cpu or cuda")
    if kind == "cuda" and not torch.cuda.is_available():
        raise InputError("torch sees no GPU", where=device, fix="use --device cpu, or torch built for CUDA")
    return kind
