"""Inspecting a package: what can fail without a look at the test split fails here."""

from __future__ import annotations

from typing import Any

from biasgate.contracts.inspection import Inspection, Sandbox
from biasgate.data.dataset import Dataset
from biasgate.evaluation.evaluate import run_on
from biasgate.evaluation.given import submitted
from biasgate.models.package import CandidatePackage
from biasgate.models.predictions import Candidate, PredictionsPackage
from biasgate.models.sandbox.limits import Limits

_TRIED = 256
"""Samples that a model is tried on."""


def inspect(
    package: Candidate,
    dataset: Dataset | None = None,
    *,
    repaired: bool = False,
    limits: Limits | None = None,
) -> Inspection:
    """What a package is and says; the ONNX form is run in the sandbox beside the architecture on its card.

    Args:
        package: The candidate.
        dataset: Samples to try it on, those that it will be measured on: whether it runs, and gives the same in every
            batch. Nothing that it says of them is compared with their labels, so that this is no look.
        repaired: True for the package that a repair made: its record tells the parity.
        limits: What the model may use.

    Raises:
        CandidateError: The card's architecture is not the model's, or see ``run_as_served``.
        InputError: The data is not what the card describes.
    """
    if isinstance(package, PredictionsPackage):
        return _inspect_predictions(package, dataset)
    few = dataset.evenly(_TRIED) if dataset else None
    found, batches = run_on(package, few, limits=limits) if few else (None, None)
    held = found.confinement if found else None
    return _identified(
        package,
        repaired_from=package.card.repaired_from,
        parity=None if repaired else _parity(package),
        has_source=None if repaired else package.card.architecture is not None,
        batches=batches,
        sandbox=Sandbox(applied=held.applied, unapplied=dict(held.unapplied)) if held else None,
    )


def _parity(package: CandidatePackage) -> float | None:
    """How far the graph is from the architecture on its card; torch is loaded for a card that declares one."""
    if package.card.architecture is None:
        return None
    from biasgate.models.restore import declared_parity

    return declared_parity(package)


def _inspect_predictions(package: PredictionsPackage, dataset: Dataset | None) -> Inspection:
    """What predictions are and say; that every sample has one is tried, and not what they say of it."""
    if dataset:
        submitted(package, dataset)
    return _identified(package, has_source=False)


def _identified(package: Candidate, **found: Any) -> Inspection:
    """What was found, under what the card says of any candidate."""
    card = package.card
    return Inspection(
        model=package.digest,
        name=card.name,
        submitter=card.submitter,
        training_data=card.training_data,
        training_data_from=card.training_data_from,
        size=package.size,
        **found,
    )
