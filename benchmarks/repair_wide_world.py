"""What repair at ResNet-18's width runs on: coloured images of 28 pixels in full, and the network itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import plant_share, twins
from biasgate.data.sources.digits import digits
from biasgate.data.sources.idx import load_idx

STEPS, BATCH, PEAK = 300, 128, 1e-3
REPAIR, TEST = 500, 1000
"""Images, each aligned and conflicting."""
PART = 500
Loss = Callable[[Tensor], Tensor]
"""From the rows of a batch to a scalar."""


@dataclass(frozen=True, eq=False)
class WideWorld:
    """One seed's images; training saw each once, the others are counterfactual pairs ``i`` and ``i + n``."""

    training: Dataset
    repair: Dataset
    test: Dataset


def wide_world(name: str, *, seed: int, fashion: Path) -> WideWorld:
    """A world of ``WIDE``: the seed draws split and colours."""
    dataset, share = name.split()
    rng = np.random.default_rng([seed, 21])
    many, held_out = images(dataset, fashion)
    order = rng.permutation(len(held_out))
    repair, test, rest = (held_out.take(part) for part in np.split(order, [REPAIR, REPAIR + TEST]))
    coloured = plant_share(rest if many is None else many, palette=PAPER_PALETTE, conflicting=float(share), rng=rng)
    return WideWorld(coloured, *(twins(part, palette=PAPER_PALETTE, rng=rng) for part in (repair, test)))


@cache
def images(dataset: str, fashion: Path) -> tuple[Dataset | None, Dataset]:
    """Training images, if the data set has a set of its own for that, and those that are split."""
    if dataset == "digits":
        return None, digits()
    sets = (
        [fashion / f"{part}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")] for part in ("train", "t10k")
    )
    train, test = (load_idx(*files, classes=tuple("0123456789")) for files in sets)
    return train, test


class Wide(nn.Module):
    """ResNet-18 as transformers builds it: 64 to 512 channels, 11 million parameters; 28 pixels leave its stem as 7."""

    def __init__(self, *, classes: int) -> None:
        from transformers import ResNetConfig, ResNetForImageClassification

        super().__init__()
        kind = {"layer_type": "basic", "hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2]}
        self.network = ResNetForImageClassification(ResNetConfig(num_labels=classes, **kind))

    def features(self, pixels: Tensor) -> Tensor:
        """What reaches the last layer ``[n, 512]``."""
        return self.network.resnet(pixels).pooler_output.flatten(1)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.network.classifier(self.features(pixels))


def new_network(seed: int, *, classes: int = 10) -> Wide:
    """Untrained."""
    torch.manual_seed(seed)
    return Wide(classes=classes)


def tensors(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """Pixels in [0, 1] and labels."""
    return torch.from_numpy(dataset.array).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(dataset.labels)


def train(
    parameters: list[nn.Parameter], loss: Loss, *, count: int, seed: int, steps: int = STEPS, peak: float = PEAK
) -> None:
    """Adam under a one-cycle schedule, on batches drawn in epochs."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(parameters, peak, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=steps, cycle_momentum=False)
    rows = torch.cat([torch.randperm(count, generator=generator) for _ in range(-(-steps * BATCH // count))])
    for batch in rows[: steps * BATCH].split(BATCH):
        value = loss(batch)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()


def plainly_trained(samples: Tensor, labels: Tensor, *, seed: int) -> Wide:
    """The candidate: mean cross-entropy."""
    network = new_network(seed)

    def loss(rows: Tensor) -> Tensor:
        return cross_entropy(network(samples[rows]), labels[rows])

    train(list(network.parameters()), loss, count=len(labels), seed=seed)
    return network.eval()


def features_of(network: Wide, dataset: Dataset) -> NDArray[np.float64]:
    """In parts, as the network serves."""
    network.eval()
    with torch.no_grad():
        return torch.cat([network.features(part) for part in tensors(dataset)[0].split(PART)]).double().numpy()


WIDE = ("digits 0.005", "digits 0.01", "fashion 0.01")
"""Data set and share of conflicting training images: aligned at .995 or .99."""
