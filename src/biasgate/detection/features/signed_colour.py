"""Signed colour features: which colours a network works with, and around which tones its units do.

The other features are invariant to turning the chroma plane and to swapping bright for dark: that deletes the answer to
"which group does it favour?", which lies in a direction of colour. These keep it, by three fixed axes: ``luma``,
``red_green``, ``yellow_blue``. They are invariant to permuting hidden units and to rescaling ReLU units. Groups, by
prefix:

| group | reads |
|---|---|
| ``answer`` | the signed linear path from colour to the last logit less the mean of the others, by frequency |
| ``hue`` | the signed map to each layer as a covariance of the three colours, in each frequency band |
| ``apart`` | the same of what varies over a layer's kernel positions |
| ``tone`` | over units, by importance: mean and covariance of the flat colour that arrives, and of the bias |
| ``trace`` | biases, which start at zero, against the flat colour that arrives and against the units below |
"""

from __future__ import annotations

from itertools import chain as joined
from itertools import combinations

import numpy as np

from biasgate.detection.features.chain import Array, Link, arrives, chain
from biasgate.detection.features.colour import BANDS, bands
from biasgate.detection.features.invariant import invariant_features
from biasgate.detection.features.named import FLOOR, TINY, Named
from biasgate.detection.features.path_energy import Paths, paths
from biasgate.detection.features.signed_paths import signed_maps
from biasgate.models.weights import Weights

SIGNED_GROUPS = ("answer", "hue", "apart", "tone", "trace")
AXES = ("luma", "red_green", "yellow_blue")
"""The rows of ``colour.LUMA_CHROMA``: bright, red against green, yellow against blue."""
SEEN = (*AXES, "bias")
ORDERS = {"flat": (0, 0), "down": (1, 0), "across": (0, 1), "bend_down": (2, 0), "bend_across": (0, 2)}
"""Cosine frequencies of a kernel, rows first."""

Arriving = list[tuple[Array, Array]]
"""At each layer, were every ReLU open: the signed map from colour and frequency ``[units, 3, frequencies]``, and what
biases add ``[units]``."""


def signed_colour_features(weights: Weights) -> dict[str, float]:
    """All signed colour features of a model by name, ``<group>.<what>``; layers count from 1.

    Raises:
        CandidateError: The model is no chain of layers that starts with a convolution over 3 colour channels.
    """
    links = chain(weights)
    flows, arriving = paths(links), _arriving(links)
    return dict(
        joined(
            _answer(links, arriving, flows),
            _hue(links, arriving, flows),
            _apart(links, arriving, flows),
            _tone(arriving, flows),
            _trace(links, arriving, flows),
        )
    )


def features_with_signed_colour(weights: Weights) -> dict[str, float]:
    """All features of a model, signed colour among them."""
    return {**invariant_features(weights), **signed_colour_features(weights)}


def _arriving(links: tuple[Link, ...]) -> Arriving:
    biases = [links[0].bias]
    for link in links[1:]:
        biases.append(link.summed @ arrives(link, biases) + link.bias)
    return list(zip(signed_maps(links), biases, strict=True))


def _answer(links: tuple[Link, ...], arriving: Arriving, flows: Paths) -> Named:
    """In units of the root of all path energy."""
    (signed, bias), whole = arriving[-1], np.sqrt(flows.arriving[-1].sum() + TINY)
    others = len(bias) - 1
    contrast = np.append(np.full(others, -1 / max(others, 1)), 1.0) / whole
    towards = np.tensordot(contrast, signed, axes=1).reshape(3, *links[0].kernel)
    for axis, table in zip(AXES, towards, strict=True):
        for name, (row, column) in ORDERS.items():
            if row < table.shape[0] and column < table.shape[1]:
                yield f"answer.{axis}_{name}", float(table[row, column])
    yield "answer.bias", float(contrast @ bias)


def _hue(links: tuple[Link, ...], arriving: Arriving, flows: Paths) -> Named:
    for layer, (signed, _) in enumerate(arriving[:-1]):
        yield from _covariances(f"hue.{layer + 1}", signed, flows.leaving[layer], links[0])


def _apart(links: tuple[Link, ...], arriving: Arriving, flows: Paths) -> Named:
    for layer, link in enumerate(links[1:], start=1):
        if (taps := link.weight.shape[2]) == 1:
            continue
        varying = link.weight - link.weight.mean(axis=2, keepdims=True)
        signed = np.einsum("uit,icf->utcf", varying, arrives(link, [signed for signed, _ in arriving]))
        weight = np.repeat(flows.leaving[layer], taps)
        yield from _covariances(f"apart.{layer + 1}", signed.reshape(-1, *signed.shape[2:]), weight, links[0])


def _covariances(name: str, signed: Array, weight: Array, first: Link) -> Named:
    """Of ``[units, 3, frequencies]``, units by weight: log share of each axis and band, correlations of the axes."""
    band = bands(*first.kernel).ravel()
    parts = [signed[:, :, band == index] for index in range(len(BANDS))]
    tables = [np.einsum("u,ucf,udf->cd", weight, part, part, optimize=True) for part in parts]
    whole = sum(float(np.trace(table)) for table in tables) + TINY
    for where, table in zip(BANDS, tables, strict=True):
        power = np.diag(table)
        for axis, share in zip(AXES, (power / whole).tolist(), strict=True):
            yield f"{name}.share_{axis}_{where}", float(np.log(share + FLOOR))
        for one, two in combinations(range(3), 2):
            yield f"{name}.{AXES[one]}_{AXES[two]}_{where}", _ratio(table[one, two], power[one] * power[two])


def _tone(arriving: Arriving, flows: Paths) -> Named:
    for layer, (signed, bias) in enumerate(arriving[:-1]):
        reach = _reach(flows, layer)
        seen = np.column_stack([signed[:, :, 0], bias]) / reach[:, None]
        weight = np.sqrt(flows.leaving[layer]) * reach
        weight = weight / max(float(weight.sum()), TINY)
        second = (seen * weight[:, None]).T @ seen
        for place, (what, mean) in enumerate(zip(SEEN, (weight @ seen).tolist(), strict=True)):
            yield f"tone.{layer + 1}.{what}", mean
            for other in range(place, len(SEEN)):
                yield f"tone.{layer + 1}.{what}_{SEEN[other]}", float(second[place, other])


def _trace(links: tuple[Link, ...], arriving: Arriving, flows: Paths) -> Named:
    """Gradient descent moves a bias by an error and a weight by that error times its input.

    So over units the two go together the more, the more of that input the model was shown.
    """
    for layer, (link, (signed, _)) in enumerate(zip(links[:-1], arriving[:-1], strict=True)):
        name, leaving = f"trace.{layer + 1}", flows.leaving[layer]
        bias, flat = link.bias * np.sqrt(leaving), signed[:, :, 0] * np.sqrt(leaving)[:, None]
        power = float(bias @ bias)
        for axis, colour in zip(AXES, flat.T, strict=True):
            yield f"{name}.{axis}", _ratio(bias @ colour, power * float(colour @ colour))
        yield f"{name}.sign", _ratio(bias.sum(), power * len(bias))
        energy = float((leaving[:, None, None] * signed**2).sum())
        yield f"{name}.size", float(np.log(power / (energy + TINY) + FLOOR))
        if layer:
            below = link.sources[-1]
            yield from _below(name, leaving * link.bias @ link.summed, arriving[below], flows, below)


def _below(name: str, taken: Array, arriving: tuple[Array, Array], flows: Paths, layer: int) -> Named:
    """How much of each unit below goes with the biases, against what it sees."""
    reach = _reach(flows, layer)
    weight = np.sqrt(flows.leaving[layer]) * reach
    active, (signed, bias) = taken * reach, arriving
    power = float(weight @ active**2)
    yield f"{name}.below", _ratio(float(weight @ active), power * float(weight.sum()))
    for what, seen in zip(SEEN, np.column_stack([signed[:, :, 0], bias]).T / reach, strict=True):
        yield f"{name}.below_{what}", _ratio(float((weight * active) @ seen), power * float(weight @ seen**2))


def _reach(flows: Paths, layer: int) -> Array:
    """The root of the energy that arrives at each unit: its scale."""
    return np.sqrt(flows.arriving[layer].sum(axis=(1, 2)) + TINY)


def _ratio(product: float, powers: float) -> float:
    """A product over the root of two powers: a correlation about zero, in [-1, 1]; 0 where there is no power."""
    return float(product / np.sqrt(powers)) if powers > TINY**2 else 0.0
