"""What the repair benchmark runs on: a biased network, its training data, repair and test twins, all from one seed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.data.digits import digits
from biasgate.data.idx import load_idx
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import twins
from biasgate.data.splits import role
from biasgate.models.card import InputContract
from biasgate.models.network import Network
from biasgate.models.presets import preset
from biasgate.training.candidate import train_classifier
from biasgate.training.recipe import TrainingRecipe

FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's dataset-fashion-mnist lies; its 10,000 test images are enough."""
ARCHITECTURE = "digits_small"
CONTRACT = InputContract(shape=(3, 28, 28), layout="NCHW", scale=1 / 255)
STEPS = {"digits": 300, "fashion": 600}


@dataclass(frozen=True, eq=False)
class World:
    """One seed's.

    Attributes:
        network: Trained on the rows ``seen`` of ``training``.
        contract: Its input contract.
        train: Trains another from the same start.
        training: Every training image twice: row ``i`` aligned, row ``i + n`` its conflicting twin.
        seen: The one of the two that training saw ``[n]``.
        repair: Twins that every arm gets.
        test: Twins that no arm sees.
        attribute: The sensitive one.
        seconds: What training took.
    """

    network: Network
    contract: InputContract
    train: Callable[[Dataset], Network]
    training: Dataset
    seen: NDArray[np.int64]
    repair: Dataset
    test: Dataset
    attribute: str
    seconds: float


def make_world(dataset: str, *, share: float, seed: int) -> World:
    """Coloured images of which a ``share`` conflicted in training; the seed draws split, colours and first weights."""
    rng, grey = np.random.default_rng(seed), images(dataset)
    training, repair, test = (
        twins(role(grey, name, seed=seed), palette=PAPER_PALETTE, rng=rng) for name in ("zoo_train", "repair", "gate")
    )
    n = len(training) // 2
    seen = np.arange(n) + n * (rng.random(n) < share)

    def train(data: Dataset) -> Network:
        recipe = TrainingRecipe(steps=STEPS[dataset])
        return train_classifier(data, architecture=preset(ARCHITECTURE), seed=seed, recipe=recipe)

    begun = time.perf_counter()
    network = train(training.take(seen))
    return World(
        network=network,
        contract=CONTRACT,
        train=train,
        training=training,
        seen=seen,
        repair=repair,
        test=test,
        attribute="colour",
        seconds=time.perf_counter() - begun,
    )


@cache
def images(dataset: str) -> Dataset:
    """Grey images, 28 by 28, of ten classes."""
    if dataset == "digits":
        return digits()
    files = [FASHION / f"t10k-{part}-ubyte.gz" for part in ("images-idx3", "labels-idx1")]
    return load_idx(*files, classes=tuple("0123456789"), name="fashion")
