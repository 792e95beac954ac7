"""What dropout leaves, drawn for many networks ahead of their steps; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

AHEAD = 1 << 20
"""Values of one network that are drawn at once: one launch for the steps of a while."""


class Dropout:
    """Dropout for ``m`` networks, each from its own generator."""

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self._generators = generators
        self._kept: dict[str, Iterator[Tensor]] = {}

    def __call__(self, name: str, x: Tensor, rate: float) -> Tensor:
        """The layer's values ``[m, batch, ...]``, of which ``rate`` are zero and the others scaled up."""
        kept = next(self._kept.get(name, iter(())), None)
        if kept is None:
            self._kept[name] = self._draw(x, rate)
            kept = next(self._kept[name])
        return x * kept / (1 - rate)

    def _draw(self, x: Tensor, rate: float) -> Iterator[Tensor]:
        steps = max(1, AHEAD // x[0].numel())
        draws = [torch.rand((steps, *x.shape[1:]), generator=g, device=x.device) >= rate for g in self._generators]
        return iter(torch.stack(draws, dim=1).to(x.dtype))
