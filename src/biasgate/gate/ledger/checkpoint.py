"""A checkpoint: how far the log reached, kept where who could cut the log's tail cannot write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, Field

from biasgate.documents import Document
from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger import merkle
from biasgate.gate.ledger.chain import Head, onward
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
    return _checkpoint(log_uri, *_surveyed(log_uri, trusted))


def check_against(log_uri: str, checkpoint: Checkpoint, trusted: Keyring) -> None:
    """Sees that a log that verifies still reaches the checkpoint, with the same entries up to it.

    Raises:
        TrustError: It does not.
    """
    heads, leaves = _surveyed(log_uri, trusted)
    _check(log_uri, checkpoint, heads, leaves)


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
    digests, leaves = _surveyed(log_uri, trusted)
    if kept:
        _check(log_uri, kept, digests, leaves)
    taken = _checkpoint(log_uri, digests, leaves)
    if kept:
        store.write_bytes(uri, taken.to_json())
    elif not store.put_if_absent(uri, taken.to_json()):
        raise InputError("a checkpoint is kept there already", where=uri, fix="leave out --first")
    return taken


def text_of(digest: bytes) -> str:
    """A digest as biasgate writes it."""
    return f"sha256:{digest.hex()}"


def _surveyed(log_uri: str, trusted: Keyring) -> tuple[list[str | None], list[bytes]]:
    """The digest and the leaf of every entry, each verified."""
    digests, leaves = list[str | None](), list[bytes]()
    for _, data, head in onward(log_uri, trusted, Head()):
        digests.append(head.digest)
        leaves.append(merkle.leaf(data))
    return digests, leaves


def _checkpoint(log_uri: str, digests: Sequence[str | None], leaves: Sequence[bytes]) -> Checkpoint:
    if not digests or digests[-1] is None:
        raise InputError("the log is empty", where=log_uri, fix="check the URI")
    root = text_of(merkle.root(leaves))
    return Checkpoint(entries=len(digests), digest=digests[-1], root=root, at=datetime.now(UTC))


def _check(log_uri: str, kept: Checkpoint, digests: Sequence[str | None], leaves: Sequence[bytes]) -> None:
    reached, fix = len(digests), "find out who changed it, and restore it from a backup"
    if reached < kept.entries:
        what = f"the log ends at entry {reached}, but had {kept.entries} on {kept.at:%Y-%m-%d}: it was cut"
        raise TrustError(what, where=log_uri, fix=fix)
    same = digests[kept.entries - 1] == kept.digest
    if not same or kept.root not in (None, text_of(merkle.root(leaves[: kept.entries]))):
        what = f"entry {kept.entries} is not the one that was there on {kept.at:%Y-%m-%d}"
        raise TrustError(what, where=log_uri, fix=fix)
