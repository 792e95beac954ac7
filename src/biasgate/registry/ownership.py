"""Who made a gate-owned model in the registry: whoever makes one in MLflow first may do as they like in it.

So a promoter makes it with a signed tag, and takes no model that somebody else made before it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from biasgate.documents import sha256
from biasgate.errors import TrustError
from biasgate.gate.trust.sign import sign, verify
from biasgate.registry.client import connect, explained, is_missing
from biasgate.registry.models import ensure_model

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey

MADE_BY_TAG = "biasgate.made_by"
PREDICATE_TYPE = "urn:biasgate:registered-model:v1"
FOREIGN = "somebody else than a promoter made this registered model, and may do as they like in it"
FIX = "see who made it, delete it in MLflow, and run the promoter again"


def claim(name: str, *, key: SigningKey, trusted: Keyring) -> None:
    """Makes the registered model, signed by a promoter, unless one did.

    Raises:
        TrustError: Somebody else made it.
        ServiceError: MLflow is out of reach.
    """
    subject = name, sha256(name.encode())
    signed = sign({"name": name}, predicate_type=PREDICATE_TYPE, subject=subject, key=key)
    ensure_model(name, tags={MADE_BY_TAG: signed.decode()})
    if is_foreign(name, trusted=trusted):
        raise TrustError(FOREIGN, where=name, fix=FIX)


def is_foreign(name: str, *, trusted: Keyring) -> bool:
    """Whether the registered model is there and no promoter made it.

    Raises:
        ServiceError: MLflow is out of reach.
    """
    from mlflow.exceptions import MlflowException

    with explained(name):
        try:
            tags: dict[str, str] = connect().get_registered_model(name).tags
        except MlflowException as error:
            if is_missing(error):
                return False
            raise
    return not _made_by_promoter(name, tags.get(MADE_BY_TAG, ""), trusted)


def _made_by_promoter(name: str, tag: str, trusted: Keyring) -> bool:
    try:
        statement, keys = verify(tag.encode(), trusted.keys, predicate_type=PREDICATE_TYPE, where=name)
    except TrustError:
        return False
    now = datetime.now(UTC)
    may = any(trusted.rules[key].refusal("promoter", signer=None, at=now, number=None) is None for key in keys)
    return may and statement.get("predicate") == {"name": name}
