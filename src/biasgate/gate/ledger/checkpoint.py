"""A checkpoint: how far the log reached, kept where who could cut the log's tail cannot write."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, Field

from biasgate.documents import Document, sha256
from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger import merkle
from biasgate.gate.ledger.chain import Head, onward
from biasgate.gate.ledger.entry import SKEW, VoidBody
from biasgate.storage import store

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring

LIMIT = 10_000
"""Largest checkpoint that is read, in bytes."""


class Checkpoint(Document):
    """The head of a log at a moment; since each entry names the one before, it stands for all of them.

    Attributes:
        entries: How many there were.
        digest: Of the bytes of the last.
        root: Of the Merkle tree over the bytes of all; absent in checkpoints of earlier versions.
        at: When it was taken.
    """

    schema_: Literal["biasgate/checkpoint/v1"] = Field(default="biasgate/checkpoint/v1", alias="schema")
    entries: int = Field(gt=0)
    digest: str
    root: str | None = None
    at: AwareDatetime


def take_checkpoint(log_uri: str, trusted: Keyring) -> Checkpoint:
    """The head of a log that verifies.

    Raises:
        TrustError: The log does not verify.
        InputError: It is empty.
    """
    return _checkpoint(log_uri, _survey(log_uri, trusted))


def check_against(log_uri: str, checkpoint: Checkpoint, trusted: Keyring) -> None:
    """Sees that a log that verifies still reaches the checkpoint, with the same entries up to it.

    What was written after a checkpoint cannot be dated before it: an entry that is was dated back, whoever signed it.

    Raises:
        TrustError: It does not.
    """
    _check(log_uri, checkpoint, _survey(log_uri, trusted))


def read_checkpoint(uri: str) -> Checkpoint:
    """A checkpoint from a file or S3.

    Raises:
        InputError: It is not there, or is none.
    """
    return Checkpoint.parse(store.read_bytes(uri, limit=LIMIT), where=uri)


def advance(log_uri: str, uri: str, trusted: Keyring, *, first: bool = False) -> Checkpoint:
    """Checks the log against the checkpoint that is kept, and keeps its present head instead.

    Args:
        log_uri: The log.
        uri: File or URI that keeps the checkpoint.
        trusted: Keys whose entries are accepted.
        first: Expects that none is kept yet.

    Raises:
        TrustError: The log was cut or changed, or the checkpoint is gone; nothing is written.
        InputError: One is kept already, though this was to be the first.
    """
    if not first and not store.exists(uri):
        raise TrustError("the kept checkpoint is gone", where=uri, fix="restore it; for a new log give --first once")
    kept = None if first else read_checkpoint(uri)
    log = _survey(log_uri, trusted)
    if kept:
        _check(log_uri, kept, log)
    taken = _checkpoint(log_uri, log)
    if kept:
        store.write_bytes(uri, taken.to_json())
    elif not store.put_if_absent(uri, taken.to_json()):
        raise InputError("a checkpoint is kept there already", where=uri, fix="leave out --first")
    return taken


def text_of(digest: bytes) -> str:
    """A digest as biasgate writes it."""
    return f"sha256:{digest.hex()}"


@dataclass(frozen=True)
class _Survey:
    """What a whole log that verifies amounts to, an item for each entry; the date of one that is void is None."""

    dates: list[datetime | None] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)


def _survey(log_uri: str, trusted: Keyring) -> _Survey:
    found = _Survey()
    for entry, data, _ in onward(log_uri, trusted, Head()):
        found.dates.append(None if isinstance(entry.body, VoidBody) else entry.at)
        found.digests.append(sha256(data))
        found.leaves.append(merkle.leaf(data))
    return found


def _checkpoint(log_uri: str, log: _Survey) -> Checkpoint:
    if not log.digests:
        raise InputError("the log is empty", where=log_uri, fix="check the URI")
    root, now = text_of(merkle.root(log.leaves)), datetime.now(UTC)
    if any(at and at > now + SKEW for at in log.dates):
        fix = "set the clock that is wrong; nothing was written"
        raise TrustError(f"an entry is dated later than now, {now:%Y-%m-%d %H:%M} UTC", where=log_uri, fix=fix)
    return Checkpoint(entries=len(log.digests), digest=log.digests[-1], root=root, at=now)


def _check(log_uri: str, kept: Checkpoint, log: _Survey) -> None:
    fix, on = "find out who changed it, and restore it from a backup", f"on {kept.at:%Y-%m-%d}"
    reached, before = len(log.digests), kept.entries
    if reached < before:
        what = f"the log ends at entry {reached}, but had {before} {on}: it was cut"
        raise TrustError(what, where=log_uri, fix=fix)
    root = None if kept.root is None else text_of(merkle.root(log.leaves[:before]))
    if log.digests[before - 1] != kept.digest or root != kept.root:
        raise TrustError(f"entry {before} is not the one that was there {on}", where=log_uri, fix=fix)
    if kept.at > datetime.now(UTC) + SKEW or any(at and at > kept.at + SKEW for at in log.dates[:before]):
        what = f"the checkpoint is dated {kept.at:%Y-%m-%d %H:%M} UTC, but cannot be from then"
        raise TrustError(what, where=log_uri, fix="take it from where it was kept, unchanged")
    for number, at in enumerate(log.dates[before:], start=before + 1):
        if at and at < kept.at - SKEW:
            what = f"entry {number} is dated {at:%Y-%m-%d %H:%M} UTC, but was not there yet {on}: it was dated back"
            raise TrustError(what, where=log_uri, fix="find out who signed it, and revoke the key")
