"""What the layers share that are one affine map: a weight and a bias."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from biasgate.models.initialisation import Init, draw
from biasgate.models.layer import Layer, Shape
from biasgate.models.weights import LayerWeights, layer

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from biasgate.models.named_reader import NamedReader


class Affine(Layer, ABC):
    """A layer whose module has a ``weight`` and a ``bias``, kept by every reader as they are."""

    weighted: ClassVar[bool] = True
    axes: ClassVar[int]
    """Of the weight."""

    def initialise(self, module: nn.Module, *, init: Init, generator: Generator) -> None:
        """By ``initialisation.draw``."""
        weight, bias = (cast("Tensor", module.get_parameter(name)) for name in ("weight", "bias"))
        draw(weight, bias, init=init, generator=generator)

    def restored(self, before: Shape, weights: LayerWeights | None) -> dict[str, Tensor]:
        """What was read."""
        import torch

        assert weights is not None
        return {"weight": torch.tensor(weights.weight), "bias": torch.tensor(weights.bias)}

    @classmethod
    def read_tensors(cls, module: str, parts: Mapping[str, NDArray[np.float32]], found: NamedReader) -> bool:
        """A ``weight`` of so many axes, with or without a ``bias``."""
        if "weight" not in parts or parts.keys() - {"weight", "bias"} or parts["weight"].ndim != cls.axes:
            return False
        found.layers.append(layer(module, parts["weight"], parts.get("bias"), where=found.where))
        return True
