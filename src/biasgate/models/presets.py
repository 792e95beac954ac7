"""Declared architectures that ship with biasgate, by name."""

from __future__ import annotations

from biasgate.errors import InputError
from biasgate.models.architecture import Architecture, Conv, Dense, Dropout, Flatten, Pool, Relu

_SMALL = Architecture(
    name="digits_small",
    input=(3, 28, 28),
    layers=(
        Conv(out=16, kernel=5, stride=2), Relu(),
        Conv(out=24, kernel=3, stride=2), Relu(),
        Flatten(), Dense(out=32), Relu(), Dense(out=10),
    ),
)  # fmt: skip

_PAPER = Architecture(
    name="digits_paper",
    input=(3, 28, 28),
    layers=(
        Conv(out=24, kernel=5), Relu(), Pool(),
        Conv(out=48, kernel=3), Relu(), Pool(),
        Conv(out=64, kernel=3), Relu(), Pool(),
        Flatten(), Dense(out=128), Relu(), Dropout(rate=0.3), Dense(out=10),
    ),
)  # fmt: skip

PRESETS = {architecture.name: architecture for architecture in (_SMALL, _PAPER)}


def preset(name: str) -> Architecture:
    """A shipped architecture.

    ``digits_small``: strided convolutions, 24,258 parameters, cheap to train by the thousand.
    ``digits_paper``: the coloured-digit network of Serna et al., "IFBiD", arXiv 2109.04374; 49,562 parameters.

    Raises:
        InputError: No such name; names those there are.
    """
    if name not in PRESETS:
        raise InputError(f"no architecture is called {name!r}", fix=f"use one of {', '.join(PRESETS)}, or declare one")
    return PRESETS[name]
