"""What ONNX asks of every graph, checked before anything follows its names; importing this module imports onnx."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from graphlib import CycleError, TopologicalSorter

import onnx
from onnx import defs

from biasgate.errors import CandidateError

Schema = Callable[[str, str], defs.OpSchema | None]
"""From an operator's domain and name to what ONNX says of it; None where it says nothing."""


def check_form(model: onnx.ModelProto, *, where: str) -> None:
    """Sees that each node gives something, takes what its operator needs, and waits for no output of its own.

    ONNX Runtime refuses the same. What is read of a graph before it runs may follow its names without end, or past it.

    Raises:
        CandidateError: A node does not; names it.
    """
    schema, makers = _schemas(model), dict[str, int]()
    for place, node in enumerate(model.graph.node):
        given = [name for name in node.output if name]
        if fault := _fault(node, schema(node.domain, node.op_type)):
            raise _malformed(node, fault, where)
        if not given or not makers.keys().isdisjoint(given):
            raise _malformed(node, "gives nothing" if not given else "gives what another gives", where)
        makers.update(dict.fromkeys(given, place))
    waits = {
        place: {makers[name] for name in node.input if name in makers} for place, node in enumerate(model.graph.node)
    }
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        raise _malformed(model.graph.node[error.args[1][0]], "waits for its own output", where) from None


def _schemas(model: onnx.ModelProto) -> Schema:
    versions = {opset.domain: opset.version for opset in model.opset_import}
    own = {(function.domain, function.name) for function in model.functions}

    @cache
    def schema(domain: str, name: str) -> defs.OpSchema | None:
        version = versions.get(domain)
        if (domain, name) in own or version is None or not 0 < version < 1 << 31:
            return None
        try:
            return defs.get_schema(name, version, domain)
        except defs.SchemaError:
            return None

    return schema


def _fault(node: onnx.NodeProto, schema: defs.OpSchema | None) -> str | None:
    """What a node lacks of what its operator needs."""
    if schema is None:
        return None
    if len(node.input) < schema.min_input or len(node.output) < schema.min_output:
        return f"takes {len(node.input)} values and gives {len(node.output)}"
    said = {attribute.name: attribute.type for attribute in node.attribute}
    for name, asked in schema.attributes.items():
        if said[name] != asked.type if name in said else asked.required:
            return f"has no {name!r} of the type that it needs"
    return None


def _malformed(node: onnx.NodeProto, what: str, where: str) -> CandidateError:
    named = f"{node.op_type[:80]!r} ({node.name[:80] or 'without a name'})"
    return CandidateError(f"its operator {named} {what}", where=where, fix="export the model again")
