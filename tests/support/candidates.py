"""Submissions that bring a model."""

from __future__ import annotations

from pathlib import Path

from biasgate.models.package import CandidatePackage
from biasgate.models.submission import import_candidate


def import_model(folder: Path, into: Path) -> CandidatePackage:
    """The package of a submission that is a model and not predictions alone."""
    package = import_candidate(folder, into)
    assert isinstance(package, CandidatePackage)
    return package
