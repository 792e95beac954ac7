"""Graph files that are cut, damaged or overlong."""

from __future__ import annotations

import pickle
from pathlib import Path

from hostile.archive import Payload, zipped
from hostile.candidate import flipped, good, graph
from hostile.case import CANARY, Named


def cases() -> Named:
    data = good()
    for cut in range(16):
        yield f"cut at {cut}/16", graph(data[: len(data) * cut // 16]), True
    for seed in range(24):
        yield f"bits turned, {seed}", graph(flipped(data, seed, head=400)), False
    yield "a pickle", graph(pickle.dumps(Payload(Path(CANARY)))), True
    yield "a zip archive", graph(zipped({"data.pkl": b"x"})), True
    yield "text", graph(b"model: please\n" * 99), True
    yield "a length that overflows", graph(b"\x3a" + b"\xff" * 9 + b"\x7f"), True
    yield "a length beyond the file", graph(b"\x3a\xff\xff\xff\x7f\x0a"), True
    yield "two million empty nodes", graph(b"\x3a" + varint(4_000_000) + b"\x0a\x00" * 2_000_000), True
    yield "graphs within graphs, ten thousand deep", graph(nested_messages(10_000)), True
    yield "packed integers, eighty million", graph(packed(80_000_000)), True


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def nested_messages(depth: int) -> bytes:
    """graph { node { attribute { g { node { … } } } } }, built from the inside."""
    inner = b""
    for _ in range(depth):
        for field in (b"\x32", b"\x2a", b"\x0a"):  # g of an attribute, attribute of a node, node of a graph
            inner = field + varint(len(inner)) + inner
    return b"\x3a" + varint(len(inner)) + inner


def packed(count: int) -> bytes:
    """An initializer of so many one-byte integers that each take eight in memory."""
    numbers = b"\x3a" + varint(count) + bytes(count)  # int64_data
    tensor = b"\x2a" + varint(len(numbers)) + numbers
    return b"\x3a" + varint(len(tensor)) + tensor
