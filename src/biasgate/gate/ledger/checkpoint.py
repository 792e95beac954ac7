"""A checkpoint: how far the log reached, kept where who could cut the log's tail cannot write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, Field

from biasgate.documents import Document, sha256
from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger.log import envelope, read_log
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
        at: When it was taken.
    """

    schema_: Literal["biasgate/checkpoint/v1"] = Field(default="biasgate/checkpoint/v1", alias="schema")
    entries: int = Field(gt=0)
    digest: str
    at: AwareDatetime


def take_checkpoint(log_uri: str, trusted: Keyring) -> Checkpoint:
    """The head of a log that verifies.

    Raises:
        TrustError: The log does not verify.
        InputError: It is empty.
    """
    entries = read_log(log_uri, trusted)
    if not entries:
        raise InputError("the log is empty", where=log_uri, fix="check the URI")
    return Checkpoint(entries=len(entries), digest=sha256(envelope(log_uri, len(entries))), at=datetime.now(UTC))


def check_against(log_uri: str, checkpoint: Checkpoint, trusted: Keyring) -> None:
    """Sees that a log that verifies still reaches the checkpoint, with the same entries up to it.

    Raises:
        TrustError: It does not.
    """
    reached, fix = len(read_log(log_uri, trusted)), "find out who changed it, and restore it from a backup"
    if reached < checkpoint.entries:
        what = f"the log ends at entry {reached}, but had {checkpoint.entries} on {checkpoint.at:%Y-%m-%d}: it was cut"
        raise TrustError(what, where=log_uri, fix=fix)
    if sha256(envelope(log_uri, checkpoint.entries)) != checkpoint.digest:
        what = f"entry {checkpoint.entries} is not the one that was there on {checkpoint.at:%Y-%m-%d}"
        raise TrustError(what, where=log_uri, fix=fix)


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
    if store.exists(uri) is first:
        if first:
            raise InputError("a checkpoint is kept there already", where=uri, fix="leave out --first")
        raise TrustError("the kept checkpoint is gone", where=uri, fix="restore it; for a new log give --first once")
    if not first:
        check_against(log_uri, read_checkpoint(uri), trusted)
    taken = take_checkpoint(log_uri, trusted)
    store.write_bytes(uri, taken.to_json())
    return taken
