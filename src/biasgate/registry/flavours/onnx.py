"""ONNX as MLflow logs it: nothing is converted, and nothing that it brings is run."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from biasgate.models.formats.onnx import Onnx
from biasgate.registry.flavour import Conversion, Flavour, Logged


class OnnxFlavour(Flavour):
    """A graph, with its tensors inside or beside it."""

    name: ClassVar[str] = "onnx"
    needs: ClassVar[tuple[str, ...]] = ("onnx",)

    def convert(self, logged: Logged, into: Path) -> Conversion:
        """Copied, with all tensors inside."""
        path = logged.folder / str(logged.settings.get("data", "model.onnx"))
        Onnx().write_whole(path, into)
        return Conversion(words="ONNX, taken as it is")
