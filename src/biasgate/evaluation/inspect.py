"""Inspecting a package: what can fail without a look at the test split fails here."""

from __future__ import annotations

from biasgate.contracts.inspection import Inspection
from biasgate.models.package import CandidatePackage


def inspect(package: CandidatePackage, *, repaired: bool = False) -> Inspection:
    """What a package is and says; the ONNX form is run in the sandbox beside the architecture on its card.

    Args:
        package: The candidate.
        repaired: True for the package that a repair made: its record tells the parity.

    Raises:
        CandidateError: The card's architecture is not the model's.
    """
    from biasgate.models.restore import declared_parity

    card = package.card
    return Inspection(
        model=package.digest,
        name=card.name,
        submitter=card.submitter,
        training_data=card.training_data,
        training_data_from=card.training_data_from,
        repaired_from=card.repaired_from,
        size=package.size,
        parity=None if repaired else declared_parity(package),
    )
