"""Safetensors files, whole or in parts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.models.files import check_file
from biasgate.models.format import TensorFormat
from biasgate.models.named_tensors import Tensors, bounded
from biasgate.models.weights import as_float32

MAX_HEADER_BYTES = 1 << 22
INDEX = "model.safetensors.index.json"
_PART = re.compile(r"-0*(\d+)-of-0*(\d+)\.[a-z]+$")
_PLAIN = {"F16": np.float16, "F32": np.float32, "F64": np.float64}
_EIGHT_BITS = {"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}


class Safetensors(TensorFormat):
    """Named tensors and nothing else."""

    suffixes: ClassVar[tuple[str, ...]] = (".safetensors",)

    def tensors(self, path: Path) -> tuple[Tensors, tuple[str, ...]]:
        """Read in this process: the format holds no code."""
        refuse_part(path)
        return read_tensors(path, where=str(path)), ()


def refuse_part(path: Path) -> None:
    """Refuses one file of several that make a model, which its name tells (``model-00001-of-00002.safetensors``).

    Raises:
        CandidateError: It is one.
    """
    if (part := _PART.search(path.name)) and int(part[2]) > 1:
        raise CandidateError(f"it is part {part[1]} of {part[2]} of a model", where=str(path), fix=f"give {INDEX}")


def read_tensors(path: Path, *, where: str) -> Tensors:
    """The float tensors of a safetensors file, by name; counters of batch normalisation are left out.

    Args:
        path: The file.
        where: Named in errors.

    Raises:
        CandidateError: The file is broken, or holds tensors of another type.
    """
    from safetensors import SafetensorError, deserialize

    _check_header(check_file(path))
    try:
        found = dict(deserialize(path.read_bytes()))
    except (SafetensorError, OSError, ValueError) as error:
        raise CandidateError(f"not a safetensors file: {error}", where=where, fix="save it again") from error
    names = [name for name in bounded(found, where=where) if not name.endswith("num_batches_tracked")]
    return {name: _array(name, found[name], where=where) for name in names}


def _array(name: str, tensor: Any, *, where: str) -> NDArray[np.float32]:
    """A tensor as float32; the 16 bits of a bfloat16 are the first half of a float32's."""
    kind, shape, data = tensor["dtype"], tensor["shape"], tensor["data"]
    if kind == "BF16":
        array = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    elif kind in _EIGHT_BITS:
        import ml_dtypes

        array = np.frombuffer(data, getattr(ml_dtypes, _EIGHT_BITS[kind])).astype(np.float32)
    elif kind in _PLAIN:
        array = np.frombuffer(data, _PLAIN[kind])
    else:
        read = ", ".join((*_PLAIN, "BF16", *_EIGHT_BITS))
        what = f"tensor {name!r} is {kind}; weights are read as {read}"
        raise CandidateError(what, where=where, fix="save the weights without it, or give the model as ONNX")
    return as_float32(name, array.reshape(shape), where=where)


def _check_header(path: Path) -> None:
    """Refuses a header that is larger than those of classifiers, before it is parsed."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > MAX_HEADER_BYTES:
        raise CandidateError(f"its header says {length:,} bytes; {MAX_HEADER_BYTES:,} are read", where=str(path))
