"""Models fine-tuned from one pretrained model: the pretrained one is made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from biasgate.data.palette import draw_palette
from biasgate.data.sources.digits import digits
from biasgate.data.splits import role
from biasgate.detection.zoo.engine import parameters_of
from biasgate.models.network import drawn
from biasgate.models.presets import preset
from biasgate.training.feed import Sight
from biasgate.training.pool import ImagePool
from biasgate.training.recipe import TrainingRecipe
from biasgate.training.together import Learner, train_together

PRETRAINED = Path(__file__).with_name("zoos") / "digits_pretrained.safetensors"
SEED, PALETTES, COLOURINGS = 20261204, 100, 4
"""Colours are those of so many palettes, which no other model wears; each digit is seen in so many of them."""


def pretrain() -> None:
    """Trains the model that others are fine-tuned from, and keeps it: digits of a role that no zoo uses, any colour.

    Briefly and on few images, so that there is something left to learn: one that is right in .95 takes on next to no
    bias (accuracy aligned less conflicting .05 at the strongest level, here .26).
    """
    images, rng = role(digits(), "candidate"), np.random.default_rng(SEED)
    colours = np.concatenate([draw_palette(rng) for _ in range(PALETTES)])
    rows = np.tile(np.arange(len(images)), COLOURINGS)
    network = drawn(preset("digits_small"), init="kaiming_uniform", seed=SEED)
    learner = Learner(
        network=network,
        sight=Sight(rows, images.labels[rows], colours[rng.integers(len(colours), size=len(rows))], "unit"),
        recipe=TrainingRecipe(learning_rate=3e-3, batch=64, steps=250),
        generator=torch.Generator().manual_seed(SEED),
    )
    train_together([learner], ImagePool(images.samples, device="cpu"))
    save_file(parameters_of(network), PRETRAINED)


if __name__ == "__main__":
    torch.set_num_threads(1)
    pretrain()
