"""Linear models and scalers as scikit-learn's exporter writes them; importing this module imports torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from biasgate.models.operator import Node, operator

_NORMS = {"L1": 1.0, "L2": 2.0, "MAX": float("inf")}


@operator("ai.onnx.ml.Scaler")
def scale(node: Node, x: Tensor) -> Tensor:
    """(x − offset) · scale."""
    return (x.float() - _numbers(node, "offset")) * _numbers(node, "scale")


@operator("ai.onnx.ml.Normalizer")
def normalise(node: Node, x: Tensor) -> Tensor:
    """Rows to length one."""
    length = x.norm(p=_NORMS[node.get("norm", "MAX")], dim=1, keepdim=True)
    return x / torch.where(length == 0, 1.0, length)


@operator("ai.onnx.ml.LinearClassifier")
def decide(node: Node, x: Tensor) -> tuple[Tensor, ...]:
    """A decision, and a score a class."""
    bias = _numbers(node, "intercepts")
    scores = x.float() @ _numbers(node, "coefficients").reshape(len(bias), -1).T + bias
    match node.get("post_transform", "NONE"):
        case "NONE":
            pass
        case "LOGISTIC":
            scores = scores.sigmoid()
        case "SOFTMAX":
            scores = scores.softmax(dim=1)
        case other:
            raise ValueError(f"scores that are put through {other[:40]!r}")
    return scores.argmax(dim=1), scores


def _numbers(node: Node, name: str) -> Tensor:
    found: Any = node.get(name, [])
    return torch.tensor(found, dtype=torch.float32)
