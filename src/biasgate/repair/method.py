"""What a repair method is: its settings, what it needs, costs and changes, and how it repairs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Self

from biasgate.documents import Document

if TYPE_CHECKING:
    from biasgate.models.torch_network import TorchNetwork
    from biasgate.repair.classifier import PixelClassifier
    from biasgate.repair.data import RepairData

Watch = Callable[["TorchNetwork"], None]
"""Is shown a network that still learns, after each round of training."""


class Need(Enum):
    """What a method cannot work without, beside repair data with labels and a sensitive attribute."""

    GRADIENTS = "gradients: a graph whose operators are known (most networks), or the architecture in the card"
    LINEAR_HEAD = "a linear last layer, in the card's architecture or in the graph"
    ANSWERS = "the model's answers alone: any graph will do"
    IMAGES = "images"
    PAIRS = "counterfactual pairs: two samples of one cluster and label that differ in the attribute alone"


class RepairMethod(Document):
    """A way to repair a classifier, with one choice of its settings.

    A file of ``repair/methods`` that defines one class of this kind adds a method; the file's name is the method's. The
    fields are its settings.

    Attributes:
        needs: What the method cannot work without; it is checked before ``fit`` is called.
        cost: What a fit takes, in words.
        changes: What of the model is another afterwards, in words.
        shown: How often a fit shows its network to ``watch``; 1 also where it never does.
    """

    needs: ClassVar[frozenset[Need]]
    cost: ClassVar[str]
    changes: ClassVar[str]
    shown: ClassVar[int] = 1

    @classmethod
    def method_name(cls) -> str:
        """The name of the file that defines the method."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    @abstractmethod
    def grid(cls) -> tuple[Self, ...]:
        """The settings that are tried where a user gives none, the best guess first."""

    @abstractmethod
    def fit(self, classifier: PixelClassifier, data: RepairData, *, seed: int, watch: Watch) -> TorchNetwork:
        """Makes a repaired network.

        Args:
            classifier: Model to repair; it is not changed.
            data: Samples to learn from.
            seed: Source of all randomness.
            watch: Function to call with the network after each round of training, if there are rounds.

        Raises:
            InputError: The data or the model cannot be worked on.
        """
