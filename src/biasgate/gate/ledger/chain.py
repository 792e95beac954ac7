"""The chain: entries in the order of their numbers, each naming the bytes of the one before.

Entry n lies at ``entries/<n, twelve digits>.json``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from biasgate.documents import sha256
from biasgate.errors import TrustError
from biasgate.gate.ledger.entry import SKEW, LogEntry, VoidBody
from biasgate.gate.ledger.envelope import LIMIT, unseal, void
from biasgate.progress import track
from biasgate.storage import store

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring

MANY = 5_000
"""From so many entries on, reading them is worth a progress bar."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a verified part of a log ends; the first entry follows the empty head.

    Attributes:
        number: Of its last entry.
        digest: Of that entry's bytes; through the chain it stands for all entries before.
        latest: The latest date of an entry that counts, up to here.
    """

    number: int = 0
    digest: str | None = None
    latest: datetime | None = None


def onward(log_uri: str, trusted: Keyring, head: Head) -> Iterator[tuple[LogEntry, bytes, Head]]:
    """The entries after a head, each verified, with its bytes and the head that it makes.

    An entry counts for nothing, and has a ``VoidBody``, when its key may not say it, or when it is dated before an
    entry that precedes it by more than ``SKEW``: a signer's date is not believed, or a key that ended could sign for
    ever by dating back.

    Raises:
        TrustError: A signature, a digest or a link does not verify; names the first bad entry.
    """
    uris = later_uris(log_uri, head.number)
    contents = store.read_each(uris, limit=LIMIT)
    if len(uris) >= MANY:
        contents = track(contents, "reading the log", total=len(uris), unit="entries")
    for uri, data in zip(uris, contents, strict=True):
        entry = unseal(data, trusted, where=uri)
        if (entry.number, entry.previous) != (head.number + 1, head.digest):
            raise TrustError("the chain is broken: this is not the successor of the entry before", where=uri)
        entry = _dated(entry, head.latest or entry.at)
        latest = head.latest if isinstance(entry.body, VoidBody) else max(head.latest or entry.at, entry.at)
        head = Head(number=entry.number, digest=sha256(data), latest=latest)
        yield entry, data, head


def entry_uri(log_uri: str, number: int) -> str:
    """Where an entry lies."""
    return store.join(log_uri, "entries", f"{number:012d}.json")


def later_uris(log_uri: str, number: int) -> list[str]:
    """The URIs of the entries after one with a number, in order.

    Raises:
        TrustError: A number is missing, or something else lies there.
    """
    after = entry_uri(log_uri, number) if number else ""
    found = store.list_uris(store.join(log_uri, "entries"), after=after)
    for wanted, uri in enumerate(found, start=number + 1):
        if uri.rsplit("/", 1)[-1] != f"{wanted:012d}.json":
            raise TrustError(f"entry {wanted} is missing", where=log_uri, fix="restore it from a backup")
    return found


def _dated(entry: LogEntry, latest: datetime) -> LogEntry:
    """The entry; void when it is dated before those that precede it."""
    if entry.at >= latest - SKEW:
        return entry
    why = f"it is dated {entry.at:%Y-%m-%d %H:%M} UTC, before the entry of {latest:%Y-%m-%d %H:%M} that precedes it"
    return void(entry, why, revoked=False)
