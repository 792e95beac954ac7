"""One entry and its signed bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger.entry import Body, DecisionBody, LogEntry, VoidBody
from biasgate.gate.trust.sign import sign, verify
from biasgate.gate.trust.waivers import of_revoked_key, refusal

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring, KeyRules
    from biasgate.gate.trust.keys import SigningKey

PREDICATE_TYPE = "urn:biasgate:log-entry:v1"
LIMIT = 16_000_000
"""Largest entry that is read, in bytes."""


def seal(entry: LogEntry, *, about: tuple[str, str], key: SigningKey) -> bytes:
    """The entry in a signed envelope.

    Args:
        entry: What is said.
        about: The subject of its body.
        key: Whoever says it.
    """
    predicate = entry.model_dump(mode="json", by_alias=True, exclude_none=True)
    return sign(predicate, predicate_type=PREDICATE_TYPE, subject=about, key=key)


def unseal(data: bytes, trusted: Keyring, *, where: str, at: datetime | None = None) -> LogEntry:
    """The entry in an envelope; with a ``VoidBody`` when its key may not say it, or a waiver it rests on fails.

    Args:
        data: The envelope.
        trusted: Keys whose entries are accepted.
        where: Where it lies, for errors.
        at: When its key must be valid; the entry's own date by default.

    Raises:
        TrustError: No trusted key signed it, or what was signed is no log entry about the subject it names.
    """
    statement, signers = verify(data, trusted.keys, predicate_type=PREDICATE_TYPE, where=where)
    try:
        entry = LogEntry.build(statement["predicate"], where=where)
        (about,) = statement["subject"]
        subject = about["name"], f"sha256:{about['digest']['sha256']}"
    except (InputError, KeyError, TypeError, ValueError) as error:
        raise TrustError("signed, but not a log entry", where=where, fix="find out who signed it") from error
    if isinstance(entry.body, VoidBody) or subject != entry.body.subject:
        raise TrustError("signed for another subject than it speaks of", where=where)
    return _judged(entry, entry.body, [trusted.rules[signer] for signer in signers], trusted, at)


def void(entry: LogEntry, why: str, *, revoked: bool) -> LogEntry:
    """The entry as one that counts for nothing."""
    if isinstance(body := entry.body, VoidBody):
        return entry
    name, digest = body.subject
    nothing = VoidBody(said=body.kind, name=name, digest=digest, reason=why, revoked=revoked)
    return entry.model_copy(update={"body": nothing})


def _judged(
    entry: LogEntry, body: Body, signers: Sequence[KeyRules], trusted: Keyring, at: datetime | None
) -> LogEntry:
    """The entry as it is when one of its signers may say it, and approvers signed what it waives; else void."""
    moment = at or entry.at
    refusals = [rules.refusal(body.role, signer=body.signer, at=moment, number=entry.number) for rules in signers]
    if None not in refusals:
        return void(entry, "; ".join(filter(None, refusals)), revoked=all(rules.revoked for rules in signers))
    if isinstance(body, DecisionBody):
        at, number = body.decision.at, entry.number
        for one in body.waivers:
            if one.refusal is None and (why := refusal(one, trusted, at=at, number=number)):
                why = f"it rests on a waiver of {one.waiver.rule} that does not count: {why}"
                return void(entry, why, revoked=of_revoked_key(one, trusted))
    return entry
