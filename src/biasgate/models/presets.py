"""Declared architectures that ship with biasgate, by name."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from biasgate.errors import InputError
from biasgate.models.architecture import Architecture
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.dropout import Dropout
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.layers.residual import Residual

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

_CNN_ZOO = Architecture(
    name="digits_cnn_zoo",
    input=(3, 28, 28),
    layers=(
        Conv(out=16, kernel=3, stride=2), Relu(),
        Conv(out=16, kernel=3, stride=2), Relu(),
        Conv(out=16, kernel=3, stride=2), Relu(),
        Pool(how="global"), Flatten(), Dense(out=10),
    ),
)  # fmt: skip


def _block(out: int, *, stride: int) -> Residual:
    first = Conv(out=out, kernel=3, stride=stride, padding=1)
    return Residual(body=(first, Norm(), Relu(), Conv(out=out, kernel=3, padding=1), Norm()))


_RESIDUAL = Architecture(
    name="digits_residual",
    input=(3, 28, 28),
    layers=(
        Conv(out=16, kernel=3, stride=2, padding=1), Norm(), Relu(),
        _block(16, stride=1), Relu(), _block(32, stride=2), Relu(),
        Pool(how="global"), Flatten(), Dense(out=10),
    ),
)  # fmt: skip

_FACES_PAPER = Architecture(
    name="faces_paper",
    input=(3, 120, 120),
    layers=(
        Conv(out=24, kernel=5), Relu(), Pool(),
        Conv(out=48, kernel=3), Relu(), Pool(),
        Conv(out=48, kernel=3), Relu(), Pool(),
        Conv(out=64, kernel=3), Relu(), Pool(),
        Conv(out=64, kernel=3), Relu(), Pool(how="global"),
        Flatten(), Dense(out=128), Relu(), Dropout(rate=0.3), Dense(out=2),
    ),
)  # fmt: skip

_FACES_SMALL = Architecture(
    name="faces_small",
    input=(3, 32, 32),
    layers=(
        Conv(out=16, kernel=5), Relu(), Pool(),
        Conv(out=32, kernel=3), Relu(), Pool(),
        Conv(out=32, kernel=3), Relu(), Pool(),
        Flatten(), Dense(out=64), Relu(), Dense(out=2),
    ),
)  # fmt: skip

PRESETS = {
    architecture.name: architecture
    for architecture in (_SMALL, _PAPER, _CNN_ZOO, _RESIDUAL, _FACES_PAPER, _FACES_SMALL)
}


def preset(name: str) -> Architecture:
    """A shipped architecture.

    ``digits_small``: strided convolutions, 24,258 parameters, cheap to train by the thousand.
    ``digits_paper``: the coloured-digit network of Serna et al., "IFBiD", arXiv 2109.04374; 49,562 parameters.
    ``digits_cnn_zoo``: after the small CNN zoo of Unterthiner et al., arXiv 2002.11448, in colour; 5,258 parameters.
    ``digits_residual``: two residual blocks with batch normalisation; 20,074 parameters.
    ``faces_paper``: the 120×120 face network of Serna et al.; 106,242 parameters.
    ``faces_small``: its like for faces of 32×32 pixels; 23,490 parameters.

    Raises:
        InputError: No such name; names those there are.
    """
    if name not in PRESETS:
        raise InputError(f"no architecture is called {name!r}", fix=f"use one of {', '.join(PRESETS)}, or declare one")
    return PRESETS[name]


def _named(value: Any) -> Any:
    """A preset by its name; anything else as it is."""
    if not isinstance(value, str):
        return value
    if value not in PRESETS:
        raise ValueError(f"no architecture is called {value!r}; declare one, or use one of {', '.join(PRESETS)}")
    return PRESETS[value]


NamedArchitecture = Annotated[Architecture, BeforeValidator(_named)]
"""A field of a document: a declared architecture, or the name of a preset, which the preset takes the place of."""
