"""Tensors that an ONNX file keeps in a file beside it, as torch's exporter writes them; importing this imports onnx."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import onnx
from onnx import helper

from biasgate.errors import CandidateError
from biasgate.models.files import check_file


def take_in(tensors: Iterable[onnx.TensorProto], *, beside: Path) -> tuple[Path, ...]:
    """Reads tensors that lie in other files of the folder into the graph.

    Args:
        tensors: Changed in place: each holds its own data afterwards.
        beside: The ONNX file.

    Returns:
        The other files, sorted.

    Raises:
        CandidateError: A location is no plain name of a regular file in the same folder, a tensor's place in it is
            not within it and of the tensor's size, or all tensors together take more than the file holds.
    """
    taken: Counter[Path] = Counter()
    for tensor in tensors:
        places = {entry.key: entry.value for entry in tensor.external_data}
        path = _neighbour(places.get("location", ""), tensor, beside=beside)
        offset, length = (_number(places.get(key, "0"), tensor, beside=beside) for key in ("offset", "length"))
        expected = math.prod(tensor.dims) * _item_bytes(tensor, beside=beside)
        size = path.stat().st_size
        taken[path] += expected
        if min(tensor.dims, default=1) < 1 or length not in (0, expected) or max(offset + expected, taken[path]) > size:
            raise _fault(tensor, "has another size in the other file than its shape says", beside=beside)
        with path.open("rb") as file:
            file.seek(offset)
            tensor.raw_data = file.read(expected)
        tensor.ClearField("external_data")
        tensor.data_location = onnx.TensorProto.DEFAULT
    return tuple(sorted(taken))


def _neighbour(location: str, tensor: onnx.TensorProto, *, beside: Path) -> Path:
    if not location or location in (".", "..") or any(sign in location for sign in "/\\\0"):
        raise _fault(tensor, "lies in another file that is not in the same folder", beside=beside)
    try:
        return check_file(beside.with_name(location))
    except CandidateError as error:
        raise _fault(tensor, f"lies in another file ({location[:80]!r}): {error.what}", beside=beside) from error


def _number(text: str, tensor: onnx.TensorProto, *, beside: Path) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise _fault(tensor, "lies in another file at no place that is a number", beside=beside)
    return int(text)


def _item_bytes(tensor: onnx.TensorProto, *, beside: Path) -> int:
    try:
        return helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    except (KeyError, TypeError) as error:
        raise _fault(tensor, "has a type that is not read from another file", beside=beside) from error


def _fault(tensor: onnx.TensorProto, what: str, *, beside: Path) -> CandidateError:
    fix = "keep both files together, or export with the weights inside (torch.onnx.export(..., external_data=False))"
    return CandidateError(f"tensor {tensor.name[:80]!r} {what}", where=str(beside), fix=fix)
