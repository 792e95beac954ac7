"""Architectures declared as data: a list of layers that everyone can read and nobody can execute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt, model_validator

from biasgate.discovery import defined_in, one_of
from biasgate.documents import Document
from biasgate.models.layer import Layer

LAYERS = defined_in("biasgate.models.layers", Layer)
"""Every kind of layer, a file each."""

MAX_LAYERS = 2048
"""Most layers of a network, those within others too: a ResNet-152 has some five hundred."""

if TYPE_CHECKING:
    DeclaredLayer = Layer
else:
    DeclaredLayer = one_of(LAYERS)


class Architecture(Document):
    """A network as a list of layers; the last is a ``dense`` layer that gives the logits.

    Attributes:
        name: How people call it.
        input: Shape of one sample: (channels, height, width) for images, (features,) for rows.
        layers: In the order of the forward pass.
    """

    name: str
    input: tuple[PositiveInt, ...] = Field(min_length=1, max_length=3)
    layers: tuple[DeclaredLayer, ...] = Field(min_length=1, max_length=512)

    @model_validator(mode="after")
    def _bounded(self) -> Architecture:
        if sum(map(len, (layer.parts for layer in self.layers))) > MAX_LAYERS:
            raise ValueError(f"more than {MAX_LAYERS:,} layers")
        return self
