"""What each kind of layer is: settings that a card declares, and all that is computed, written and read of it.

A kind is one file in ``layers/`` with a class derived from ``Layer``; ``biasgate.models.architecture`` finds it there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.models.weights import LayerWeights

if TYPE_CHECKING:
    import onnx
    from torch import Generator, Tensor, nn

    from biasgate.models.flow import Flow
    from biasgate.models.initialisation import Init
    from biasgate.models.named_reader import NamedReader
    from biasgate.models.onnx.layer import OnnxLayer
    from biasgate.models.onnx.reader import OnnxReader
    from biasgate.models.stacked import GreyBatch, StackedLayer

Shape = tuple[int, ...]
"""Of one sample: (channels, height, width) of an image, (features,) of a vector."""


@dataclass(frozen=True)
class Placed:
    """A layer in its place.

    Attributes:
        name: Of its module, from the module that holds it: ``layers.3``.
        layer: The declaration.
        before: Shape of one sample that reaches it.
        after: Shape of one sample that it gives.
    """

    name: str
    layer: Layer
    before: Shape
    after: Shape


class Layer(Document, ABC):
    """One layer as a card declares it, its settings the fields; examples of them stand in the JSON schema.

    Attributes:
        kind: A literal, the word for it in cards.
    """

    kind: Any

    gives_logits: ClassVar[bool] = False
    """Whether a network may end in it."""
    weighted: ClassVar[bool] = False
    """Whether it is an affine map, which weights that are read have an entry for."""
    increases: ClassVar[bool] = False
    """Whether it is one non-decreasing function of each value, which a maximum may be taken before or after."""
    operators: ClassVar[tuple[str, ...]] = ()
    """ONNX operators that ``read_node`` reads."""

    @abstractmethod
    def shape(self, before: Shape, *, where: str) -> Shape:
        """Shape of one sample after the layer.

        Raises:
            InputError: The layer does not fit; names ``where``.
        """

    @abstractmethod
    def module(self, before: Shape) -> nn.Module:
        """The layer in torch, with torch's default initialisation."""

    @abstractmethod
    def write(self, x: str, graph: OnnxLayer) -> str:
        """Writes the layer as it infers.

        Args:
            x: Name of the value that it takes.
            graph: The graph so far, which the layer's nodes are added to.

        Returns:
            Name of the value that it gives.
        """

    @abstractmethod
    def stacked(self, x: Tensor, stack: StackedLayer) -> Tensor:
        """One training step of ``m`` networks at once, the same that ``m`` modules would compute.

        Args:
            x: Images ``[m, batch, height, width, channels]`` or vectors ``[m, batch, features]``.
            stack: The networks' parameters, and what to compute with.
        """

    def stacked_on_grey(self, batch: GreyBatch, stack: StackedLayer) -> Tensor | None:
        """``stacked`` of a network's first layer, its window's maximum included, on images not yet coloured.

        Returns:
            ``None`` where the coloured images are needed.
        """
        return None

    @property
    def assumed(self) -> tuple[str, ...]:
        """What the layer takes for granted because the card does not say it and weights do not hold it."""
        return ()

    @property
    def window(self) -> int:
        """Side of the windows of which the layer lets the largest value through; 1 where it lets others through."""
        return 1

    def flow(self, x: Flow, branches: Mapping[str, Callable[[Flow], Flow]]) -> Flow:
        """What it gives, by the affine layers that it comes from; what it takes, for most kinds.

        Args:
            x: What it takes.
            branches: The chains that it holds, by name; each is followed once, in the order of the forward pass.
        """
        return x

    def branches(self, before: Shape) -> Mapping[str, Sequence[Placed]]:
        """The layers that it holds, as chains that all begin at its input; none for most kinds."""
        return {}

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The declared layers that it consists of: itself, for most kinds."""
        return (self,)

    def with_parts(self, parts: Sequence[Layer]) -> Layer:
        """The same with other ``parts``."""
        (part,) = parts
        return part

    def with_settings(self, *, where: str, **settings: int | float | str) -> Self:
        """The same with other settings, its output as large as before where another setting can see to that.

        Raises:
            InputError: There is no such setting, or it may not have this value; names ``where``.
        """
        return type(self).build({**self.model_dump(), **settings}, where=where)

    def initialise(self, module: nn.Module, *, init: Init, generator: Generator) -> None:
        """Draws the module's weights anew, in place."""

    def restored(self, before: Shape, weights: LayerWeights | None) -> dict[str, Tensor]:
        """The module's tensors by name.

        Args:
            before: Shape of one sample that reaches the layer.
            weights: What was read for it, where it is ``weighted``. Other tensors are those that change nothing:
                reading folds them into the layer before.
        """
        return {}

    @classmethod
    def read_node(cls, node: onnx.NodeProto, graph: OnnxReader) -> None:
        """Reads the weights of a node whose operator is one of ``operators``.

        Raises:
            CandidateError: They are not what is read here.
        """
        graph.check_weightless(node)

    @classmethod
    def read_tensors(cls, module: str, parts: Mapping[str, NDArray[np.float32]], found: NamedReader) -> bool:
        """Reads the tensors of a named module, where they are this kind's.

        Returns:
            Whether they are.

        Raises:
            CandidateError: They are, but are not what is read here.
        """
        return False


def image(kind: str, shape: Shape, *, where: str) -> Shape:
    """The same shape, when it is an image's.

    Raises:
        InputError: It is not; names ``where``.
    """
    if len(shape) != 3:
        raise InputError(f"{kind} needs (channels, height, width), not {shape}", where=where)
    return shape


def not_empty(after: Shape, kind: str, before: Shape, *, where: str) -> Shape:
    """The shape ``after`` the layer, when something is left.

    Raises:
        InputError: Nothing is; names ``where``.
    """
    if min(after) < 1:
        raise InputError(f"{kind} does not fit into {before}", where=where, fix="make it smaller or add padding")
    return after
