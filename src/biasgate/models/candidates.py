"""A candidate's package of either kind: a model, or predictions of one."""

from __future__ import annotations

from pathlib import Path

from biasgate.models.package import MODEL, CandidatePackage, content_name, open_package, package_digest, read_card
from biasgate.models.predictions import Candidate, PredictionsPackage, open_predictions


def open_candidate(folder: Path) -> Candidate:
    """Checks a package and reads its card.

    Raises:
        CandidateError: See ``open_package`` and ``open_predictions``.
        InputError: The card is not valid.
    """
    return open_package(folder) if content_name(folder) == MODEL else open_predictions(folder)


def checked_elsewhere(folder: Path) -> Candidate:
    """A package that another process made and checked: its card and digest, without reading the model again."""
    if content_name(folder) == MODEL:
        return CandidatePackage(path=folder, card=read_card(folder), digest=package_digest(folder))
    return PredictionsPackage(**vars(open_predictions(folder)))
