"""Keras 3 models."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from biasgate.errors import CandidateError
from biasgate.registry.flavour import Conversion, Flavour, Logged
from biasgate.registry.sample import drawn, origin_of
from biasgate.registry.table_rows import first_line


class KerasFlavour(Flavour):
    """Exported by Keras itself, whichever backend it runs on."""

    name: ClassVar[str] = "keras"
    needs: ClassVar[tuple[str, ...]] = ("mlflow", "onnxscript")

    def convert(self, logged: Logged, into: Path) -> Conversion:
        """One input, one output."""
        from mlflow.keras import load_model

        model: Any = load_model(str(logged.folder))
        if len(model.inputs) != 1 or len(model.outputs) != 1:
            found = f"{len(model.inputs)} inputs and {len(model.outputs)} outputs"
            raise CandidateError(f"it has {found}", where=str(logged.folder), fix="give it one of each")
        sample, shape = logged.sample, tuple(model.inputs[0].shape[1:])
        known = sample is not None and sample.whole is not None
        if not known and None in shape:
            raise CandidateError(f"it takes {list(shape)}", where=str(logged.folder), fix="give --data")
        rows = np.asarray(sample.whole if known and sample else drawn(shape), np.float32)
        try:
            said = np.asarray(model.predict(rows, verbose=0))
            model.export(str(into), format="onnx", verbose=False)
        except Exception as error:
            raise first_line(error, where=logged.folder) from error
        from biasgate.models.onnx.file import load_onnx
        from biasgate.models.onnx.ports import inputs_of

        (port,) = inputs_of(load_onnx(into))
        origin = origin_of(sample if known else None)
        return Conversion(f"{type(model).__name__} of Keras, exported by it", origin, {port.name: rows}, said)
