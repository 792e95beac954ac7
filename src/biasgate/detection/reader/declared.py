"""The reader that a gate declares: none, the bundled one, or a meta-classifier from elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from biasgate.contracts.scan import BUNDLED, UNREAD, Scan, unread
from biasgate.detection.reader.meta_classifier import MetaClassifier, bundled_meta_classifier
from biasgate.models.predictions import Candidate, PredictionsPackage

NO_WEIGHTS = "there are predictions and no weights"


def scan_as_declared(package: Candidate, reader: str, *, fetch: Callable[[str], bytes]) -> Scan:
    """What a declared reader says of a package.

    Args:
        package: Whose weights are read.
        reader: ``none``, ``bundled``, or where a meta-classifier lies.
        fetch: Gets the meta-classifier's document from there.
    """
    if isinstance(package, PredictionsPackage):
        return unread(package.digest, reason=NO_WEIGHTS)
    found = scan_at_hand(package, reader)
    return found or MetaClassifier.parse(fetch(reader), where=reader).scan_package(package)


def scan_at_hand(package: Candidate, reader: str) -> Scan | None:
    """What a declared reader says of a package; None where the reader lies elsewhere."""
    if isinstance(package, PredictionsPackage):
        return unread(package.digest, reason=NO_WEIGHTS)
    if reader == UNREAD:
        return unread(package.digest)
    return bundled_meta_classifier().scan_package(package) if reader == BUNDLED else None
