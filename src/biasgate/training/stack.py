"""Many networks of one architecture as one: parameters stacked on a first axis; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from biasgate.models.layer import Layer, Placed
from biasgate.models.network import Network
from biasgate.models.shapes import placed
from biasgate.models.stacked import StackedLayer
from biasgate.training.batch import Batch
from biasgate.training.dropout import Dropout
from biasgate.training.kernels.interface import kernels_for

ALIGNED = 64
"""Rows of such lengths are computed on alike wherever they lie, so no network depends on where it is in the stack."""

Step = tuple[Layer, StackedLayer]


class Stack:
    """``m`` networks of one architecture that learn together, each as it would alone.

    Attributes:
        rows: Each network's parameters, flat, and zeros up to a multiple of ``ALIGNED``: ``float32 [m, values]``.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        *,
        generators: Sequence[torch.Generator],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        """Copies the networks' weights to ``device``, in single precision; ``dtype`` is what layers are computed in.

        The generators draw each network's dropout.
        """
        self._networks, self._dtype, self._dropout = networks, dtype, Dropout(generators)
        self._kernels = kernels_for(device)
        values = torch.stack([parameters_to_vector(network.parameters()).detach() for network in networks])
        self._blank = values.new_zeros(len(values), -values.shape[1] % ALIGNED).to(device)
        self.rows = torch.cat([values.to(device), self._blank], dim=1)
        self._leaves = {name: leaf.requires_grad_() for name, leaf in _by_parameter(networks[0], self.rows)}
        buffers = [dict(network.named_buffers()) for network in networks]
        self._buffers = {name: torch.stack([b[name] for b in buffers]).to(device) for name in buffers[0]}
        self._steps = self._chain(placed(networks[0].architecture), within="")

    def __call__(self, batch: Batch) -> Tensor:
        """Logits in training ``float32 [m, batch, classes]``."""
        layer, first = self._steps[0]
        x = layer.stacked_on_grey(batch, first)
        if x is None:
            return _run(self._steps, batch.images().to(self._dtype)).float()
        return _run(self._steps[1 if first.window == 1 else 2 :], x).float()

    def gradients(self, losses: Tensor) -> Tensor:
        """Those of each network's own loss ``[m]`` by its row of parameters, ``[m, parameters]``."""
        found = torch.autograd.grad(losses.sum(), list(self._leaves.values()))
        return torch.cat([*(gradient.flatten(1) for gradient in found), self._blank], dim=1)

    def store(self) -> None:
        """Writes parameters and batch statistics back into the networks."""
        rows, buffers = self.rows.cpu(), {name: values.cpu() for name, values in self._buffers.items()}
        for place, network in enumerate(self._networks):
            with torch.no_grad():
                vector_to_parameters(rows[place], network.parameters())
                for name, buffer in network.named_buffers():
                    buffer.copy_(buffers[name][place])

    def _chain(self, chain: Sequence[Placed], *, within: str) -> list[Step]:
        """The steps of a chain that the module ``within`` holds."""
        ordered = _maxima_first(chain)
        windows = [*(part.layer.window for part in ordered[1:]), 1]
        return [
            (part.layer, self._layer(part, f"{within}{part.name}", window))
            for part, window in zip(ordered, windows, strict=False)
        ]

    def _layer(self, part: Placed, name: str, window: int) -> StackedLayer:
        branches = part.layer.branches(part.before)
        return StackedLayer(
            parameters=_of(self._leaves, name),
            buffers=_of(self._buffers, name),
            dtype=self._dtype,
            window=window,
            kernels=self._kernels,
            drop=partial(self._dropout, name),
            branches={
                branch: partial(_run, self._chain(chain, within=f"{name}.")) for branch, chain in branches.items()
            },
        )


def _run(steps: Sequence[Step], x: Tensor) -> Tensor:
    for layer, stack in steps:
        x = layer.stacked(x, stack)
    return x


def _maxima_first(chain: Sequence[Placed]) -> list[Placed]:
    """The layers, each that only increases moved behind a maximum that follows it.

    Both orders compute the same function; this one rectifies only what the pool lets through.
    """
    ordered = list(chain)
    for place in range(len(ordered) - 1):
        first, second = ordered[place : place + 2]
        if first.layer.increases and second.layer.window > 1:
            ordered[place : place + 2] = second, first
    return ordered


def _of(tensors: Mapping[str, Tensor], module: str) -> dict[str, Tensor]:
    """Those of one module, by their name within it."""
    return {
        name.removeprefix(f"{module}."): tensor for name, tensor in tensors.items() if name.startswith(f"{module}.")
    }


def _by_parameter(network: Network, rows: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Flat rows ``[m, parameters]`` as views ``[m, *shape]``, one a parameter of the network."""
    start = 0
    for name, parameter in network.named_parameters():
        end = start + parameter.numel()
        yield name, rows[:, start:end].unflatten(1, parameter.shape)
        start = end
