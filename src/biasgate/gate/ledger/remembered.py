"""What was read of a log before: its history up to a head, kept so that only newer entries are read.

It lies in a folder of this user (``BIASGATE_CACHE``, by default ``~/.cache/biasgate``; empty for none), and counts only

- under a seal (HMAC-SHA-256) by this user's own random secret, which lies elsewhere (``~/.local/state/biasgate``),
- for the same trusted keys with the same rules, by which entries were judged,
- for the same code, which added the history up,
- for the same log: the entry at its head still has the same bytes, and through the chain all entries before.

What fails the first three is as if it were not there. A log that does not reach the head any more was cut or replaced:
that is an error. Who can write this user's folders can do so too, and could as well replace biasgate.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

import biasgate
import biasgate.gate
from biasgate.documents import canonical_json, sha256
from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger.chain import Head, entry_uri
from biasgate.gate.ledger.envelope import LIMIT as ENTRY_LIMIT
from biasgate.gate.ledger.history import History
from biasgate.storage import store

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring

CACHE_VARIABLE = "BIASGATE_CACHE"
SEAL_BYTES = SECRET_BYTES = 32
LIMIT = 1_000_000_000
"""Largest file that is read, in bytes."""


@dataclass(frozen=True)
class Remembered:
    """What a log added up to when it was read last.

    Attributes:
        head: Where that reading ended.
        history: Of the entries up to there.
    """

    head: Head = field(default_factory=Head)
    history: History = field(default_factory=History)


_CODEC = TypeAdapter(Remembered)


def recall(log_uri: str, trusted: Keyring) -> Remembered:
    """What is remembered of a log by readers with these keys; the empty history when nothing is.

    Raises:
        TrustError: The log was cut, or replaced by another, since it was read.
    """
    found = _load(log_uri, trusted)
    if found is None:
        return Remembered()
    uri = entry_uri(log_uri, found.head.number)
    if not store.exists(uri) or sha256(store.read_bytes(uri, limit=ENTRY_LIMIT)) != found.head.digest:
        what = f"entry {found.head.number}, which was read here before, is gone or changed: the log was cut or replaced"
        fix = f"find out who did it and restore the log; if it was meant, remove {_file(log_uri)}"
        raise TrustError(what, where=uri, fix=fix)
    return found


def remember(log_uri: str, trusted: Keyring, known: Remembered) -> None:
    """Keeps what a log adds up to; a folder that cannot be written costs time at the next reading, and is no error."""
    file, secret = _file(log_uri), _secret()
    if file is None or secret is None:
        return
    data = _CODEC.dump_json(known)
    try:
        store.write_bytes(str(file), _seal(secret, _bound(log_uri, trusted), data) + data)
    except InputError:
        return


def _load(log_uri: str, trusted: Keyring) -> Remembered | None:
    """What is remembered, when its seal holds for this log, these keys and this code."""
    file, secret = _file(log_uri), _secret()
    if file is None or secret is None or not file.is_file():
        return None
    try:
        content = store.read_bytes(str(file), limit=LIMIT)
        seal, data = content[:SEAL_BYTES], content[SEAL_BYTES:]
        if not hmac.compare_digest(seal, _seal(secret, _bound(log_uri, trusted), data)):
            return None
        return _CODEC.validate_json(data)
    except (InputError, ValidationError):
        return None


def _seal(secret: bytes, bound: bytes, data: bytes) -> bytes:
    return hmac.digest(secret, hashlib.sha256(bound).digest() + data, "sha256")


def _bound(log_uri: str, trusted: Keyring) -> bytes:
    """What a memory is bound to: the log's place, the trusted keys with their rules, and the code that judges."""
    rules = {one: rule.model_dump(mode="json", by_alias=True) for one, rule in trusted.rules.items()}
    code = f"{biasgate.__version__} {_code()}"
    return canonical_json({"log": _place(log_uri), "keys": rules, "code": code})


@cache
def _code() -> str:
    """Digest of this room's source: a history that other rules added up is not ours."""
    (folder,) = map(Path, biasgate.gate.__path__)
    return sha256(b"".join(path.read_bytes() for path in sorted(folder.rglob("*.py"))))


def _file(log_uri: str) -> Path | None:
    """Where a log is remembered; None for nowhere."""
    named = os.environ.get(CACHE_VARIABLE)
    if named == "":
        return None
    folder = Path(named) if named else _home("XDG_CACHE_HOME", ".cache")
    return folder / "logs" / hashlib.sha256(_place(log_uri).encode()).hexdigest() if folder else None


def _secret() -> bytes | None:
    """This user's secret, made at its first use; None where none can be kept for this user alone."""
    folder = _home("XDG_STATE_HOME", ".local/state")
    if folder is None:
        return None
    file = folder / "cache-secret"
    try:
        if not file.exists():
            _make_secret(file)
        found = file.stat()
        mine = found.st_uid == os.geteuid() and not found.st_mode & 0o077 and found.st_size == SECRET_BYTES
        return file.read_bytes() if mine else None
    except OSError:
        return None


def _make_secret(file: Path) -> None:
    """Publishes a new secret whole, which its owner alone may read, unless another process was faster."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent) as draft:  # mode 0600
        draft.write(secrets.token_bytes(SECRET_BYTES))
        draft.flush()
        with suppress(FileExistsError):
            os.link(draft.name, file)


def _home(variable: str, usual: str) -> Path | None:
    """Biasgate's folder among the user's own of a kind (XDG base directories)."""
    named = os.environ.get(variable, "")
    try:
        base = Path(named) if Path(named).is_absolute() else Path.home() / usual
    except RuntimeError:
        return None
    return base / "biasgate"


def _place(log_uri: str) -> str:
    """Where a log lies: a bucket's name alone may stand for one on each of several servers."""
    if not store.is_remote(log_uri):
        return str(Path(log_uri).resolve())
    servers = (os.environ.get(name, "") for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"))
    return " ".join((*servers, log_uri.rstrip("/")))
