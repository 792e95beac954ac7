"""A delivery of MLflow's webhooks: who sent it, when, and which candidate it is about.

MLflow signs as Standard Webhooks do (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and body.
"""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping, Sequence

from biasgate.errors import InputError, TrustError
from biasgate.registry.models import SCHEME, SUBMISSIONS, is_name

ID, TIMESTAMP, SIGNATURE = "x-mlflow-delivery-id", "x-mlflow-timestamp", "x-mlflow-signature"
WINDOW = 300
"""Seconds that a delivery may be old, or ahead of this clock."""
_ID = "[A-Za-z0-9_-]{1,128}"
"""An id; a dot in it could move what is signed between id, time and body."""


def check_delivery(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[bytes]) -> str:
    """Sees that a delivery is from who knows one of the secrets, and is new.

    Args:
        headers: The request's, by names in lower case.
        body: What is signed beside id and time.
        secrets: What may have signed it.

    Returns:
        Its id.

    Raises:
        TrustError: It is not.
    """
    identity, moment = headers.get(ID) or "", headers.get(TIMESTAMP) or ""
    version, _, signature = (headers.get(SIGNATURE) or "").partition(",")
    signed = f"{identity}.{moment}.".encode() + body
    right = (base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode() for secret in secrets)
    matches = [hmac.compare_digest(one.encode(), signature.encode(errors="replace")) for one in right]
    if not re.fullmatch(_ID, identity) or version != "v1" or not any(matches):
        raise TrustError("the signature is not that of this body", fix="give MLflow and the receiver the same secret")
    if not re.fullmatch("[0-9]{1,12}", moment) or abs(time.time() - int(moment)) > WINDOW:
        raise TrustError(f"the delivery is not from the last {WINDOW} seconds", fix="compare the two clocks")
    return identity


def candidate_of(body: bytes) -> str | None:
    """``models:/<name>-candidates/<version>`` of a delivery; None where it is about something else.

    Raises:
        InputError: It is no event of MLflow.
    """
    try:
        event = json.loads(body)
        about, data = (event["entity"], event["action"]), event["data"]
        if about != ("model_version", "created"):
            return None
        name, version = data["name"], data["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError("the body is no event of MLflow") from error
    if not isinstance(name, str) or not isinstance(version, str | int):
        raise InputError("the body is no event of MLflow")
    own = name.removesuffix(SUBMISSIONS)
    if own == name or not is_name(own) or not re.fullmatch("[1-9][0-9]{0,9}", str(version)):
        return None
    return f"{SCHEME}{name}/{version}"
