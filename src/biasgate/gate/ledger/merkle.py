"""Merkle trees over the entries of a log: one digest for all, and short proofs that an entry is among them.

Source: RFC 6962, section 2.1 (the hashes are the same in RFC 9162). A leaf is SHA-256 of a zero byte and the data; a
node, SHA-256 of a one byte and the nodes below, the left of which holds the largest power of two leaves that is fewer
than all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf(data: bytes) -> bytes:
    """The leaf of an entry's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over some leaves."""
    return _root(leaves, 0, len(leaves)) if leaves else hashlib.sha256().digest()


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The nodes that lead from a leaf to the root: an inclusion proof of about log₂ n digests.

    Args:
        leaves: All leaves.
        index: Of the leaf, from 0.
    """
    start, end, nodes = 0, len(leaves), list[bytes]()
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            nodes.append(_root(leaves, middle, end))
            end = middle
        else:
            nodes.append(_root(leaves, start, middle))
            start = middle
    return nodes[::-1]


def root_by(proof: Sequence[bytes], data: bytes, *, index: int, size: int) -> bytes | None:
    """The root that an inclusion proof leads to; None when the proof does not fit a tree of this size.

    Args:
        proof: Nodes from the leaf's neighbour up.
        data: The entry's bytes.
        index: Of the leaf, from 0.
        size: How many leaves the tree has.
    """
    place, last, node = index, size - 1, leaf(data)
    if not 0 <= place <= last:
        return None
    for other in proof:
        if last == 0:
            return None
        if place % 2 or place == last:
            node = _node(other, node)
            while place and place % 2 == 0:
                place, last = place // 2, last // 2
        else:
            node = _node(node, other)
        place, last = place // 2, last // 2
    return node if last == 0 else None


def _root(leaves: Sequence[bytes], start: int, end: int) -> bytes:
    if end - start == 1:
        return leaves[start]
    middle = start + _left(end - start)
    return _node(_root(leaves, start, middle), _root(leaves, middle, end))


def _left(size: int) -> int:
    """How many of so many leaves, at least two, lie on the left."""
    return 1 << (size - 1).bit_length() - 1


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
