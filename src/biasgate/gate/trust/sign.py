"""Signatures: DSSE envelopes over in-toto statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from biasgate.documents import canonical_json
from biasgate.errors import BiasgateError, ServiceError, TrustError
from biasgate.strict_json import read_json

if TYPE_CHECKING:
    from biasgate.gate.trust.keys import PublicKey, SigningKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def sign(predicate: Mapping[str, Any], *, predicate_type: str, subject: tuple[str, str], key: SigningKey) -> bytes:
    """A signed statement about a subject, as the bytes of its envelope.

    Args:
        predicate: What is said.
        predicate_type: URI of the predicate's schema.
        subject: Name and digest (``sha256:…``) of what it is said about.
        key: Whoever says it.

    Raises:
        ServiceError: The key lies in a token or service, which did not sign.
    """
    from google.protobuf.json_format import MessageToDict
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement
    from securesystemslib.dsse import Envelope

    name, digest = subject
    about = ResourceDescriptor(name=name, digest={"sha256": digest.removeprefix("sha256:")})
    statement = Statement([about.pb], predicate_type, dict(predicate))
    statement.validate()
    envelope = Envelope(canonical_json(MessageToDict(statement.pb)), PAYLOAD_TYPE, {})
    try:
        key.public_key.verify_signature(envelope.sign(key), envelope.pae())  # a wrong one would stop the log's readers
    except BiasgateError:
        raise
    except Exception as error:  # tokens and key services raise errors of their own
        fix = "check the token or key service, its credentials and PIN; nothing was signed"
        what = f"the key did not sign ({type(error).__name__})"
        raise ServiceError(what, where=key.public_key.keyid, fix=fix) from error
    return canonical_json(envelope.to_dict())


def verify(
    data: bytes, trusted: Sequence[PublicKey], *, predicate_type: str, where: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The statement in an envelope, once a trusted key's signature over it holds, and the ids of the keys that signed.

    Raises:
        TrustError: It is no envelope, no trusted key signed it, or it is a statement of another type.
    """
    from in_toto_attestation.v1.statement import STATEMENT_TYPE_URI
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import FormatError

    try:
        envelope = Envelope.from_dict(read_json(data))
        made, signed = envelope.signatures, envelope.pae()
        signers = tuple(
            key.keyid
            for key in trusted
            if key.keyid in made and key.made(bytes.fromhex(made[key.keyid].signature), signed)
        )
        if not signers:
            fix = "find out who wrote it, or add the writer's public key to the trusted ones"
            raise TrustError("no trusted key signed this", where=where, fix=fix)
        statement = read_json(envelope.payload)
        kinds = (envelope.payload_type, statement.get("_type"), statement.get("predicateType"))
    except (FormatError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrustError("not a signed statement", where=where, fix="restore it from a backup") from error
    if kinds != (PAYLOAD_TYPE, STATEMENT_TYPE_URI, predicate_type):
        raise TrustError("a signed statement of another type", where=where, fix="restore it from a backup")
    return cast("dict[str, Any]", statement), signers
