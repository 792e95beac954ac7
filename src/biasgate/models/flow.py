"""Values within a network, by the affine layers that they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate


@dataclass(frozen=True)
class Flow:
    """A value within a network, by the affine layers that it comes from.

    Attributes:
        sources: The layers whose outputs are summed in it if every rectifier lets through, by their place from 0 on;
            one that is summed twice is there twice. Empty for a sample itself.
        words: How it is made of them, layers counted from 1: ``relu(2+1)``.
    """

    sources: tuple[int, ...]
    words: str

    @classmethod
    def of(cls, layer: int) -> Flow:
        """What a layer gives."""
        return cls((layer,), str(layer + 1))

    def __add__(self, other: Flow) -> Flow:
        """The sum of two values, the same whichever comes first."""
        return Flow(tuple(sorted(self.sources + other.sources)), "+".join(sorted((self.words, other.words))))

    def rectified(self) -> Flow:
        """The value without what is below zero; a second time nothing changes."""
        return self if _is_rectified(self.words) else replace(self, words=f"relu({self.words})")

    def weighed_by(self, first: Flow, second: Flow) -> Flow:
        """Means of the value over places, as a softmax of the product of two others weighs them."""
        pair = "·".join(sorted((first.words, second.words)))
        return replace(self, words=f"attention({pair}; {self.words})")


def _is_rectified(words: str) -> bool:
    """Whether one rectifier lies around all else."""
    depths = accumulate((letter == "(") - (letter == ")") for letter in words[len("relu") : -1])
    return words.startswith("relu(") and all(depths)


SAMPLE = Flow((), "sample")

Wiring = tuple[Flow, ...]
"""Of each affine layer, in the order of the forward pass, the value that it takes."""


def in_a_row(wiring: Wiring) -> bool:
    """Whether each layer takes what the one before it gives, and nothing else."""
    return all(flow.sources == ((place - 1,) if place else ()) for place, flow in enumerate(wiring))
