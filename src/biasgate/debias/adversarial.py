"""Repair by adversarial counterfactuals: a small grid of curricula, chosen on validation units; imports torch."""

from __future__ import annotations

import copy
import time
from dataclasses import asdict

import torch
from torch import Tensor

from biasgate.debias.classifier import PixelClassifier
from biasgate.debias.curriculum import ROUNDS, Settings, fine_tune
from biasgate.debias.material import Material
from biasgate.debias.record import Trial
from biasgate.debias.repaired import Repaired
from biasgate.models.card import InputContract
from biasgate.models.network import Network
from biasgate.progress import progress

GRID = (
    Settings(family="mixing", radius=0.6, weight=4.0, tie=1.0),
    Settings(family="mixing", radius=1.0, weight=4.0, tie=1.0),
    Settings(family="mixing", radius=0.6, weight=2.0, tie=2.0),
)
"""In the order in which a budget that is too small for all is spent."""


def repair_adversarially(
    network: Network, contract: InputContract, data: Material, validation: Tensor, *, seconds: float, seed: int
) -> Repaired:
    """Runs the curriculum under each setting, takes the best on validation, and runs that again on all repair data.

    Best is the highest accuracy on the worse of aligned and conflicting, then the highest sum of both. A run starts
    only while the slowest so far still fits the budget; the first is always made.

    Args:
        network: Not changed.
        contract: Its input contract.
        data: All repair data.
        validation: Rows that choose and that no trial learns from, ``bool [n]``; whole units.
        seconds: Wall-clock budget.
        seed: Every run starts from it.
    """
    training, held_out = data.take(~validation), data.take(validation)
    end, slowest = time.monotonic() + seconds, 0.0
    trials, networks = list[Trial](), list[Network]()
    with progress("repairing", total=ROUNDS * (len(GRID) + 1), unit="rounds") as advance:
        for settings in GRID:
            begun = time.monotonic()
            if trials and begun + slowest > end:
                break
            classifier = PixelClassifier(copy.deepcopy(network), contract)
            fine_tune(classifier, training, settings, seed=seed, advance=advance)
            networks.append(classifier.network)
            trials.append(score(classifier, settings, held_out))
            slowest = max(slowest, time.monotonic() - begun)
        best = max(range(len(trials)), key=lambda i: (trials[i].worst_group, trials[i].aligned + trials[i].conflicting))
        repaired, refitted = networks[best], time.monotonic() + slowest <= end
        if refitted:
            repaired = copy.deepcopy(network)
            fine_tune(PixelClassifier(repaired, contract), data, GRID[best], seed=seed, advance=advance)
    trials[best] = trials[best].model_copy(update={"chosen": True})
    return Repaired(repaired, tuple(trials), planned=len(GRID), refitted=refitted)


def score(classifier: PixelClassifier, settings: Settings, data: Material) -> Trial:
    """Accuracy on aligned and on conflicting samples."""
    with torch.no_grad():
        correct = (classifier(data.pixels).argmax(dim=1) == data.labels).double()
    aligned, conflicting = float(correct[data.aligned].mean()), float(correct[~data.aligned].mean())
    return Trial(
        settings=asdict(settings), worst_group=min(aligned, conflicting), aligned=aligned, conflicting=conflicting
    )
