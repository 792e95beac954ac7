"""Architectures declared as data: a list of layers that everyone can read and nobody can execute."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from biasgate.documents import Document

Init = Literal["kaiming_uniform", "kaiming_normal", "xavier_uniform", "torch"]
"""How weights may be drawn before training; see ``biasgate.models.network.initialise``."""


class Conv(Document):
    """A convolution, then its bias; ``padding`` is symmetric zero padding, in pixels."""

    kind: Literal["conv"] = "conv"
    out: int = Field(gt=0, le=4096)
    kernel: int = Field(gt=0, le=31)
    stride: int = Field(default=1, gt=0, le=8)
    padding: int = Field(default=0, ge=0, le=15)
    dilation: int = Field(default=1, gt=0, le=8)


class Pool(Document):
    """Max or mean pooling over ``size`` by ``size`` pixels with stride ``size``; ``global`` pools all that is left."""

    kind: Literal["pool"] = "pool"
    how: Literal["max", "mean", "global"] = "max"
    size: int = Field(default=2, gt=0, le=16)


class Norm(Document):
    """Batch normalisation over channels."""

    kind: Literal["norm"] = "norm"


class Relu(Document):
    """max(0, x)."""

    kind: Literal["relu"] = "relu"


class Flatten(Document):
    """Images to vectors, channel-major."""

    kind: Literal["flatten"] = "flatten"


class Dense(Document):
    """An affine map to ``out`` units."""

    kind: Literal["dense"] = "dense"
    out: int = Field(gt=0, le=65536)


class Dropout(Document):
    """Zeroes a share ``rate`` of units in training; the identity afterwards."""

    kind: Literal["dropout"] = "dropout"
    rate: float = Field(default=0.3, ge=0, lt=1)


class Residual(Document):
    """x + body(x); a 1×1 convolution on the skip when ``body`` changes the shape."""

    kind: Literal["residual"] = "residual"
    body: tuple[Conv | Norm | Relu, ...]


Layer = Annotated[Conv | Pool | Norm | Relu | Flatten | Dense | Dropout | Residual, Field(discriminator="kind")]


class Architecture(Document):
    """A network as a list of layers; the last is a ``dense`` layer that gives the logits.

    Attributes:
        name: How people call it.
        input: Shape of one sample: (channels, height, width) for images, (features,) for rows.
        layers: In the order of the forward pass.
    """

    name: str
    input: tuple[PositiveInt, ...] = Field(min_length=1, max_length=3)
    layers: tuple[Layer, ...] = Field(min_length=1, max_length=512)
