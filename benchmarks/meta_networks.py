"""Peers that are networks on weights: the detector of IFBiD (our reading), an equivariant network of ours, and NFN.

The last is a neural functional network (Zhou et al., arXiv 2302.14040) of layers from ``pip install nfn==0.1.2``, which
is no dependency of the project: without it this peer is left out.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from meta_readers import Array, Models, Peer, Reading, axis_points, calibrated
from torch import Tensor, nn

from biasgate.detection.features.chain import chain
from biasgate.detection.features.colour import transform
from biasgate.detection.features.path_energy import paths
from biasgate.detection.reader.views import axis_of, levels_of, on_axis
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.models.named_tensors import layers_of
from biasgate.models.weights import Weights

Inputs = list[Tensor]
"""What a network sees of some models; the first axis of each tensor is the model."""

EPOCHS, PATIENCE, BATCH = 120, 25, 32
NFN_EPOCHS = 30
"""Fewer: an epoch of this one takes as long as ten of the others."""


class Detector(nn.Module):
    """IFBiD's detector, our reading: a convolution's weights ``[out, in, h, w]`` are an image, ``out × hw`` points and
    ``in`` channels; 1×1 convolution, max-pool over the kernel, dense; concatenated, dense softmax over levels."""

    def __init__(self, inputs: Inputs, outputs: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(x.shape[1], 16, 1), nn.ReLU(), nn.MaxPool2d((1, x.shape[3])), nn.Flatten(),
                nn.Linear(16 * x.shape[2], 32), nn.ReLU(),
            )
            for x in inputs
        )  # fmt: skip
        self.head = nn.Linear(32 * len(inputs), outputs)

    def forward(self, inputs: Inputs) -> Tensor:
        return self.head(torch.cat([block(x) for block, x in zip(self.blocks, inputs, strict=True)], dim=1))


class Messages(nn.Module):
    """Two rounds of messages along balanced weights, forwards and back; units of a layer share all parameters, so that
    permuting them changes nothing, and balancing takes care of rescaling. ``inputs``: filters ``[n, units, 3, h w]`` in
    (luma, chroma) × DCT, then a layer ``[n, out, in, 2]`` (summed taps, their norm), then biases a layer."""

    def __init__(self, inputs: Inputs, width: int = 24) -> None:
        super().__init__()
        taps = inputs[0].shape[3]
        self.depth = (len(inputs) - 1) // 2
        self.seen = nn.Sequential(nn.Linear(2 * taps + 1, width), nn.SiLU(), nn.Linear(width, width))
        self.forth = nn.ModuleList(self._update(width, 1) for _ in range(self.depth))
        self.back = nn.ModuleList(self._update(width, 0) for _ in range(self.depth))
        self.head = nn.Sequential(
            nn.Linear(2 * width * (self.depth + 1), 64), nn.SiLU(), nn.Dropout(0.2), nn.Linear(64, 2)
        )

    @staticmethod
    def _update(width: int, extra: int) -> nn.Module:
        return nn.Sequential(nn.Linear(3 * width + extra, width), nn.SiLU(), nn.LayerNorm(width))

    def forward(self, inputs: Inputs) -> Tensor:
        filters, edges, biases = inputs[0], inputs[1 : 1 + self.depth], inputs[1 + self.depth :]
        if self.training:
            filters = _turned(filters)
        power = torch.cat([filters[:, :, 0] ** 2, (filters[:, :, 1:] ** 2).sum(dim=2)], dim=2)
        units = [self.seen(torch.cat([(power + 1e-6).log(), biases[0][..., None]], dim=2))]
        for layer, edge in enumerate(edges):
            sent = self._sent(edge, units[-1])
            zero = torch.zeros(*sent.shape[:2], units[0].shape[2])
            units.append(self.forth[layer](torch.cat([zero, sent, biases[layer + 1][..., None]], dim=2)))
        for layer in reversed(range(self.depth)):
            sent = self._sent(edges[layer].transpose(1, 2), units[layer + 1])
            units[layer] = units[layer] + self.back[layer](torch.cat([units[layer], sent], dim=2))
        pooled = [part for unit in units for part in (unit.mean(dim=1), unit.std(dim=1))]
        return self.head(torch.cat(pooled, dim=1))

    @staticmethod
    def _sent(edge: Tensor, units: Tensor) -> Tensor:
        return torch.cat([edge[..., 0] @ units, edge[..., 1] @ units], dim=2)


class NeuralFunctional(nn.Module):
    """Two hidden-permutation-equivariant layers of ``nfn``, its invariant pooling, and a head; ``inputs``: weights
    ``[n, 1, out, in, taps, 1]`` (without taps where there is one), then biases ``[n, 1, units]``, a layer each."""

    def __init__(self, inputs: Inputs, width: int = 8) -> None:
        from nfn.common import network_spec_from_wsfeat
        from nfn.layers import HNPLinear, HNPPool, TupleOp

        super().__init__()
        self.scales = [(float(x.mean()), float(x.std())) for x in inputs]
        spec = network_spec_from_wsfeat(self._features(inputs))
        self.net = nn.Sequential(
            HNPLinear(spec, 1, width), TupleOp(nn.ReLU()), HNPLinear(spec, width, width), TupleOp(nn.ReLU()),
            HNPPool(spec), nn.Flatten(),
            nn.Linear(width * HNPPool.get_num_outs(spec), 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2),
        )  # fmt: skip

    def forward(self, inputs: Inputs) -> Tensor:
        return self.net(self._features(inputs))

    def _features(self, inputs: Inputs) -> Any:
        from nfn.common import WeightSpaceFeatures

        standard = [(x - mean) / scale for x, (mean, scale) in zip(inputs, self.scales, strict=True)]
        return WeightSpaceFeatures(standard[: len(standard) // 2], standard[len(standard) // 2 :])


def _turned(filters: Tensor) -> Tensor:
    """Each model's chroma plane turned by an angle of its own."""
    angle = 2 * torch.pi * torch.rand(len(filters), 1, 1)
    first, second = filters[:, :, 1], filters[:, :, 2]
    turned = angle.cos() * first - angle.sin() * second, angle.sin() * first + angle.cos() * second
    return torch.stack([filters[:, :, 0], *turned], dim=2)


def conv_images(models: Models) -> Inputs:
    """Every convolution's weights as ``[n, in, out, h w]``."""
    convs = [name for name, value in models.states[0].items() if value.ndim == 4]
    stacked = [torch.from_numpy(np.stack([state[name] for state in models.states])) for name in sorted(convs)]
    return [weight.flatten(3).transpose(1, 2) for weight in stacked]


def balanced_graph(models: Models) -> Inputs:
    """See ``Messages``; each layer scaled to unit power over the whole."""
    rows = []
    for state in models.states:
        links = chain(Weights(layers_of(state, where="zoo"), digest=""))
        found = paths(links)
        filters = transform(found.balanced[0], links[0].kernel)
        unit = [w / np.sqrt((w**2).sum() / sum(w.shape[:2])) for w in found.balanced[1:]]
        edges = [np.stack([w.sum(axis=2) / np.sqrt(w.shape[2]), np.sqrt((w**2).sum(axis=2))], axis=2) for w in unit]
        rows.append([filters / np.sqrt((filters**2).mean()), *edges, *found.biases])
    return [torch.from_numpy(np.stack(part)).float() for part in zip(*rows, strict=True)]


def raw_weights(models: Models) -> Inputs:
    """See ``NeuralFunctional``."""
    rows = []
    for state in models.states:
        links = chain(Weights(layers_of(state, where="zoo"), digest=""))
        weights = [w[..., None] if w.shape[2] > 1 else w[..., 0] for w in (link.weight for link in links)]
        rows.append([*weights, *(link.bias for link in links)])
    return [torch.from_numpy(np.stack(part)).float()[:, None] for part in zip(*rows, strict=True)]


def detector(train: Models, validation: Models, spec: ZooSpec) -> Callable[[Models], Reading]:
    """IFBiD's detector on the levels."""
    torch.manual_seed(0)
    inputs, count, points = conv_images(train), len(spec.levels), axis_points(spec)
    scales = [float(x.std()) for x in inputs]

    def view(models: Models) -> Inputs:
        return [x / scale for x, scale in zip(conv_images(models), scales, strict=True)]

    net = _fitted(
        Detector(inputs, count),
        (view(train), torch.from_numpy(levels_of(train.table, spec))),
        (view(validation), torch.from_numpy(levels_of(validation.table, spec))),
        nn.functional.cross_entropy,
    )

    def read(models: Models) -> Reading:
        found = _run(net, view(models)).softmax(dim=1).double().numpy()
        return found @ points, found

    return read


def regression(
    view: Callable[[Models], Inputs], build: Callable[[Inputs], nn.Module], *, seeds: int, epochs: int = EPOCHS
) -> Peer:
    """The mean of a few networks of different initialisation, to the bias axis and to the presence of bias."""

    def peer(train: Models, validation: Models, spec: ZooSpec) -> Callable[[Models], Reading]:
        known = view(train), view(validation)
        axes = [axis_of(models.table, spec) for models in (train, validation)]
        placed = [on_axis(models.table, spec) for models in (train, validation)]
        centre, scale = axes[0][placed[0]].mean(), axes[0][placed[0]].std()

        def targets(place: int, models: Models) -> Tensor:
            """The axis, standardised; whether there is bias; whether the axis counts."""
            presence = levels_of(models.table, spec) > 0
            columns = [(axes[place] - centre) / scale, 4 * presence, placed[place]]
            return torch.from_numpy(np.column_stack(columns)).float()

        nets: list[nn.Module] = []
        for seed in range(seeds):
            torch.manual_seed(seed)
            data = (known[0], targets(0, train)), (known[1], targets(1, validation))
            nets.append(_fitted(build(known[0]), *data, _both, epochs=epochs))

        def read(models: Models) -> list[Array]:
            inputs = view(models)
            found = torch.stack([_run(net, inputs) for net in nets]).mean(dim=0).double().numpy()
            return [found[:, 0] * scale + centre, found[:, 1]]

        return calibrated(read, validation, spec)

    return peer


NETWORKS: dict[str, Peer] = {
    "IFBiD's detector (our reading)": detector,
    "equivariant network (ours)": regression(balanced_graph, Messages, seeds=2),
    **({"neural functional network (nfn)": regression(raw_weights, NeuralFunctional, seeds=1, epochs=NFN_EPOCHS)}
       if find_spec("nfn") else {}),
}  # fmt: skip


def _both(found: Tensor, truth: Tensor) -> Tensor:
    misses = (found - truth[:, :2]) ** 2
    return (misses[:, 0] * truth[:, 2]).mean() + 0.25 * misses[:, 1].mean()


def _fitted(
    net: nn.Module,
    train: tuple[Inputs, Tensor],
    validation: tuple[Inputs, Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    epochs: int = EPOCHS,
) -> nn.Module:
    """AdamW until validation has not improved for a while; the best epoch's parameters are kept."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    best, kept, since = float("inf"), copy.deepcopy(net.state_dict()), 0
    for _ in range(epochs):
        net.train()
        for rows in torch.randperm(len(train[1])).split(BATCH):
            optimizer.zero_grad()
            loss(net([x[rows] for x in train[0]]), train[1][rows]).backward()
            optimizer.step()
        found = float(loss(_run(net, validation[0]), validation[1]))
        best, kept, since = (found, copy.deepcopy(net.state_dict()), 0) if found < best else (best, kept, since + 1)
        if since == PATIENCE:
            break
    net.load_state_dict(kept)
    return net.eval()


@torch.inference_mode()
def _run(net: nn.Module, inputs: Inputs) -> Tensor:
    net.eval()
    return net(inputs)
