"""ONNX graphs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from biasgate.documents import canonical_json, sha256
from biasgate.models.files import check_file, file_digest
from biasgate.models.format import GraphFormat
from biasgate.models.weights import Weights


class Onnx(GraphFormat):
    """A graph with its weights inside; for reading alone they may lie in files beside it."""

    suffixes: ClassVar[tuple[str, ...]] = (".onnx",)

    def check(self, path: Path) -> None:
        """Parsed, without tensors in other files and without operators that draw their answers."""
        from biasgate.models.onnx.file import load_onnx
        from biasgate.models.onnx.repeatable import refuse_random

        refuse_random(load_onnx(path), where=str(path))

    def read(self, path: Path) -> Weights:
        """The layers in the order of the graph; the digest is over files beside it too, by their names."""
        from biasgate.models.onnx.weights import read_onnx

        layers, beside = read_onnx(check_file(path))
        if not beside:
            return Weights(layers, file_digest(path))
        return Weights(layers, sha256(canonical_json({file.name: file_digest(file) for file in (path, *beside)})))
