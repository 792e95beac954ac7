"""Settings tried one after another, the best chosen on validation units; importing this imports torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from biasgate.contracts.repair_record import Trial
from biasgate.errors import InputError
from biasgate.models.card import InputContract
from biasgate.models.network import Network
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import Material
from biasgate.repair.repaired import Repaired

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")
"""Settings: a dataclass of numbers and names."""
Watch = Callable[[Network], None]
"""Is shown a network that still learns."""


def best_of(
    grid: Sequence[S],
    repair: Callable[[S, Material, Watch], Network],
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
        repair: From settings, data and a watch to a new network; what has rounds shows the watch each round's network.
        contract: The network's input contract.
        data: All repair data.
        validation: Rows that choose and that no trial learns from, ``bool [n]``; whole units.
        seconds: Wall-clock budget.

    Raises:
        InputError: A repair left weights that are not finite, as NaN gradients do.
    """
    training, held_out = data.take(~validation), data.take(validation)
    end, slowest = time.monotonic() + seconds, 0.0
    trials, networks = list[Trial](), list[Network]()
    for settings in grid:
        begun, curve = time.monotonic(), list[float]()
        if trials and begun + slowest > end:
            break

        def watch(network: Network, curve: list[float] = curve) -> None:
            curve.append(min(accuracies(PixelClassifier(network, contract), held_out)))

        networks.append(_finite(repair(settings, training, watch)))
        trials.append(score(PixelClassifier(networks[-1], contract), settings, held_out, curve=curve))
        slowest = max(slowest, time.monotonic() - begun)
    best = max(range(len(trials)), key=lambda index: trials[index].merit)
    trials[best] = trials[best].model_copy(update={"chosen": True})
    refitted = time.monotonic() + slowest <= end
    repaired = _finite(repair(grid[best], data, lambda _: None)) if refitted else networks[best]
    return Repaired(repaired, tuple(trials), validated=networks[best], planned=len(grid), refitted=refitted)


def _finite(network: Network) -> Network:
    if not all(parameter.isfinite().all() for parameter in network.parameters()):
        raise InputError(
            "the repaired weights are not finite", fix="check the repair data and the scale of the candidate's weights"
        )
    return network


def score(
    classifier: PixelClassifier, settings: DataclassInstance, data: Material, *, curve: Sequence[float] = ()
) -> Trial:
    """A trial of these settings, with what the classifier reached."""
    aligned, conflicting = accuracies(classifier, data)
    return Trial(
        settings=asdict(settings),
        worst_group=min(aligned, conflicting),
        aligned=aligned,
        conflicting=conflicting,
        curve=tuple(curve),
    )


def accuracies(classifier: PixelClassifier, data: Material) -> tuple[float, float]:
    """Accuracy on aligned and on conflicting samples, each a mean over the labels that are there."""
    with torch.no_grad():
        correct = (classifier(data.samples).argmax(dim=1) == data.labels).double()
    sides = [
        torch.stack([correct[side & (data.labels == label)].mean() for label in data.labels[side].unique()]).mean()
        for side in (data.aligned, ~data.aligned)
    ]
    return float(sides[0]), float(sides[1])
