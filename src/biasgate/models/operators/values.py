"""What is made of nothing or only changes its type; importing this module imports torch."""

from __future__ import annotations

from typing import Any

import torch
from onnx import TensorProto
from torch import Tensor

from biasgate.models.onnx.stored import array_of
from biasgate.models.operator import Node, bounded, operator

_FLOATS: set[int] = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16}
_WHOLE: dict[int, torch.dtype] = {
    TensorProto.BOOL: torch.bool, TensorProto.INT8: torch.int8, TensorProto.INT16: torch.int16,
    TensorProto.INT32: torch.int32, TensorProto.INT64: torch.int64, TensorProto.UINT8: torch.uint8,
}  # fmt: skip


def tensor_of(stored: TensorProto, *, where: str) -> Tensor:
    """A stored tensor, floats in single precision.

    Raises:
        ValueError: It is neither numbers nor truth.
        CandidateError: It is broken.
    """
    array = array_of(stored, where=where)
    if stored.data_type in _FLOATS:
        return torch.from_numpy(array.astype("float32").copy())
    if stored.data_type not in _WHOLE:
        raise ValueError(f"the tensor {stored.name[:80]!r} is neither numbers nor truth")
    return torch.from_numpy(array.copy())


@operator("Constant")
def constant(node: Node) -> Tensor:
    """A number, or numbers; a stored tensor is read before anything runs."""
    for kind, dtype in (("float", torch.float32), ("int", torch.int64)):
        for name in (f"value_{kind}", f"value_{kind}s"):
            if name in node.attributes:
                return torch.tensor(node.get(name), dtype=dtype)
    raise ValueError("a constant that is no numbers")


@operator("Cast")
def cast(node: Node, x: Tensor) -> Tensor:
    """Another type; all floats are alike here."""
    return _cast(x, node.get("to"))


@operator("CastLike")
def cast_like(node: Node, x: Tensor, other: Tensor) -> Tensor:  # noqa: ARG001
    """The type of another tensor."""
    return x.to(other.dtype)


@operator("Shape")
def shape(node: Node, x: Tensor) -> Tensor:
    """The sizes of the axes, or of some."""
    return torch.tensor(x.shape[node.get("start", 0) : node.get("end")], dtype=torch.int64)


@operator("Size")
def size(node: Node, x: Tensor) -> Tensor:  # noqa: ARG001
    """How many values there are."""
    return torch.tensor(x.numel())


@operator("ConstantOfShape")
def filled(node: Node, sizes: Tensor) -> Tensor:
    """One value, over and over."""
    value: Any = node.get("value")
    kept = torch.zeros(1) if value is None else tensor_of(value, where=node.kind)
    return kept.reshape(-1)[:1].expand(bounded(sizes.tolist())).clone()


@operator("Range")
def steps(node: Node, start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:  # noqa: ARG001
    """Numbers from one to another."""
    bounded([max(0, int((limit - start) / delta) + 1)])
    return torch.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)


def _cast(x: Tensor, to: int) -> Tensor:
    if to in _FLOATS:
        return x.float()
    if to not in _WHOLE:
        raise ValueError("a cast to neither numbers nor truth")
    return x.to(_WHOLE[to])
