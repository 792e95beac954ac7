"""From stored samples to what the model takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import InputError
from biasgate.models.card import InputContract


def preprocess(samples: NDArray[np.uint8] | NDArray[np.float32], contract: InputContract) -> NDArray[np.float32]:
    """``(sample · scale − mean) / std`` in the contract's layout.

    Args:
        samples: Images ``[n, height, width, channels]`` or rows ``[n, features]``.
        contract: What the card promises.

    Returns:
        ``[n, *contract.shape]``.

    Raises:
        InputError: The samples' shape, or the length of mean or std, disagrees with the contract; a std is not above 0.
    """
    expected = stored_shape(contract)
    if samples.shape[1:] != expected:
        raise InputError(
            f"samples have shape {list(samples.shape[1:])}; the card's input contract takes {list(expected)}",
            fix="give the data set that the card describes, or correct the card",
        )
    mean, std = (_per_channel(name, getattr(contract, name), expected[-1]) for name in ("mean", "std"))
    if not (std > 0).all():
        raise InputError("std in the card's input contract must be above 0", fix="correct the card")
    inputs = (samples.astype(np.float32) * np.float32(contract.scale) - mean) / std
    return np.ascontiguousarray(inputs.transpose(0, 3, 1, 2) if contract.layout == "NCHW" else inputs)


def stored_shape(contract: InputContract) -> tuple[int, ...]:
    """Shape of one sample as data sets store it: channels last.

    Raises:
        InputError: The contract's shape has not as many axes as its layout.
    """
    shape, rank = contract.shape, 1 if contract.layout == "rows" else 3
    if len(shape) != rank:
        raise InputError(f"a {contract.layout} contract has {rank} axes, not {list(shape)}", fix="correct the card")
    return (*shape[1:], shape[0]) if contract.layout == "NCHW" else shape


def _per_channel(name: str, values: tuple[float, ...], channels: int) -> NDArray[np.float32]:
    if len(values) not in (1, channels):
        raise InputError(f"{name} has {len(values)} values for {channels} channels", fix="give one, or one a channel")
    return np.asarray(values, dtype=np.float32)
