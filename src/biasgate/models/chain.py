"""Layers one after another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from biasgate.errors import InputError
from biasgate.models.layer import Layer, Placed, Shape

MAX_VALUES = 1 << 26
"""Most values that one sample may have after a layer: what a card declares must not exhaust memory."""


def place(layers: Iterable[Layer], before: Shape, *, name: str, where: str) -> list[Placed]:
    """The layers in their places.

    Args:
        layers: In the order of the forward pass.
        before: Shape of one sample that reaches the first.
        name: Of the module that holds them.
        where: The same for people.

    Raises:
        InputError: A layer does not fit what reaches it; names the layer.
    """
    placed: list[Placed] = []
    for index, layer in enumerate(layers):
        at = f"{where}.{index}"
        after = layer.shape(before, where=at)
        if math.prod(after) > MAX_VALUES:
            raise InputError(f"{layer.kind} gives {after}: over {MAX_VALUES:,} values", where=at)
        placed.append(Placed(f"{name}.{index}", layer, before, after))
        before = after
    return placed


def leaves(chain: Iterable[Placed]) -> Iterator[Placed]:
    """The layers that hold no others, those within layers too, named from the module that holds the chain."""
    for held in chain:
        branches = held.layer.branches(held.before)
        if not branches:
            yield held
        for branch in branches.values():
            for leaf in leaves(branch):
                yield replace(leaf, name=f"{held.name}.{leaf.name}")
