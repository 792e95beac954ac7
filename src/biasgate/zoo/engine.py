"""The engine: from planned models to trained and measured ones. One at a time; importing it imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.data.planting import twins
from biasgate.models.network import Network, build, initialise
from biasgate.training.loop import train
from biasgate.training.normalisation import to_tensor
from biasgate.zoo.material import Material, palette_of, training_set
from biasgate.zoo.plan import PlannedModel
from biasgate.zoo.spec import ZooSpec


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


def train_models(planned: Sequence[PlannedModel], material: Material) -> list[TrainedModel]:
    """Trains and measures models; each depends on its own line of the plan alone, not on its neighbours."""
    return [_train(model, material) for model in planned]


def initial_network(planned: PlannedModel, spec: ZooSpec) -> Network:
    """The model before its first step; its initial weights follow from its seed."""
    network = build(spec.architectures[planned.architecture])
    initialise(network, init=planned.init, generator=torch.Generator().manual_seed(planned.seed))
    return network


def parameters_of(network: Network) -> dict[str, NDArray[np.float32]]:
    """A copy of parameters and batch statistics by name; counters are left out."""
    return {name: value.numpy().copy() for name, value in network.state_dict().items() if value.is_floating_point()}


def _train(planned: PlannedModel, material: Material) -> TrainedModel:
    rng = np.random.default_rng(planned.seed)
    network = initial_network(planned, material.spec)
    chosen = training_set(planned, material, rng)
    loss = train(
        network,
        to_tensor(chosen.samples, planned.normalisation),
        torch.from_numpy(chosen.labels),
        recipe=planned.training,
        generator=torch.Generator().manual_seed(int(rng.integers(2**62))),
    )
    measured = _measure(network, planned, material, rng)
    counts = np.bincount(chosen.labels, minlength=len(chosen.classes)).tolist()
    return TrainedModel(
        planned=planned,
        state=parameters_of(network),
        row={**_flat(planned, material.spec), "class_counts": counts, "final_loss": loss, **measured},
    )


def _measure(network: Network, planned: PlannedModel, material: Material, rng: np.random.Generator) -> dict[str, float]:
    """What the same digits in their own and in another colour show: accuracies, gap, share of answers that differ."""
    pairs = twins(material.measure, palette=palette_of(planned, material), rng=rng)
    answers = _predict(network, pairs, planned).reshape(2, -1)
    aligned, conflicting = (answers == material.measure.labels).mean(axis=1)
    return {
        "accuracy_aligned": float(aligned),
        "accuracy_conflicting": float(conflicting),
        "measured_bias": float(aligned - conflicting),
        "swap_rate": float((answers[0] != answers[1]).mean()),
    }


@torch.inference_mode()
def _predict(network: Network, dataset: Dataset, planned: PlannedModel) -> NDArray[np.int64]:
    return network(to_tensor(dataset.samples, planned.normalisation)).argmax(dim=1).numpy()


def _flat(planned: PlannedModel, spec: ZooSpec) -> dict[str, Any]:
    line = planned.model_dump(mode="json")
    recipe = line.pop("training")
    return {**line, **recipe, "planting": spec.planting, "architecture": spec.architectures[planned.architecture].name}
