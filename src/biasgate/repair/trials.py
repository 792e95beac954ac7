"""Settings tried one after another, the best chosen on validation clusters; importing this imports torch."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import torch
from torch import Tensor

from biasgate.contracts.repair_record import Stop, Trial
from biasgate.errors import InputError
from biasgate.models.torch_network import TorchNetwork
from biasgate.progress import Advance, progress
from biasgate.repair.budget import Budget, SpentError, spending
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
        stopped: What ended it before all was tried and run again, if anything did.
    """

    network: TorchNetwork
    trials: tuple[Trial, ...]
    validated: TorchNetwork
    planned: int
    refitted: bool
    stopped: Stop | None = None


@dataclass
class _Best:
    """The best round of a run so far, and how all rounds scored."""

    curve: list[float] = field(default_factory=list[float])
    found: tuple[Trial, TorchNetwork] | None = None


def best_of(
    grid: Sequence[RepairMethod],
    classifier: PixelClassifier,
    data: RepairData,
    *,
    validation: Tensor,
    budget: Budget,
    seed: int,
) -> Repaired:
    """Repairs under each setting, takes the best on validation, and repairs under that again from all the data.

    Best is what ``Trial.merit`` says. A run starts only while the slowest so far still fits the budget; one that the
    budget or a person ends keeps its best round.

    Args:
        grid: Settings in the order in which a budget that is too small for all is spent.
        classifier: Model to repair; it is not changed.
        data: All repair data.
        validation: Rows that choose and that no trial learns from, ``bool [n]``; whole clusters.
        budget: Seconds and memory.
        seed: Every run starts from it.

    Raises:
        InputError: The budget ended before anything was tried; a repair left weights that are not finite, as NaN
            gradients do; or see ``RepairMethod.fit``.
    """
    training, held_out, slowest = data.take(~validation), data.take(validation), 0.0
    runs, stopped = list[tuple[Trial, TorchNetwork]](), None
    shown = grid[0].shown
    with progress("repairing", total=(len(grid) + 1) * shown, unit="rounds") as advance:
        for method in grid:
            if runs and budget.left < slowest:
                stopped = "seconds"
                break
            begun = budget.used
            found, stopped = _tried(method, classifier, training, held_out, budget=budget, seed=seed, advance=advance)
            if found:
                runs.append(found)
            if stopped:
                break
            slowest = max(slowest, budget.used - begun)
        if not runs:
            _nothing_tried(budget, stopped)
        best = max(range(len(runs)), key=lambda place: runs[place][0].merit)
        again, refitted = runs[best][1], False
        if stopped is None and budget.left < slowest:
            stopped = "seconds"
        if stopped is None:
            try:
                with spending(budget):
                    again = grid[best].fit(classifier, data, seed=seed, watch=lambda _: advance())
                refitted = True
            except (SpentError, KeyboardInterrupt) as error:
                stopped = _why(error)
    trials = tuple(
        trial.model_copy(update={"chosen": True}) if place == best else trial for place, (trial, _) in enumerate(runs)
    )
    return Repaired(_finite(again), trials, runs[best][1], planned=len(grid), refitted=refitted, stopped=stopped)


def _tried(
    method: RepairMethod,
    classifier: PixelClassifier,
    training: RepairData,
    held_out: RepairData,
    *,
    budget: Budget,
    seed: int,
    advance: Advance,
) -> tuple[tuple[Trial, TorchNetwork] | None, Stop | None]:
    """One run's trial and network, and what ended it too early; None where not even a round was done."""
    rounds = _Best()

    def watch(network: TorchNetwork) -> None:
        trial = score(classifier.over(network), method, held_out)
        rounds.curve.append(trial.worst_group)
        if rounds.found is None or trial.merit > rounds.found[0].merit:
            rounds.found = trial, copy.deepcopy(network)
        advance()

    try:
        with spending(budget):
            network = _finite(method.fit(classifier, training, seed=seed, watch=watch))
            trial = score(classifier.over(network), method, held_out, curve=rounds.curve)
    except (SpentError, KeyboardInterrupt) as error:
        if rounds.found is None:
            return None, _why(error)
        trial, network = rounds.found
        return (trial.model_copy(update={"curve": tuple(rounds.curve), "whole": False}), network), _why(error)
    if not rounds.curve:
        advance(method.shown)
    return (trial, network), None


def _why(error: SpentError | KeyboardInterrupt) -> Stop:
    return error.why if isinstance(error, SpentError) else "interruption"


def _nothing_tried(budget: Budget, stopped: Stop | None) -> NoReturn:
    if stopped == "interruption":
        raise KeyboardInterrupt
    what = f"{budget.seconds:.3g} s" if stopped != "memory" else f"{(budget.memory or 0) >> 20} MiB"
    raise InputError(
        f"the budget ended before anything was tried: {what} were left for it", fix="give more, or a faster method"
    )


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
