"""The engine: from planned models to trained and measured ones, many at once; importing it imports torch."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from biasgate.detection.zoo.material import Material, Selection
from biasgate.detection.zoo.plan import PlannedModel
from biasgate.detection.zoo.planting import PLANTINGS
from biasgate.detection.zoo.spec import Split, ZooSpec
from biasgate.errors import InputError
from biasgate.models.network import Network, drawn
from biasgate.models.restore import from_tensors
from biasgate.models.shapes import layer_shapes
from biasgate.storage.store import read_bytes
from biasgate.training.feed import Sight
from biasgate.training.normalisation import normalised
from biasgate.training.pool import ImagePool
from biasgate.training.together import Learner, train_together

VALUES = {"cpu": 6_000_000, "cuda": 2_000_000_000}
"""Activations of a stack's forward pass: enough to hide what a step costs besides; on a CPU few enough to cache."""


@dataclass(frozen=True)
class TrainedModel:
    """A model of the zoo.

    Attributes:
        planned: Its line in the plan.
        state: Its parameters by name.
        row: Its row in the shard's table: the plan's line, flat, and what was measured.
    """

    planned: PlannedModel
    state: dict[str, NDArray[np.float32]]
    row: dict[str, Any]


def train_models(
    planned: Sequence[PlannedModel],
    material: Material,
    *,
    advance: Callable[[], object] = lambda: None,
    device: str = "cpu",
) -> list[TrainedModel]:
    """Trains and measures models, in stacks; each depends on its own line of the plan alone, not on its neighbours.

    Args:
        planned: Which.
        material: Of their plan.
        advance: Told of each model that is done.
        device: As torch names it.
    """
    trained: dict[int, TrainedModel] = {}
    for stack in stacks(planned, material.spec, device=device):
        for model in _train(stack, material, torch.device(device)):
            trained[model.planned.id] = model
            advance()
    return [trained[model.id] for model in planned]


def stacks(planned: Sequence[PlannedModel], spec: ZooSpec, *, device: str = "cpu") -> list[list[PlannedModel]]:
    """The models that can be trained at once: one architecture, one split, equal batches, steps and update rule."""
    alike: defaultdict[tuple[object, ...], list[PlannedModel]] = defaultdict(list)
    for model in planned:
        recipe = model.training
        batch = min(recipe.batch, model.samples)
        alike[model.architecture, model.split, batch, recipe.steps, recipe.update_rule].append(model)
    return [
        models[start : start + size]
        for models in alike.values()
        for size in [_stack_size(models[0], spec, VALUES[torch.device(device).type])]
        for start in range(0, len(models), size)
    ]


def initial_network(planned: PlannedModel, spec: ZooSpec) -> Network:
    """The model before its first step: the spec's pretrained one, or weights that follow from its seed.

    Raises:
        InputError: There are no pretrained weights where the spec says, or they are broken.
        CandidateError: They are another architecture's.
    """
    architecture = spec.architectures[planned.architecture]
    if spec.pretrained is None:
        return drawn(architecture, init=planned.init, seed=planned.seed)
    return from_tensors(architecture, _tensors(spec.pretrained), where=spec.pretrained)


@lru_cache(maxsize=1)
def _tensors(uri: str) -> Mapping[str, NDArray[np.float32]]:
    try:
        return load(read_bytes(uri))
    except SafetensorError as error:
        raise InputError(f"no safetensors file: {error}", where=uri, fix="save the pretrained weights again") from error


def parameters_of(network: Network) -> dict[str, NDArray[np.float32]]:
    """A copy of parameters and batch statistics by name; counters are left out."""
    return {name: value.numpy().copy() for name, value in network.state_dict().items() if value.is_floating_point()}


def _stack_size(planned: PlannedModel, spec: ZooSpec, values: int) -> int:
    each = sum(math.prod(shape) for shape in layer_shapes(spec.architectures[planned.architecture]))
    return max(1, values // (each * min(planned.training.batch, planned.samples)))


def _train(stack: Sequence[PlannedModel], material: Material, device: torch.device) -> Iterator[TrainedModel]:
    streams = [np.random.default_rng(planned.seed) for planned in stack]
    learners = [_learner(planned, material, rng) for planned, rng in zip(stack, streams, strict=True)]
    losses = train_together(learners, _pool(material, stack[0].split, device))
    for planned, learner, loss, rng in zip(stack, learners, losses, streams, strict=True):
        counts = np.bincount(learner.sight.labels, minlength=len(material.measure.classes)).tolist()
        state = parameters_of(learner.network)
        measured = _measure(learner.network.to(device), planned, material, rng)
        row = {**_flat(planned, material.spec), "class_counts": counts, "final_loss": loss, **measured}
        yield TrainedModel(planned=planned, state=state, row=row)


def _learner(planned: PlannedModel, material: Material, rng: np.random.Generator) -> Learner:
    chosen = PLANTINGS[material.spec.planting].training_set(planned, material, rng)
    return Learner(
        network=initial_network(planned, material.spec),
        sight=Sight(chosen.rows, chosen.labels, chosen.colours, planned.normalisation),
        recipe=planned.training,
        generator=torch.Generator().manual_seed(int(rng.integers(2**62))),
    )


@lru_cache(maxsize=1)
def _pool(material: Material, split: Split, device: torch.device) -> ImagePool:
    return ImagePool(material.images[split].array.astype(np.uint8, copy=False), device=device)


@lru_cache(maxsize=1)
def _pixels(material: Material, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(material.measure.array.astype(np.uint8, copy=False)).to(device)


def _measure(network: Network, planned: PlannedModel, material: Material, rng: np.random.Generator) -> dict[str, float]:
    how = PLANTINGS[material.spec.planting]
    seen = how.probe(planned, material, rng)
    pixels = _pixels(material, next(network.parameters()).device)
    answers = _predict(network, seen, planned, pixels)
    return how.measured(answers, seen, planned, material)


@torch.inference_mode()
def _predict(network: Network, seen: Selection, planned: PlannedModel, pixels: torch.Tensor) -> NDArray[np.int64]:
    images = pixels[torch.from_numpy(seen.rows).to(pixels.device)]
    if seen.colours is not None:
        factors = torch.from_numpy(seen.colours).to(pixels.device)[:, None, None]
        images = (images * factors + 0.5).to(torch.uint8)
    return network(normalised(images, planned.normalisation)).argmax(dim=1).cpu().numpy()


def _flat(planned: PlannedModel, spec: ZooSpec) -> dict[str, Any]:
    line = planned.model_dump(mode="json")
    recipe = line.pop("training")
    return {**line, **recipe, "planting": spec.planting, "architecture": spec.architectures[planned.architecture].name}
