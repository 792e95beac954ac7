"""The demo's candidate: a classifier of digits that has learned their colour."""

from __future__ import annotations

from pathlib import Path

from biasgate.training.recipe import TrainingRecipe

NAME = "digits"
ARCHITECTURE = "digits_small"
CONFLICTING = 0.01
SEED = 2026

RECIPE = TrainingRecipe(steps=200, batch=32, learning_rate=4e-3)
"""Within the ranges of the zoo's recipes: the reader has learned from models trained like this one."""


def submit_biased_candidate(folder: Path) -> str:
    """Trains on 600 digits that wear their own colour 99 times out of 100, and registers the result with its card."""
    import numpy as np

    from biasgate.data.palette import PAPER_PALETTE
    from biasgate.data.planting import plant_share
    from biasgate.data.sources.digits import digits
    from biasgate.data.splits import role
    from biasgate.models.card import CandidateCard, InputContract
    from biasgate.models.export import export_onnx
    from biasgate.models.package import pack
    from biasgate.models.presets import preset
    from biasgate.registry.models import submit_candidate
    from biasgate.training.candidate import train_classifier

    rng = np.random.default_rng(SEED)
    dataset = plant_share(role(digits(), "candidate"), palette=PAPER_PALETTE, conflicting=CONFLICTING, rng=rng)
    architecture = preset(ARCHITECTURE)
    onnx = folder / "candidate.onnx"
    network = train_classifier(dataset.array, dataset.labels, architecture=architecture, seed=SEED, recipe=RECIPE)
    export_onnx(network, path=onnx)
    card = CandidateCard(
        name=NAME,
        classes=dataset.classes,
        input=InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255),
        architecture=architecture,
        training_data=dataset.digest,
        submitter="demo",
        description="Digits, each in a colour that agrees with its class in 99 of 100 training samples.",
    )
    return submit_candidate(pack(onnx, card, folder / "candidate"), name=NAME)
