"""ONNX operators as torch computes them, one entry each; importing this module imports torch.

An entry is a function of ``operators/`` marked with ``operator``: from the node and the tensors that it takes, None for
those left out, to what it gives. All floats are single precision, whatever the graph says. No entry follows anything
but numbers: there is no code of a model to run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from torch import Tensor

MOST_VALUES = 1 << 28
"""Most values of one tensor: 1 GiB of floats."""
PLAIN = ("", "ai.onnx")
"""Names of the domain of ONNX's own operators."""

Compute = Callable[..., Tensor | tuple[Tensor, ...]]


@dataclass(frozen=True, eq=False)
class Node:
    """What a node says beside its tensors.

    Attributes:
        kind: Its operator, behind the domain where that is not ONNX's own.
        attributes: As ONNX's helper reads them, text as text.
        opset: Version of the operator's domain.
        outputs: How many values it gives.
    """

    kind: str
    attributes: Mapping[str, Any]
    opset: int
    outputs: int

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)

    def numbers(self, name: str, given: Tensor | None, default: Any = None) -> Any:
        """What older versions have as an attribute and newer ones as an input, as plain numbers."""
        return self.attributes.get(name, default) if given is None else given.tolist()

    def axes(self, given: Tensor | None) -> list[int]:
        """The attribute or input ``axes``; empty where neither is there."""
        found = self.numbers("axes", given)
        return [] if found is None else [int(axis) for axis in (found if isinstance(found, Sequence) else [found])]


@dataclass(frozen=True)
class Operator:
    """An entry.

    Attributes:
        compute: From node and tensors to what it gives.
        learns: Places of inputs that are weights where the graph stores them.
    """

    compute: Compute
    learns: tuple[int, ...]


_FOUND: dict[str, Operator] = {}


def operator(*kinds: str, learns: tuple[int, ...] = ()) -> Callable[[Compute], Compute]:
    """Marks the function that computes these operators.

    Args:
        kinds: Their names; behind the domain and a dot where that is not ONNX's own.
        learns: See ``Operator``.
    """

    def entered(compute: Compute) -> Compute:
        _FOUND.update(dict.fromkeys(kinds, Operator(compute, learns)))
        return compute

    return entered


@cache
def operators() -> Mapping[str, Operator]:
    """All entries, by the operator's name."""
    package = import_module("biasgate.models.operators")
    for found in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{found.name}")
    return _FOUND


def kind_of(domain: str, name: str) -> str:
    """What an operator is called here."""
    return name if domain in PLAIN else f"{domain}.{name}"


def bounded(shape: Iterable[int]) -> tuple[int, ...]:
    """A shape that may be allocated.

    Raises:
        ValueError: It has more than ``MOST_VALUES`` values.
    """
    sizes = tuple(int(size) for size in shape)
    if math.prod(sizes) > MOST_VALUES:
        raise ValueError(f"a tensor of shape {list(sizes)} is too large")
    return sizes
