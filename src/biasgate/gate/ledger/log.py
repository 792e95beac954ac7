"""The log: signed entries that only ever grow in number, each naming the one before; the source of truth.

Entry n lies at ``entries/<n, twelve digits>.json`` and is written only if nobody else wrote it first, so that writers
need no lock: who loses the race reads the new head and tries the next number. A reader checks every signature and
every link. What a chain alone cannot show is a tail that was cut off: keep the bucket versioned or its objects locked.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from biasgate.documents import sha256
from biasgate.errors import InputError, ServiceError, TrustError
from biasgate.gate.ledger.entry import SKEW, Body, DecisionBody, LogEntry, VoidBody
from biasgate.gate.trust.sign import sign, verify
from biasgate.gate.trust.waivers import of_revoked_key, refusal
from biasgate.storage import store

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring, KeyRules
    from biasgate.gate.trust.keys import SigningKey

PREDICATE_TYPE = "urn:biasgate:log-entry:v1"
LIMIT = 16_000_000
"""Largest entry that is read, in bytes."""
ATTEMPTS = 50
"""Races in a row that a writer may lose."""


def append(log_uri: str, body: Body, *, key: SigningKey) -> LogEntry:
    """Adds an entry after the last one.

    A write whose answer got lost counts once: no two signatures are equal, so what lies there is known as ours.

    Raises:
        TrustError: A number is missing in the log, or its last entry is dated after this machine's clock by more than
            ``SKEW``: ours would be void.
        ServiceError: Others were faster ``ATTEMPTS`` times.
    """
    for _ in range(ATTEMPTS):
        last, now = len(_uris(log_uri)), datetime.now(UTC)
        before = envelope(log_uri, last) if last else None
        if before:
            _check_clock(before, now, where=_uri(log_uri, last))
        entry = LogEntry(number=last + 1, previous=sha256(before) if before else None, at=now, body=body)
        predicate = entry.model_dump(mode="json", by_alias=True, exclude_none=True)
        signed = sign(predicate, predicate_type=PREDICATE_TYPE, subject=body.subject, key=key)
        uri = _uri(log_uri, entry.number)
        if store.put_if_absent(uri, signed) or store.read_bytes(uri, limit=LIMIT) == signed:
            return entry
    raise ServiceError("too many writers at once", where=log_uri, fix="try again")


def read_log(log_uri: str, trusted: Keyring) -> tuple[LogEntry, ...]:
    """All entries, oldest first, each verified; one that counts for nothing has a ``VoidBody``.

    An entry counts for nothing when its key may not say it, or when it is dated before an entry that precedes it by
    more than ``SKEW``: a signer's date is not believed, or a key that ended could sign for ever by dating back.

    Raises:
        TrustError: A signature, a digest or a link does not verify; names the first bad entry.
    """
    entries: list[LogEntry] = []
    previous: str | None = None
    latest: datetime | None = None
    for number, uri in enumerate(_uris(log_uri), start=1):
        data = store.read_bytes(uri, limit=LIMIT)
        entry = _verified(data, trusted, where=uri)
        if (entry.number, entry.previous) != (number, previous):
            raise TrustError("the chain is broken: this is not the successor of the entry before", where=uri)
        entry = _dated(entry, latest or entry.at)
        if not isinstance(entry.body, VoidBody):
            latest = max(latest or entry.at, entry.at)
        entries.append(entry)
        previous = sha256(data)
    return tuple(entries)


def _dated(entry: LogEntry, latest: datetime) -> LogEntry:
    """The entry; void when it is dated before those that precede it."""
    if isinstance(entry.body, VoidBody) or entry.at >= latest - SKEW:
        return entry
    why = f"it is dated {entry.at:%Y-%m-%d %H:%M} UTC, before the entry of {latest:%Y-%m-%d %H:%M} that precedes it"
    return _void(entry, entry.body, why, revoked=False)


def _check_clock(last: bytes, now: datetime, *, where: str) -> None:
    """Refuses to write after an entry from this machine's future; its signature is checked by who reads the log."""
    at = LogEntry.model_validate(json.loads(base64.b64decode(json.loads(last)["payload"]))["predicate"]).at
    if now < at - SKEW:
        what = f"the last entry is dated {at:%Y-%m-%d %H:%M} UTC, but it is {now:%Y-%m-%d %H:%M} UTC here"
        raise TrustError(what, where=where, fix="set the clock that is wrong; nothing was written")


def envelope(log_uri: str, number: int) -> bytes:
    """The signed bytes of one entry, as they lie in the log."""
    return store.read_bytes(_uri(log_uri, number), limit=LIMIT)


def _verified(data: bytes, trusted: Keyring, *, where: str) -> LogEntry:
    statement, signers = verify(data, trusted.keys, predicate_type=PREDICATE_TYPE, where=where)
    try:
        entry = LogEntry.build(statement["predicate"], where=where)
        (about,) = statement["subject"]
        subject = about["name"], f"sha256:{about['digest']['sha256']}"
    except (InputError, KeyError, TypeError, ValueError) as error:
        raise TrustError("signed, but not a log entry", where=where, fix="find out who signed it") from error
    if isinstance(entry.body, VoidBody) or subject != entry.body.subject:
        raise TrustError("signed for another subject than it speaks of", where=where)
    return _judged(entry, entry.body, [trusted.rules[signer] for signer in signers], trusted)


def _judged(entry: LogEntry, body: Body, signers: Sequence[KeyRules], trusted: Keyring) -> LogEntry:
    """The entry as it is when one of its signers may say it, and approvers signed what it waives; else void."""
    refusals = [rules.refusal(body.role, signer=body.signer, at=entry.at, number=entry.number) for rules in signers]
    if None not in refusals:
        return _void(entry, body, "; ".join(filter(None, refusals)), revoked=all(rules.revoked for rules in signers))
    if isinstance(body, DecisionBody):
        at, number = body.decision.at, entry.number
        for one in body.waivers:
            if one.refusal is None and (why := refusal(one, trusted, at=at, number=number)):
                why = f"it rests on a waiver of {one.waiver.rule} that does not count: {why}"
                return _void(entry, body, why, revoked=of_revoked_key(one, trusted))
    return entry


def _void(entry: LogEntry, body: Body, why: str, *, revoked: bool) -> LogEntry:
    name, digest = body.subject
    void = VoidBody(said=body.kind, name=name, digest=digest, reason=why, revoked=revoked)
    return entry.model_copy(update={"body": void})


def _uri(log_uri: str, number: int) -> str:
    return store.join(log_uri, "entries", f"{number:012d}.json")


def _uris(log_uri: str) -> list[str]:
    """The entries' URIs, in order.

    Raises:
        TrustError: A number is missing, or something else lies there.
    """
    found = sorted(store.list_uris(store.join(log_uri, "entries")))
    for number, uri in enumerate(found, start=1):
        if uri.rsplit("/", 1)[-1] != f"{number:012d}.json":
            raise TrustError(f"entry {number} is missing", where=log_uri, fix="restore it from a backup")
    return found
