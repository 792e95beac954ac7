"""Weight features: named numbers read from a model's weights, without inference.

Each is invariant to permuting hidden units, to rescaling ReLU units and to turning the chroma plane. Groups, by prefix:

| group | reads |
|---|---|
| ``path`` | shares of path energy that start in luma or chroma, in each frequency band; the total |
| ``linear`` | the signed linear path to each layer: its colour shares, its chroma singular values, its coherence |
| ``selectivity`` | how strongly single units take in chroma, weighted by their importance, layer by layer |
| ``kernel`` | how much of each later kernel is flat, and how much of it inhibits |
| ``bias`` | biases against the energy that arrives |
| ``spectrum`` | ranks of the balanced weights and of the importances |
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from biasgate.models.weights import Weights
from biasgate.weights.chain import Array, Link, chain
from biasgate.weights.colour import BANDS, bands, transform
from biasgate.weights.paths import TINY, Paths, paths

GROUPS = ("path", "linear", "selectivity", "kernel", "bias", "spectrum")
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
FLOOR = 1e-6


def weight_features(weights: Weights) -> dict[str, float]:
    """All weight features of a model, by name ``<group>.<what>[.<layer>]…``; layers count from 1.

    Raises:
        CandidateError: The model is no chain of layers that starts with a convolution over 3 colour channels.
    """
    links = chain(weights)
    energy = paths(links)
    parts = (
        _path(energy), _linear(links, energy), _selectivity(energy),
        _kernel(energy), _bias(energy), _spectrum(energy),
    )  # fmt: skip
    return {name: float(value) for part in parts for name, value in part}


def group_of(feature: str) -> str:
    """The group that a feature belongs to."""
    return feature.split(".", 1)[0]


Named = Iterator[tuple[str, float]]


def _path(energy: Paths) -> Named:
    at_logits = energy.arriving[-1].sum(axis=0)
    yield from _colour_shares("path", at_logits)
    yield "path.chroma", _logit(at_logits[1].sum() / max(at_logits.sum(), TINY))
    yield "path.total", np.log(at_logits.sum() + TINY)


def _linear(links: tuple[Link, ...], energy: Paths) -> Named:
    """Of M = W_l … W_2 K_1, kernels summed: what reaches layer l if every ReLU lets through.

    Units count by the energy that leaves them; at the logits the mean over classes is taken off, as softmax does.
    """
    first = links[0]
    kernels = transform(first.weight.reshape(*first.weight.shape[:2], *first.kernel))
    signed = kernels.reshape(*kernels.shape[:2], -1)
    band = bands(*first.kernel).ravel()
    for layer, link in enumerate(links[1:], start=2):
        signed = np.tensordot(link.weight.sum(axis=2), signed, axes=1)
        leaving = energy.leaving[layer - 1][:, None, None]
        seen = signed - signed.mean(axis=0) if layer == len(links) else signed * np.sqrt(leaving)
        power = (seen**2).sum(axis=0)
        by_band = np.stack([power[:, band == index].sum(axis=1) for index in range(len(BANDS))], axis=1)
        shares = np.stack([by_band[0], by_band[1:].sum(axis=0)])
        yield from _colour_shares(f"linear.{layer}", shares)
        strengths = np.linalg.svd(seen[:, 1:, 0], compute_uv=False)
        yield f"linear.{layer}.chroma_rank", np.log(strengths[1] / max(strengths[0], TINY) + FLOOR)
        coherence = np.log((shares + TINY) / ((energy.arriving[layer - 1] * leaving).sum(axis=0) + TINY))
        for colour, row in zip(("luma", "chroma"), coherence, strict=True):
            yield f"linear.{layer}.coherence_{colour}", row[0]


def _selectivity(energy: Paths) -> Named:
    for layer, arriving in enumerate(energy.arriving):
        total = arriving.sum(axis=(1, 2)) + TINY
        readings = {
            "chroma": arriving[:, 1].sum(axis=1),
            "flat": arriving[:, :, 0].sum(axis=1),
            "chroma_flat": arriving[:, 1, 0],
            "luma_flat": arriving[:, 0, 0],
        }
        importance = energy.importance(layer)
        for name, part in readings.items():
            yield from _summary(f"selectivity.{name}.{layer + 1}", _logit(part / total), importance)


def _kernel(energy: Paths) -> Named:
    for layer, balanced in enumerate(energy.balanced[1:], start=2):
        power = max((balanced**2).sum(), TINY)
        yield f"kernel.inhibition.{layer}", (balanced**2 * (balanced < 0)).sum() / power
        if (taps := balanced.shape[2]) > 1:
            yield f"kernel.flat.{layer}", _logit((balanced.sum(axis=2) ** 2).sum() / taps / power)


def _bias(energy: Paths) -> Named:
    for layer, biases in enumerate(energy.biases):
        yield from _moments(f"bias.{layer + 1}", biases, energy.importance(layer))


def _spectrum(energy: Paths) -> Named:
    for layer, balanced in enumerate(energy.balanced):
        powers = np.linalg.svd(balanced.reshape(len(balanced), -1), compute_uv=False) ** 2
        powers /= max(powers.sum(), TINY)
        yield f"spectrum.stable_rank.{layer + 1}", -np.log(powers[0] + TINY)
        yield f"spectrum.entropy.{layer + 1}", _entropy(powers)
        yield f"spectrum.units.{layer + 1}", _entropy(energy.importance(layer))


def _colour_shares(name: str, shares: Array) -> Named:
    """Log shares of a table ``[2 (luma, chroma), 3 (bands)]``."""
    shares = np.log(shares / max(shares.sum(), TINY) + FLOOR)
    for colour, row in zip(("luma", "chroma"), shares, strict=True):
        for band, value in zip(BANDS, row, strict=True):
            yield f"{name}.{colour}_{band}", value


def _summary(name: str, values: Array, importance: Array) -> Named:
    yield from _moments(name, values, importance)
    order = np.argsort(values)
    reached = np.cumsum(importance[order]) - importance[order] / 2
    for quantile, value in zip(QUANTILES, np.interp(QUANTILES, reached, values[order]), strict=True):
        yield f"{name}.q{quantile:.2f}", value


def _moments(name: str, values: Array, importance: Array) -> Named:
    mean = importance @ values
    yield f"{name}.mean", mean
    yield f"{name}.sd", np.sqrt(importance @ (values - mean) ** 2)


def _logit(share: Array) -> Array:
    share = np.clip(share, FLOOR, 1 - FLOOR)
    return np.log(share / (1 - share))


def _entropy(shares: Array) -> float:
    return float(-(shares * np.log(shares + TINY)).sum())
