"""Who made a gate-owned model in the registry: whoever makes one in MLflow first may do as they like in it.

So a promoter signs that it made one, and takes no model that somebody else made before it. The signed statement lies in
a run, and a tag of the model names the run: it would fill the page that lists all models.
"""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.documents import sha256
from biasgate.errors import CandidateError, InputError, ServiceError, TrustError
from biasgate.gate.trust.sign import sign, verify
from biasgate.registry import artifacts
from biasgate.registry.client import connect, explained, is_missing
from biasgate.registry.models import ensure_model
from biasgate.registry.tracking import PROMOTIONS, experiment_id

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey

MADE_BY_TAG = "biasgate.made_by"
"""Names the run that holds the signed statement; in registries from before that, it is the statement."""
STATEMENT = "made_by.json"
PREDICATE_TYPE = "urn:biasgate:registered-model:v1"
FOREIGN = "somebody else than a promoter made this registered model, and may do as they like in it"
FIX = "declare the gate for a name that is free, and submit the model with --name"


def claim(name: str, *, key: SigningKey, trusted: Keyring) -> None:
    """Makes the registered model, signed by a promoter, unless one did.

    Raises:
        TrustError: Somebody else made it.
        ServiceError: MLflow is out of reach.
    """
    subject = name, sha256(name.encode())
    signed = sign({"name": name}, predicate_type=PREDICATE_TYPE, subject=subject, key=key)
    client = connect()
    with explained(name):
        run = client.create_run(experiment_id(client, PROMOTIONS), run_name=f"make {name}").info.run_id
        client.log_text(run, signed.decode(), STATEMENT)
        client.set_terminated(run)
    ensure_model(name, tags={MADE_BY_TAG: run})
    if is_foreign(name, trusted=trusted):
        raise TrustError(FOREIGN, where=name, fix=FIX)


def is_foreign(name: str, *, trusted: Keyring) -> bool:
    """Whether the registered model is there and no promoter made it.

    Raises:
        ServiceError: MLflow is out of reach.
    """
    tags = _tags(name)
    return tags is not None and not _made_by_promoter(name, tags.get(MADE_BY_TAG, ""), trusted)


def is_taken(name: str) -> bool:
    """Whether the registered model is there and does not even say that a promoter made it: none will serve there.

    An account that may not read it is told nothing.
    """
    try:
        tags = _tags(name)
    except ServiceError:
        return False
    return tags is not None and MADE_BY_TAG not in tags


def _tags(name: str) -> dict[str, str] | None:
    """Of a registered model, where it is there."""
    from mlflow.exceptions import MlflowException

    with explained(name):
        try:
            found: dict[str, str] = connect().get_registered_model(name).tags
        except MlflowException as error:
            if is_missing(error):
                return None
            raise
    return found


def _made_by_promoter(name: str, tag: str, trusted: Keyring) -> bool:
    try:
        signed = _statement(tag) if re.fullmatch("[0-9a-f]{32}", tag) else tag.encode()
        statement, keys = verify(signed, trusted.keys, predicate_type=PREDICATE_TYPE, where=name)
    except (TrustError, InputError, CandidateError):
        return False
    now = datetime.now(UTC)
    may = any(trusted.rules[key].refusal("promoter", signer=None, at=now, number=None) is None for key in keys)
    return may and statement.get("predicate") == {"name": name}


def _statement(run: str) -> bytes:
    client = connect()
    with explained(run):
        place = client.get_run(run).info.artifact_uri
    with tempfile.TemporaryDirectory() as folder:
        artifacts.download(str(place), Path(folder), tracking_uri=client.tracking_uri)
        file = Path(folder, STATEMENT)
        return file.read_bytes() if file.is_file() else b""
