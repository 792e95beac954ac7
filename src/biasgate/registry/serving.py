"""The package that serves now, for whoever measures a candidate against it."""

from __future__ import annotations

from pathlib import Path

from biasgate.errors import TrustError
from biasgate.models.predictions import Candidate
from biasgate.registry.models import SCHEME, champion, fetch_package


def champion_package(name: str, into: Path) -> Candidate | None:
    """Fetches the champion of a gate-owned model; None when none serves.

    Args:
        name: The gate-owned model.
        into: Folder of the package.

    Raises:
        TrustError: The gate did not register it, or its bytes are not those that the gate registered.
        CandidateError: Its files are no package.
        ServiceError: MLflow is out of reach.
    """
    serves = champion(name)
    if serves is None:
        return None
    package, source = fetch_package(f"{SCHEME}{name}/{serves.version}", into)
    if package.digest != serves.digest:
        fix = "find out who changed it, and roll back to a version that verifies"
        raise TrustError(f"the champion's bytes have the digest {package.digest}, not its tag's", where=source, fix=fix)
    return package
