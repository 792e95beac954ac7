"""Safetensors files."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.models.files import check_file
from biasgate.models.format import TensorFormat
from biasgate.models.named_tensors import Tensors, bounded
from biasgate.models.weights import as_float32

MAX_HEADER_BYTES = 1 << 22


class Safetensors(TensorFormat):
    """Named tensors and nothing else."""

    suffixes: ClassVar[tuple[str, ...]] = (".safetensors",)

    def tensors(self, path: Path) -> Tensors:
        """Read in this process: the format holds no code."""
        return read_tensors(path, where=str(path))


def read_tensors(path: Path, *, where: str) -> Tensors:
    """The float tensors of a safetensors file, by name; counters of batch normalisation are left out.

    Args:
        path: The file.
        where: Named in errors.

    Raises:
        CandidateError: The file is broken, or holds tensors of another type.
    """
    from safetensors import SafetensorError, safe_open

    found: dict[str, NDArray[np.float32]] = {}
    try:
        _check_header(check_file(path))
        with safe_open(path, framework="numpy") as file:
            for name in bounded(file.keys(), where=where):
                if name.endswith("num_batches_tracked"):
                    continue
                if (kind := file.get_slice(name).get_dtype()) not in ("F16", "F32", "F64"):
                    raise CandidateError(f"tensor {name!r} is {kind}; weights are read as F16, F32 or F64", where=where)
                found[name] = as_float32(name, file.get_tensor(name), where=where)
    except (SafetensorError, OSError, ValueError) as error:
        raise CandidateError(f"not a safetensors file: {error}", where=where, fix="save it again") from error
    return found


def _check_header(path: Path) -> None:
    """Refuses a header that is larger than any of ``MAX_TENSORS`` names, before it is parsed."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > MAX_HEADER_BYTES:
        raise CandidateError(f"its header says {length:,} bytes; {MAX_HEADER_BYTES:,} are read", where=str(path))
