"""Operators whose answer is drawn, or learned from the batch: no graph with one is measured as it serves."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from biasgate.errors import CandidateError
from biasgate.models.onnx.scopes import Scope, scopes_of

RANDOM = {
    "Bernoulli", "BiasDropout", "BitmaskBiasDropout", "BitmaskDropout", "Multinomial", "RandomNormal",
    "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Sampling",
}  # fmt: skip


def refuse_random(model: onnx.ModelProto, *, where: str) -> None:
    """Refuses operators that draw numbers, and dropout and batch normalisation as they train.

    Looked for in the graph, in the bodies of conditions and loops, and in local functions.

    Raises:
        CandidateError: There is one; names the node.
    """
    for scope in scopes_of(model):
        for node in scope.nodes:
            if why := _fault(node, scope):
                raise CandidateError(
                    f"node {node.name[:80]!r} ({node.op_type[:80]!r}) {why}",
                    where=where,
                    fix="export the model as it infers (model.eval() in torch)",
                )


def _fault(node: onnx.NodeProto, scope: Scope) -> str | None:
    if node.op_type in RANDOM:
        return "draws random numbers"
    if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2] and not _is_false(node.input[2], scope):
        return "drops values as in training"
    if node.op_type == "BatchNormalization" and (_trains(node.attribute) or any(node.output[1:])):
        return "normalises by its batch as in training"
    return None


def _is_false(name: str, scope: Scope) -> bool:
    """Whether a value is stored beside its node, once, and false."""
    stored = [tensor for tensor in scope.stored if tensor.name == name]
    constants = [node for node in scope.nodes if name in node.output]
    stored += [attribute.t for node in constants if node.op_type == "Constant" for attribute in node.attribute]
    return len(stored) == 1 and (stored[0].raw_data == b"\0" or [*stored[0].int32_data] == [0])


def _trains(attributes: Iterable[onnx.AttributeProto]) -> bool:
    return any(one.name == "training_mode" and (one.i or one.ref_attr_name) for one in attributes)
