"""The policies that the promoter accepts: whoever can sign decisions should not be free to choose the rules."""

from __future__ import annotations

from pathlib import Path

from biasgate.documents import digest
from biasgate.errors import InputError
from biasgate.gate.policy import Policy


def allowed_policies(folder: Path) -> frozenset[str]:
    """Digests of the policies in a folder of YAML files.

    Raises:
        InputError: There is none, or one is not valid.
    """
    found = frozenset(digest(Policy.read(path)) for path in sorted(folder.glob("*.yaml")))
    if not found:
        raise InputError("no policy (*.yaml) to allow", where=str(folder), fix="put the allowed policies there")
    return found
