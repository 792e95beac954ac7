"""Signed waivers: each in a DSSE envelope by the approver's own key; one that is not so signed never holds.

A file of them has the schema ``Waivers``: each waiver in words, for who reviews the file, beside the envelope, which
alone counts.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError, model_validator

from biasgate.documents import Document
from biasgate.errors import TrustError
from biasgate.gate.trust.identity import check_name
from biasgate.gate.trust.keyring import writing
from biasgate.gate.trust.sign import sign, verify
from biasgate.gate.trust.waiver import Waiver
from biasgate.storage import store
from biasgate.storage.sources import read_document
from biasgate.strict_json import read_json

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring, KeyRules
    from biasgate.gate.trust.keys import SigningKey

PREDICATE_TYPE = "urn:biasgate:waiver:v1"


class Signature(Document):
    """One signature of a DSSE envelope, base64, and the id of the key that made it."""

    keyid: str
    sig: str


class Envelope(Document):
    """A DSSE envelope around an in-toto statement."""

    payload: str
    payload_type: str = Field(alias="payloadType")
    signatures: tuple[Signature, ...] = Field(min_length=1)


class SignedWaiver(Document):
    """A waiver and the envelope that makes it count.

    Attributes:
        waiver: What the envelope says.
        envelope: The statement about it, signed.
    """

    waiver: Waiver
    envelope: Envelope

    @model_validator(mode="after")
    def _says_what_was_signed(self) -> SignedWaiver:
        try:
            signed = Waiver.model_validate(read_json(base64.b64decode(self.envelope.payload))["predicate"])
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise ValueError("the envelope holds no waiver") from error
        if signed != self.waiver:
            raise ValueError("the waiver in words is not the one in its envelope")
        return self


class Presented(SignedWaiver):
    """A waiver as a decision was given it.

    Attributes:
        refusal: Why its signature counts for nothing; absent when it counts.
    """

    refusal: str | None = None


class Waivers(Document):
    """Waivers that are presented to a decision; which of them are in force, the decision says."""

    schema_: Literal["biasgate/waivers/v1"] = Field(default="biasgate/waivers/v1", alias="schema")
    waivers: tuple[SignedWaiver, ...] = ()


def read_waivers(source: str) -> tuple[SignedWaiver, ...]:
    """The waivers in a text of several lines, a file or a URI; none for an empty text.

    Raises:
        InputError: They cannot be read, or a key or value is not what the schema says.
        ServiceError: S3 is out of reach.
    """
    return read_document(Waivers, source).waivers if source else ()


def sign_waiver(waiver: Waiver, *, key: SigningKey) -> SignedWaiver:
    """The waiver in an envelope; the statement's subject is the model, with the digest of the policy.

    Raises:
        InputError: One of the two persons has a name that can be mistaken for another.
    """
    for person in (waiver.owner, waiver.approved_by):
        check_name(person, where=f"waiver of {waiver.rule}")
    predicate = waiver.model_dump(mode="json")
    data = sign(predicate, predicate_type=PREDICATE_TYPE, subject=(waiver.model, waiver.policy), key=key)
    return SignedWaiver(waiver=waiver, envelope=Envelope.parse(data, where="envelope"))


def add_waiver(file: Path, signed: SignedWaiver) -> None:
    """Adds a waiver to a file of them, which is made when it is new; one writer at a time.

    Raises:
        InputError: The file is no file of waivers, or cannot be written.
    """
    with writing(file.parent):
        earlier = Waivers.read(file).waivers if file.exists() else ()
        value = Waivers(waivers=(*earlier, signed)).model_dump(mode="json", by_alias=True)
        store.write_bytes(str(file), json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n")


def present(waivers: Sequence[SignedWaiver], trusted: Keyring, *, at: datetime | None = None) -> tuple[Presented, ...]:
    """The waivers with what their signatures are worth at a moment, by default now."""
    moment = at or datetime.now(UTC)
    return tuple(
        Presented(waiver=one.waiver, envelope=one.envelope, refusal=refusal(one, trusted, at=moment, number=None))
        for one in waivers
    )


def granted(presented: Sequence[Presented]) -> tuple[Waiver, ...]:
    """The waivers whose signatures count."""
    return tuple(one.waiver for one in presented if one.refusal is None)


def refusal(signed: SignedWaiver, trusted: Keyring, *, at: datetime, number: int | None) -> str | None:
    """Why the signature counts for nothing; None when the approver's own key made it and may.

    Args:
        signed: The waiver.
        trusted: Keys whose signatures are accepted.
        at: The moment at which the key must be valid: the decision's, since an envelope bears no date to be believed.
        number: Of the decision's entry; None while it is not in the log. A compromised key is believed up to an entry.
    """
    try:
        rules = _signers(signed, trusted)
    except TrustError as error:
        return error.what
    name = signed.waiver.approved_by
    refusals = [one.refusal("approver", signer=name, at=at, number=number) for one in rules]
    return None if None in refusals else "; ".join(filter(None, refusals))


def of_revoked_key(signed: SignedWaiver, trusted: Keyring) -> bool:
    """Whether a key that really signed it is revoked, so that its refusal is expected."""
    try:
        return any(rules.revoked for rules in _signers(signed, trusted))
    except TrustError:
        return False


def _signers(signed: SignedWaiver, trusted: Keyring) -> tuple[KeyRules, ...]:
    """The rules of the trusted keys whose signatures hold; a ``TrustError`` where none does."""
    where = f"waiver of {signed.waiver.rule}"
    statement, keys = verify(signed.envelope.to_json(), trusted.keys, predicate_type=PREDICATE_TYPE, where=where)
    digest = signed.waiver.policy.removeprefix("sha256:")
    if statement.get("subject") != [{"name": signed.waiver.model, "digest": {"sha256": digest}}]:
        raise TrustError("signed for another subject than it speaks of", where=where)
    return tuple(trusted.rules[key] for key in keys)
