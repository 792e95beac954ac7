"""The log: signed entries that only ever grow in number, each naming the one before; the source of truth.

An entry is written only if nobody else wrote its number first, so that writers need no lock: who loses the race reads
the new head and tries the next number. A reader checks every signature and every link; what was checked is remembered
(``remembered``). What a chain alone cannot show is a tail that was cut off: keep the bucket versioned or its objects
locked, and checkpoints elsewhere.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from biasgate.documents import sha256
from biasgate.errors import ServiceError, TrustError
from biasgate.gate.ledger.chain import Head, entry_uri, later_uris, onward
from biasgate.gate.ledger.entry import SKEW, Body, LogEntry, VoidBody
from biasgate.gate.ledger.envelope import LIMIT, seal, unseal
from biasgate.gate.ledger.history import History, take
from biasgate.gate.ledger.probe import require_conditional_writes
from biasgate.gate.ledger.remembered import Remembered, recall, remember
from biasgate.storage import store
from biasgate.strict_json import read_json

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey

ATTEMPTS = 50
"""Races in a row that a writer may lose."""
WORTH_KEEPING = 64
"""So many new entries make it worth remembering a log anew."""

_reached: dict[str, int] = {}
"""How far this process knows each log to go, which spares a listing of it all."""


def append(log_uri: str, body: Body, *, key: SigningKey) -> LogEntry:
    """Adds an entry after the last one.

    What lies under the number is read back: no two signatures are equal, so that ours is known again. A write whose
    answer got lost counts once, and one that was overwritten does not count.

    Raises:
        TrustError: A number is missing in the log, or its last entry is dated after this machine's clock by more than
            ``SKEW``: ours would be void.
        ServiceError: Others were faster ``ATTEMPTS`` times, or the store does not refuse a name that is taken.
    """
    require_conditional_writes(log_uri)
    for _ in range(ATTEMPTS):
        last, now = _last(log_uri), datetime.now(UTC)
        before = envelope(log_uri, last) if last else None
        if before:
            _check_clock(before, now, where=entry_uri(log_uri, last))
        entry = LogEntry(number=last + 1, previous=sha256(before) if before else None, at=now, body=body)
        signed = seal(entry, about=body.subject, key=key)
        uri = entry_uri(log_uri, entry.number)
        store.put_if_absent(uri, signed)
        if store.read_bytes(uri, limit=LIMIT) == signed:
            return entry
    raise ServiceError("too many writers at once", where=log_uri, fix="try again")


def read_log(log_uri: str, trusted: Keyring) -> tuple[LogEntry, ...]:
    """All entries, oldest first, each verified anew; one that counts for nothing has a ``VoidBody``.

    Raises:
        TrustError: A signature, a digest or a link does not verify; names the first bad entry.
    """
    return tuple(entry for entry, _, _ in onward(log_uri, trusted, Head()))


def read_history(log_uri: str, trusted: Keyring) -> History:
    """What all entries add up to; those that were verified here before are not read again.

    Raises:
        TrustError: An entry does not verify, or the log was cut or replaced since it was read here.
    """
    known = recall(log_uri, trusted)
    history, head = known.history, known.head
    for entry, _, head in onward(log_uri, trusted, known.head):
        take(entry, history, sealed=head.digest)
    _reached[log_uri] = head.number
    if head.number - known.head.number >= WORTH_KEEPING:
        remember(log_uri, trusted, Remembered(head=head, history=history))
    return history


def read_entry(
    log_uri: str, number: int, sealed: str | None, trusted: Keyring, *, at: datetime | None = None
) -> LogEntry:
    """The whole entry of what a history holds in extract.

    A date before a key's end is easily written after it, where the entry before is older still. So whoever carries out
    what an entry says asks that its key be valid then, whatever the entry's date.

    Args:
        log_uri: The log.
        number: Of the entry.
        sealed: Digest of its bytes, from the history.
        trusted: Keys whose entries are accepted.
        at: When its key must be valid; the entry's own date by default.

    Raises:
        TrustError: It is not the entry that was read for the history, or its key was not valid.
    """
    uri = entry_uri(log_uri, number)
    data = store.read_bytes(uri, limit=LIMIT)
    if sha256(data) != sealed:
        raise TrustError("the entry changed since the log was read", where=uri, fix="restore it from a backup")
    entry = unseal(data, trusted, where=uri, at=at)
    if isinstance(entry.body, VoidBody):
        raise TrustError(entry.body.reason, where=uri, fix="have it decided, or signed, again")
    return entry


def envelope(log_uri: str, number: int) -> bytes:
    """The signed bytes of one entry, as they lie in the log."""
    return store.read_bytes(entry_uri(log_uri, number), limit=LIMIT)


def _last(log_uri: str) -> int:
    """Number of the last entry, looked for from where this process read the log to."""
    known = _reached.get(log_uri, 0)
    if known and not store.exists(entry_uri(log_uri, known)):
        known = 0
    last = known + len(later_uris(log_uri, known))
    _reached[log_uri] = last
    return last


def _check_clock(last: bytes, now: datetime, *, where: str) -> None:
    """Refuses to write after an entry from this machine's future; its signature is checked by who reads the log."""
    try:
        at = LogEntry.model_validate(read_json(base64.b64decode(read_json(last)["payload"]))["predicate"]).at
    except (ValueError, KeyError, TypeError) as error:
        raise TrustError("not a signed statement", where=where, fix="restore it from a backup") from error
    if now < at - SKEW:
        what = f"the last entry is dated {at:%Y-%m-%d %H:%M} UTC, but it is {now:%Y-%m-%d %H:%M} UTC here"
        raise TrustError(what, where=where, fix="set the clock that is wrong; nothing was written")
