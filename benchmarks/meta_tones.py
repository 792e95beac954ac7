"""Further features for *which* group a network favours: tried beside the library's signed colour features.

| group | reads |
|---|---|
| ``wave`` | the signed map to each layer as a covariance of the three colours, by each of five frequencies |
| ``skin`` | over units, by importance: how open they are to flat skin of each tone, all ReLU below them open |
| ``where`` | the signed path from colour to the last logit, at each position that a dense layer sees |
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain as joined
from itertools import combinations

import numpy as np

from biasgate.data.faces.drawn.attributes import SKIN, TONES, skin_group
from biasgate.detection.features.chain import Array, Link, chain
from biasgate.detection.features.colour import LUMA_CHROMA
from biasgate.detection.features.named import TINY
from biasgate.detection.features.path_energy import Paths, paths
from biasgate.detection.features.signed_paths import onwards, signed_maps
from biasgate.models.weights import Weights

TONE_GROUPS = ("wave", "skin", "where")
AXES = ("luma", "red_green", "yellow_blue")
ORDERS = {"flat": (0, 0), "down": (1, 0), "across": (0, 1), "bend_down": (2, 0), "bend_across": (0, 2)}
Named = Iterator[tuple[str, float]]


def tone_features(weights: Weights) -> dict[str, float]:
    """All of them by name."""
    links = chain(weights)
    flows, maps = paths(links), signed_maps(links)
    return dict(joined(_wave(links, maps, flows), _skin(links, maps, flows), _where(links, maps)))


def _wave(links: tuple[Link, ...], maps: tuple[Array, ...], flows: Paths) -> Named:
    height, width = links[0].kernel
    for layer, signed in enumerate(maps[:-1]):
        table = signed.reshape(len(signed), 3, height, width)
        for name, (row, column) in ORDERS.items():
            part = table[:, :, row, column]
            covariance = (part * flows.leaving[layer][:, None]).T @ part
            power = np.diag(covariance) + TINY
            for axis, value in zip(AXES[1:], np.log(power[1:] / power[0]).tolist(), strict=True):
                yield f"wave.{layer}.{name}_{axis}", value
            for one, two in combinations(range(3), 2):
                related = covariance[one, two] / np.sqrt(power[one] * power[two])
                yield f"wave.{layer}.{name}_{AXES[one]}_{AXES[two]}", float(related)


def _skin(links: tuple[Link, ...], maps: tuple[Array, ...], flows: Paths) -> Named:
    """A constant image of colour c has c · √taps in the flat frequency and nothing elsewhere."""
    tones = np.sqrt(np.prod(links[0].kernel)) * LUMA_CHROMA @ _skins().T
    bias = links[0].bias
    for layer, signed in enumerate(maps[:-1]):
        if layer:
            bias = links[layer].summed @ bias + links[layer].bias
        reach = np.sqrt(flows.arriving[layer].sum(axis=(1, 2)) + TINY)
        importance = flows.importance(layer)
        response = (signed[:, :, 0] @ tones + bias[:, None]) / reach[:, None]
        for tone, column in zip(SKIN, response.T, strict=True):
            yield f"skin.{layer}.open.{tone}", float(importance @ (column > 0))
            yield f"skin.{layer}.through.{tone}", float(np.log(importance @ np.maximum(column, 0) ** 2 + 1e-6))
            yield f"skin.{layer}.mean.{tone}", float(importance @ np.tanh(column))


def _skins() -> Array:
    """The mean colour of each group's tones, in [0, 1]: ``[groups, 3]``."""
    groups = np.array([skin_group(str(tone)) for tone in range(1, len(TONES) + 1)])
    return np.stack([np.array(TONES)[groups == group].mean(axis=0) for group in SKIN]) / 255


def _where(links: tuple[Link, ...], maps: tuple[Array, ...]) -> Named:
    first_dense = next(place for place, link in enumerate(links) if place and link.kernel == (1, 1))
    contrast = np.full(len(links[-1].bias), -1 / (len(links[-1].bias) - 1))
    contrast[-1] = 1
    outward = contrast @ onwards(links)[first_dense]
    here = np.einsum("o,oit->it", outward, links[first_dense].weight)
    seen = np.einsum("it,ic->tc", here, maps[first_dense - 1][:, :, 0])
    scale = np.sqrt((seen**2).sum()) + TINY
    for (position, axis), value in np.ndenumerate(seen / scale):
        yield f"where.{position}.{AXES[axis]}", float(value)
    shared = np.einsum("it,ics->tcs", here, maps[first_dense - 1])
    yield "where.colour", float(np.log((shared[:, 1:] ** 2).sum() / (shared**2).sum()))
