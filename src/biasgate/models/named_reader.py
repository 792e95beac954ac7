"""A walk over named tensors: what has been read so far."""

from __future__ import annotations

from biasgate.errors import CandidateError
from biasgate.models.weights import LayerWeights


class NamedReader:
    """What each kind of layer reads its tensors with.

    Attributes:
        layers: Those read so far, in the order of their names.
        previous: Name of the module just before, whatever it was.
        where: The file, named in errors.
    """

    def __init__(self, *, where: str) -> None:
        self.layers: list[LayerWeights] = []
        self.previous = ""
        self.where = where

    def directly_before(self, module: str) -> bool:
        """False when numbered names show that something without weights lies between ``previous`` and a module."""
        (parent, _, first), (other, _, second) = self.previous.rpartition("."), module.rpartition(".")
        numbered = parent == other and first.isdecimal() and second.isdecimal()
        return not numbered or int(second) == int(first) + 1

    def fault(self, what: str) -> CandidateError:
        """The error that says ``what`` named tensors do not tell."""
        return CandidateError(what, where=self.where, fix="give the model as ONNX, whose graph says what follows what")
