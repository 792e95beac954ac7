"""Looks: how often a test split was used to measure a candidate, in whatever form its rows are given.

A look is one candidate at one test split, once, however often it is repeated. Two splits are one when they have rows in
common: a split in another order, without some rows, with rows twice, or with small changes to them shares the looks of
the split that it comes from. Rows are compared by digests of their samples, a sample of which lies in the log's folder
``rows`` under its own digest, which the look names: entries stay small, and each split is stored once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biasgate.documents import sha256
from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger.entry import LookBody
from biasgate.gate.ledger.history import History
from biasgate.gate.ledger.log import append, read_history
from biasgate.storage import store

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey

MOST_ROWS = 131_072
"""Rows that a split is known by: all of a smaller one's, else those with the smallest digests."""
SHARED = 0.1
"""Splits are one when this share of the rows of one is in the other: nine rows in ten must be new for a new split."""
_BYTES = 8


def take_look(
    log_uri: str, *, data: str, rows: NDArray[np.uint64], name: str, digest: str, key: SigningKey, trusted: Keyring
) -> int:
    """Writes down a look at a test split before it is taken, unless it was written before.

    Args:
        log_uri: The log.
        data: Digest of the test split.
        rows: Digests of its rows, in any order.
        name: The gate-owned model that the candidate is meant for.
        digest: Digest of the candidate's package.
        key: A gate's.
        trusted: Keys whose entries are accepted.

    Returns:
        Which look at the split this is, from 1; exact even when others look at the same time, and the same however
        often a candidate is measured.

    Raises:
        TrustError: The log does not verify, or the key may not say it.
    """
    trusted.check(key, "gate")
    if (earlier := look_number(log_uri, read_history(log_uri, trusted), data=data, digest=digest)) is not None:
        return earlier
    body = LookBody(name=name, digest=digest, data=data, rows=_keep(log_uri, _sample(rows)))
    append(log_uri, body, key=key)
    number = look_number(log_uri, read_history(log_uri, trusted), data=data, digest=digest)
    if number is None:
        raise TrustError("the look that was written does not count", where=log_uri, fix="see `biasgate log show`")
    return number


def look_number(log_uri: str, history: History, *, data: str, digest: str, before: int | None = None) -> int | None:
    """Which look this candidate's was at a test split, or at one that shares its rows; None when there was none.

    Args:
        log_uri: The log, which holds the samples of rows.
        history: What its entries add up to.
        data: Digest of the test split.
        digest: Digest of the candidate's package.
        before: Number of an entry that the look must precede, if any.

    Raises:
        TrustError: A sample of rows is gone, or is not the one that was stored.
    """
    mine = history.looks.get(data, {}).get(digest)
    if mine is None or (before is not None and mine >= before):
        return None
    rows = history.rows
    one = [split for split in history.looks if split == data or _is_shared(log_uri, rows.get(split), rows.get(data))]
    return sum(number <= mine for split in one for number in history.looks[split].values())


def next_look(log_uri: str, history: History, *, data: str, rows: NDArray[np.uint64], digest: str) -> int:
    """Which look a candidate's would be, were it taken now; that which it took already, if it did.

    Args:
        log_uri: The log, which holds the samples of rows.
        history: What its entries add up to.
        data: Digest of the test split.
        rows: Digests of its rows, in any order.
        digest: Digest of the candidate's package.

    Raises:
        TrustError: A sample of rows is gone, or is not the one that was stored.
    """
    if (taken := look_number(log_uri, history, data=data, digest=digest)) is not None:
        return taken
    mine, kept = _sample(rows), history.rows
    one = [
        split
        for split in history.looks
        if split == data or (split in kept and shared_rows(mine, _kept(log_uri, kept[split])) >= SHARED)
    ]
    return 1 + sum(len(history.looks[split]) for split in one)


def shared_rows(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """Which share of the rows of the smaller of two splits is in the other; rows that stand twice count once.

    Exact up to ``MOST_ROWS`` different rows each. A larger split is known by its smallest digests alone, which are a
    random draw of its rows: with a share p of n compared rows, the standard error is √(p (1 − p) / n). Where no row can
    be compared, all count as shared.

    Args:
        one: Digests of rows, ascending, each once.
        other: The same of another split.
    """
    reach = min(_reach(one), _reach(other))
    few, many = sorted((one[one <= reach], other[other <= reach]), key=len)
    return float(np.isin(few, many, assume_unique=True).mean()) if len(few) else 1.0


def _reach(rows: NDArray[np.uint64]) -> np.uint64:
    """Up to which digest a sample holds all rows of its split."""
    return rows[-1] if len(rows) >= MOST_ROWS else np.uint64(2**64 - 1)


def _sample(rows: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return np.unique(rows)[:MOST_ROWS]


def _is_shared(log_uri: str, one: str | None, other: str | None) -> bool:
    """Whether two splits are one; a look of an earlier version says nothing of its rows."""
    return bool(one and other) and shared_rows(_kept(log_uri, one), _kept(log_uri, other)) >= SHARED


def _keep(log_uri: str, rows: NDArray[np.uint64]) -> str:
    """Stores a sample of rows under its digest, which it gives."""
    content = rows.astype("<u8").tobytes()
    name = sha256(content)
    if not store.put_if_absent(_uri(log_uri, name), content):
        _read(log_uri, name)
    return name


@lru_cache(maxsize=64)
def _kept(log_uri: str, name: str) -> NDArray[np.uint64]:
    return np.frombuffer(_read(log_uri, name), dtype="<u8").astype(np.uint64)


def _read(log_uri: str, name: str) -> bytes:
    uri, fix = _uri(log_uri, name), "restore it from a backup: looks at this split cannot be counted without it"
    try:
        content = store.read_bytes(uri, limit=MOST_ROWS * _BYTES)
    except InputError as error:
        raise TrustError(
            f"the digests of a test split's rows cannot be read: {error.what}", where=uri, fix=fix
        ) from error
    if sha256(content) != name:
        raise TrustError("these are not the digests of rows that a look names", where=uri, fix=fix)
    return content


def _uri(log_uri: str, name: str) -> str:
    return store.join(log_uri, "rows", name.removeprefix("sha256:"))
