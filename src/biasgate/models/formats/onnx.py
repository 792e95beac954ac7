"""ONNX graphs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

from biasgate.errors import CandidateError
from biasgate.models.files import MAX_BYTES, check_file, files_digest
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

    def beside(self, path: Path) -> tuple[Path, ...]:
        """Those that tensors name."""
        from biasgate.models.onnx.file import load_onnx_files

        return load_onnx_files(check_file(path))[1]

    def write_whole(self, path: Path, into: Path) -> None:
        """Written anew where tensors lie elsewhere, else copied byte for byte."""
        from biasgate.models.onnx.file import load_onnx_files

        model, beside = load_onnx_files(check_file(path))
        if not beside:
            shutil.copyfile(path, into)
            return
        if (size := model.ByteSize()) > MAX_BYTES:
            raise CandidateError(f"graph and tensors take {size:,} bytes; {MAX_BYTES:,} are read", where=str(path))
        into.write_bytes(model.SerializeToString(deterministic=True))

    def read(self, path: Path) -> Weights:
        """The layers in the order of the graph; the digest is over files beside it too, by their names."""
        from biasgate.models.onnx.weights import read_onnx

        layers, beside, wiring, unexplained = read_onnx(check_file(path))
        return Weights(layers, files_digest(path, beside), unexplained, wiring)
