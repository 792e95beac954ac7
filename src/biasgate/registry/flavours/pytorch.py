"""Torch modules."""

from __future__ import annotations

import inspect
import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.registry.flavour import Conversion, Flavour, Logged
from biasgate.registry.sample import drawn, origin_of
from biasgate.registry.table_rows import first_line

if TYPE_CHECKING:
    from torch import nn

OUTPUT = "output"


class PytorchFlavour(Flavour):
    """Exported by torch itself, with a free batch axis."""

    name: ClassVar[str] = "pytorch"
    needs: ClassVar[tuple[str, ...]] = ("mlflow", "torch", "onnxscript")

    def convert(self, logged: Logged, into: Path) -> Conversion:
        """Arguments of ``forward`` are columns where the data has columns of their names; else all is one tensor."""
        from mlflow.pytorch import load_model

        model: Any = load_model(str(logged.folder), map_location="cpu")
        given = _given(model, logged)
        origin = origin_of(logged.sample)
        return export(model, given, into, words=f"{type(model).__name__} of torch", origin=origin, where=logged.folder)


def export(
    model: nn.Module, given: dict[str, NDArray[Any]], into: Path, *, words: str, origin: str, where: Path
) -> Conversion:
    """Writes a module that takes these inputs as its positional arguments, and says what it gives for them.

    Raises:
        CandidateError: It does not take them, gives anything but one number a class, or torch cannot export it.
    """
    import torch

    # Its warnings name libraries that are missing and that no model asks for.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    batch = torch.export.Dim("batch")
    rows = tuple(torch.from_numpy(np.ascontiguousarray(values)) for values in given.values())
    with suppress(NotImplementedError):  # an exported program is in inference mode for good
        model.eval()
    try:
        with torch.no_grad():
            found: Any = model(*rows)
        program = torch.onnx.export(
            model,
            tuple(values[:2] for values in rows),
            dynamo=True,
            dynamic_shapes=tuple({0: batch} for _ in rows),
            input_names=list(given),
            output_names=[OUTPUT],
            verbose=False,
        )
    except Exception as error:
        raise first_line(error, where=where) from error
    if not isinstance(found, torch.Tensor) or found.ndim > 2 or program is None:
        raise CandidateError("it gives anything but one tensor of numbers a class", where=str(where))
    program.save(str(into), external_data=False)
    said = found.detach().numpy().reshape(len(rows[0]), -1)
    return Conversion(f"{words}, exported by torch {torch.__version__}", origin, given, said)


def _given(model: nn.Module, logged: Logged) -> dict[str, NDArray[Any]]:
    """Inputs by the names of what ``forward`` takes."""
    sample = logged.sample
    names = [
        name
        for name, taken in inspect.signature(model.forward).parameters.items()
        if taken.kind is taken.POSITIONAL_OR_KEYWORD and taken.default is taken.empty
    ]
    if sample and len(names) > 1 and all(name in sample.columns for name in names):
        return {name: _whole_numbers(sample.columns[name]) for name in names}
    if sample and sample.whole is not None:
        return {"input": sample.whole if sample.whole.dtype.kind != "f" else sample.whole.astype(np.float32)}
    if logged.shape:
        return {"input": drawn(logged.shape)}
    raise CandidateError(
        f"its forward takes {names}, and no rows are known to try it on", where=str(logged.folder), fix="give --data"
    )


def _whole_numbers(values: NDArray[Any]) -> NDArray[Any]:
    """Lists of whole numbers are tokens: torch looks them up by int64."""
    whole = values.ndim == 2 and np.array_equal(values, np.round(values))
    return values.astype(np.int64) if whole else values.astype(np.float32)
