"""Many networks of one architecture as one: parameters stacked on a first axis; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from biasgate.models.network import Network, ResidualBlock
from biasgate.training.dropout import Dropout
from biasgate.training.kernels.interface import Image, Norm, kernels_for
from biasgate.training.kernels.maximum import maximum
from biasgate.training.pool import Batch

ALIGNED = 64
"""Rows of such lengths are computed on alike wherever they lie, so no network depends on where it is in the stack."""


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
        self._layers = _ordered(networks[0].layers.named_children(), "layers.")

    def __call__(self, batch: Batch) -> Tensor:
        """Logits in training ``float32 [m, batch, classes]``."""
        name, first = self._layers[0]
        after = self._layers[1][1] if len(self._layers) > 1 else None
        window = _side(after) if isinstance(after, nn.MaxPool2d) else 1
        x = self._tinted(name, first, batch, window) if isinstance(first, nn.Conv2d) else None
        if x is None:
            return self._run(self._layers, batch.images().to(self._dtype)).float()
        return self._run(self._layers[1 if window == 1 else 2 :], x).float()

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

    def _run(self, layers: Sequence[tuple[str, nn.Module]], x: Tensor) -> Tensor:
        following = [module for _, module in layers[1:]]
        for (name, module), after in zip(layers, [*following, nn.Identity()], strict=True):
            if isinstance(module, nn.Conv2d) and isinstance(after, nn.MaxPool2d):
                x = _needed(x, module, _side(after))
            x = self._layer(name, module, x)
        return x

    def _layer(self, name: str, module: nn.Module, x: Tensor) -> Tensor:
        match module:
            case nn.Conv2d():
                return self._kernels.convolve(x, *self._affine(name), module)
            case nn.MaxPool2d():
                return self._kernels.max_pool(x, _side(module))
            case nn.AvgPool2d():
                return _mean_pool(x, _side(module))
            case nn.AdaptiveAvgPool2d():
                return x.mean(dim=(2, 3), keepdim=True)
            case nn.BatchNorm2d():
                return self._normalise(name, module, x)
            case nn.ReLU():
                return x.relu()
            case nn.Flatten():
                return x.movedim(-1, 2).flatten(2)
            case nn.Linear():
                weight, bias = self._affine(name)
                return torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))
            case nn.Dropout():
                return self._dropout(name, x, module.p)
            case ResidualBlock():
                body = self._run(_ordered(module.body.named_children(), f"{name}.body."), x)
                return body + self._layer(f"{name}.skip", module.skip, x)
            case nn.Identity():
                return x
            case _:
                raise NotImplementedError(type(module).__name__)

    def _tinted(self, name: str, module: nn.Conv2d, batch: Batch, window: int) -> Image | None:
        """A first convolution of images that are one colour each, for a third of the work.

        Convolution is linear in colour: ``conv(grey ⊗ colour, W) = conv(grey, Σ_c colour_c W_c)``, so each grey image
        meets a kernel of its own. The normalisation folds into kernel and bias.
        """
        (kernel, _), (stride, _) = module.kernel_size, module.stride
        if any(module.padding) or max(module.dilation) > 1 or batch.colours is None:
            return None
        patches = batch.patches(kernel, stride, window, dtype=self._dtype)
        if patches is None:
            return None
        m, b = batch.rows.shape
        weight = self._leaves[f"{name}.weight"]
        by_colour = weight.permute(0, 2, 3, 4, 1).reshape(m, 3, -1)
        tinted = torch.bmm(batch.colours * batch.scale[:, None, None], by_colour).view(m, b, kernel**2, -1)
        level = self._leaves[f"{name}.bias"] + batch.offset[:, None] * weight.sum(dim=(2, 3, 4))
        kernels = torch.cat([tinted, level[:, None, None].expand(-1, b, -1, -1)], dim=2).to(self._dtype)
        kernels = pad(kernels, (0, 0, 0, patches.shape[-1] - kernels.shape[2])).flatten(0, 1)
        axis = self._kernels.WINDOW_AXIS
        if axis == 0:
            kernels = kernels.repeat(len(patches), 1, 1)
        products = torch.bmm(patches.view(len(kernels), -1, patches.shape[-1]), kernels)
        return maximum(products.view(*patches.shape[:-1], -1), axis=axis)

    def _affine(self, name: str) -> tuple[Tensor, Tensor]:
        return self._leaves[f"{name}.weight"].to(self._dtype), self._leaves[f"{name}.bias"].to(self._dtype)

    def _normalise(self, name: str, module: nn.BatchNorm2d, x: Image) -> Image:
        self._buffers[f"{name}.num_batches_tracked"] += 1
        affine = self._leaves[f"{name}.weight"], self._leaves[f"{name}.bias"]
        statistics = self._buffers[f"{name}.running_mean"], self._buffers[f"{name}.running_var"]
        return self._kernels.normalise(x, Norm(*affine, *statistics, module))


def _side(module: nn.MaxPool2d | nn.AvgPool2d) -> int:
    return cast(int, module.kernel_size)


def _needed(x: Image, module: nn.Conv2d, pool: int) -> Image:
    """What is left of the images when the rows and columns that only an incomplete pooling window sees are cut off."""
    if any(module.padding):
        return x
    reach, stride = module.dilation[0] * (module.kernel_size[0] - 1) + 1, module.stride[0]
    height, width = (((side - reach) // stride + 1) // pool * pool for side in x.shape[2:4])
    return x[:, :, : (height - 1) * stride + reach, : (width - 1) * stride + reach]


def _mean_pool(x: Image, size: int) -> Image:
    height, width = (side // size for side in x.shape[2:4])
    cut = x[:, :, : height * size, : width * size]
    return cut.unflatten(3, (width, size)).unflatten(2, (height, size)).mean(dim=(3, 5))


def _ordered(layers: Iterable[tuple[str, nn.Module]], prefix: str) -> list[tuple[str, nn.Module]]:
    """The layers by their full name, with each ReLU that a max-pool follows moved behind it.

    Both orders compute the same function; this one rectifies only what the pool lets through.
    """
    ordered = [(f"{prefix}{name}", module) for name, module in layers]
    for place in range(len(ordered) - 1):
        first, second = ordered[place : place + 2]
        if isinstance(first[1], nn.ReLU) and isinstance(second[1], nn.MaxPool2d):
            ordered[place : place + 2] = second, first
    return ordered


def _by_parameter(network: Network, rows: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Flat rows ``[m, parameters]`` as views ``[m, *shape]``, one a parameter of the network."""
    start = 0
    for name, parameter in network.named_parameters():
        end = start + parameter.numel()
        yield name, rows[:, start:end].unflatten(1, parameter.shape)
        start = end
