"""Settings tried one after another, the best chosen on validation clusters; importing this imports torch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from biasgate.contracts.repair_record import Trial
from biasgate.errors import InputError
from biasgate.models.torch_network import TorchNetwork
from biasgate.progress import progress
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.method import RepairMethod


@dataclass(frozen=True, eq=False)
class Repaired:
    """A repaired network and how it was chosen.

    Attributes:
        network: The repaired network; the one that it started from is as it was.
        trials: Settings in the order of trial, one chosen.
        validated: The network that validation chose: ``network``, unless that ran again on all repair data.
        planned: Settings that were to be tried; more than ``trials`` when the budget ended first.
        refitted: Whether the chosen settings were run again on all repair data.
    """

    network: TorchNetwork
    trials: tuple[Trial, ...]
    validated: TorchNetwork
    planned: int
    refitted: bool


def best_of(
    grid: Sequence[RepairMethod],
    classifier: PixelClassifier,
    data: RepairData,
    *,
    validation: Tensor,
    seconds: float,
    seed: int,
) -> Repaired:
    """Repairs under each setting, takes the best on validation, and repairs under that again from all the data.

    Best is what ``Trial.merit`` says. A run starts only while the slowest so far still fits the budget; the first is
    always made.

    Args:
        grid: Settings in the order in which a budget that is too small for all is spent.
        classifier: Model to repair; it is not changed.
        data: All repair data.
        validation: Rows that choose and that no trial learns from, ``bool [n]``; whole clusters.
        seconds: Wall-clock budget.
        seed: Every run starts from it.

    Raises:
        InputError: A repair left weights that are not finite, as NaN gradients do; or see ``RepairMethod.fit``.
    """
    training, held_out = data.take(~validation), data.take(validation)
    end, slowest = time.monotonic() + seconds, 0.0
    trials, networks = list[Trial](), list[TorchNetwork]()
    with progress("repairing", total=len(grid) + 1, unit="runs") as advance:
        for method in grid:
            begun, curve = time.monotonic(), list[float]()
            if trials and begun + slowest > end:
                break

            def watch(network: TorchNetwork, curve: list[float] = curve) -> None:
                curve.append(min(accuracies(classifier.over(network), held_out)))

            networks.append(_finite(method.fit(classifier, training, seed=seed, watch=watch)))
            trials.append(score(classifier.over(networks[-1]), method, held_out, curve=curve))
            slowest = max(slowest, time.monotonic() - begun)
            advance()
        best = max(range(len(trials)), key=lambda index: trials[index].merit)
        trials[best] = trials[best].model_copy(update={"chosen": True})
        refitted = time.monotonic() + slowest <= end
        again = grid[best].fit(classifier, data, seed=seed, watch=lambda _: None) if refitted else networks[best]
        advance()
    return Repaired(_finite(again), tuple(trials), validated=networks[best], planned=len(grid), refitted=refitted)


def _finite(network: TorchNetwork) -> TorchNetwork:
    if not all(parameter.isfinite().all() for parameter in network.parameters()):
        raise InputError(
            "the repaired weights are not finite", fix="check the repair data and the scale of the candidate's weights"
        )
    return network


def score(classifier: PixelClassifier, method: RepairMethod, data: RepairData, *, curve: Sequence[float] = ()) -> Trial:
    """A trial of these settings, with what the classifier reached."""
    aligned, conflicting = accuracies(classifier, data)
    return Trial(
        settings=method.model_dump(),
        worst_group=min(aligned, conflicting),
        aligned=aligned,
        conflicting=conflicting,
        curve=tuple(curve),
    )


def accuracies(classifier: PixelClassifier, data: RepairData) -> tuple[float, float]:
    """Accuracy on aligned and on conflicting samples, each a mean over the labels that are there."""
    with torch.no_grad():
        correct = (classifier(data.samples).argmax(dim=1) == data.labels).double()
    sides = [
        torch.stack([correct[side & (data.labels == label)].mean() for label in data.labels[side].unique()]).mean()
        for side in (data.aligned, ~data.aligned)
    ]
    return float(sides[0]), float(sides[1])
