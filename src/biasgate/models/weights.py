"""Weights as every reader gives them: convolutions and dense layers in the order of the forward pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.models.flow import Wiring


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """One affine map.

    Attributes:
        name: Its name in the file; for people, equal layers may have different names.
        kind: ``conv`` or ``dense``.
        weight: float32, ``[out, in, kernel height, kernel width]`` or ``[out, in]``.
        bias: float32 ``[out]``; zeros when the layer has none.
    """

    name: str
    kind: Literal["conv", "dense"]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Weights:
    """What a candidate's weights are, batch normalisation folded in.

    Attributes:
        layers: In the order of the forward pass.
        digest: ``sha256:<hex>`` of the file, or the package's digest.
        unexplained: Why the model's outputs may come from more than these layers, or from less; empty where they come
            from just these, or where the file holds no graph that could say otherwise.
        wiring: What each layer takes; empty where each takes what the one before it gives, None where the file does not
            say.
    """

    layers: tuple[LayerWeights, ...]
    digest: str
    unexplained: str = ""
    wiring: Wiring | None = None


def layer(name: str, weight: NDArray[np.float32], bias: NDArray[np.float32] | None, *, where: str) -> LayerWeights:
    """One layer, its kind told by the weight's rank (4 or 2).

    Raises:
        CandidateError: The rank is another, the bias does not fit, or a value is NaN or infinite.
    """
    if weight.ndim not in (2, 4):
        raise CandidateError(
            f"layer {name!r} has a weight of shape {list(weight.shape)}; only [out, in] and [out, in, h, w] are read",
            where=where,
        )
    bias = np.zeros(len(weight), np.float32) if bias is None else bias
    if bias.shape != (len(weight),):
        raise CandidateError(
            f"layer {name!r} has {len(weight)} outputs and a bias of shape {list(bias.shape)}", where=where
        )
    finite(name, weight, bias, where=where)
    return LayerWeights(name, "conv" if weight.ndim == 4 else "dense", weight, bias)


def as_float32(name: str, array: NDArray[np.generic], *, where: str) -> NDArray[np.float32]:
    """The array as float32, from half, single or double precision.

    Raises:
        CandidateError: It has another type, or no values.
    """
    if array.dtype.name not in ("float16", "float32", "float64"):
        raise CandidateError(
            f"tensor {name!r} is {array.dtype}; weights are read as float16, float32 or float64", where=where
        )
    if array.size == 0:
        raise CandidateError(f"tensor {name!r} is empty: shape {list(array.shape)}", where=where)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def finite(name: str, *arrays: NDArray[np.float32], where: str) -> None:
    """Refuses NaN and infinities.

    Raises:
        CandidateError: There is one.
    """
    if not all(np.isfinite(array).all() for array in arrays):
        raise CandidateError(
            f"layer {name!r} holds NaN or infinite weights", where=where, fix="train it again; such a model is broken"
        )
