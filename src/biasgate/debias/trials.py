"""Settings tried one after another, the best chosen on validation units; importing this imports torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from biasgate.debias.classifier import PixelClassifier
from biasgate.debias.material import Material
from biasgate.debias.record import Trial
from biasgate.debias.repaired import Repaired
from biasgate.models.card import InputContract
from biasgate.models.network import Network

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")
"""Settings: a dataclass of numbers and names."""


def best_of(
    grid: Sequence[S],
    repair: Callable[[S, Material], Network],
    *,
    contract: InputContract,
    data: Material,
    validation: Tensor,
    seconds: float,
) -> Repaired:
    """Repairs under each setting, takes the best on validation, and repairs under that again from all the data.

    Best is what ``Trial.merit`` says. A run starts only while the slowest so far still fits the budget; the first is
    always made.

    Args:
        grid: In the order in which a budget that is too small for all is spent.
        repair: From settings and data to a new network.
        contract: The network's input contract.
        data: All repair data.
        validation: Rows that choose and that no trial learns from, ``bool [n]``; whole units.
        seconds: Wall-clock budget.
    """
    training, held_out = data.take(~validation), data.take(validation)
    end, slowest = time.monotonic() + seconds, 0.0
    trials, networks = list[Trial](), list[Network]()
    for settings in grid:
        begun = time.monotonic()
        if trials and begun + slowest > end:
            break
        networks.append(repair(settings, training))
        trials.append(score(PixelClassifier(networks[-1], contract), settings, held_out))
        slowest = max(slowest, time.monotonic() - begun)
    best = max(range(len(trials)), key=lambda index: trials[index].merit)
    trials[best] = trials[best].model_copy(update={"chosen": True})
    refitted = time.monotonic() + slowest <= end
    repaired = repair(grid[best], data) if refitted else networks[best]
    return Repaired(repaired, tuple(trials), planned=len(grid), refitted=refitted)


def score(classifier: PixelClassifier, settings: DataclassInstance, data: Material) -> Trial:
    """Accuracy on aligned and on conflicting samples."""
    with torch.no_grad():
        correct = (classifier(data.samples).argmax(dim=1) == data.labels).double()
    aligned, conflicting = float(correct[data.aligned].mean()), float(correct[~data.aligned].mean())
    return Trial(
        settings=asdict(settings), worst_group=min(aligned, conflicting), aligned=aligned, conflicting=conflicting
    )
