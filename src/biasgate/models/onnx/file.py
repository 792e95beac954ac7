"""Opening an ONNX file without running it; importing this module imports onnx."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx.external_data_helper import uses_external_data

from biasgate.errors import CandidateError
from biasgate.models.files import check_file
from biasgate.models.onnx.beside import take_in
from biasgate.models.onnx.form import check_form
from biasgate.models.onnx.scopes import scopes_of
from biasgate.models.sandbox.wire import count_fields

MAX_FIELDS = 1_000_000
"""Most protobuf fields of a graph: a ResNet-50 has some ten thousand; a million take 150 MB and a second."""


def load_onnx(path: Path) -> onnx.ModelProto:
    """The parsed graph of a file that is whole in itself, as a package's must be.

    Raises:
        CandidateError: No ONNX file, no graph in it, or a tensor that lies in another file.
    """
    model = _parsed(path)
    for tensor in _tensors(model):
        if uses_external_data(tensor):
            raise CandidateError(
                f"tensor {tensor.name[:80]!r} lies in another file",
                where=str(path),
                fix="export with the weights inside the file (torch.onnx.export(..., external_data=False))",
            )
    return model


def load_onnx_files(path: Path) -> tuple[onnx.ModelProto, tuple[Path, ...]]:
    """The parsed graph with the tensors that lie in files beside it, and those files.

    Raises:
        CandidateError: No ONNX file, no graph in it, or a tensor that lies elsewhere; see ``take_in``.
    """
    model = _parsed(path)
    return model, take_in(filter(uses_external_data, _tensors(model)), beside=path)


def _parsed(path: Path) -> onnx.ModelProto:
    try:
        data = check_file(path).read_bytes()
        if count_fields(data, onnx.ModelProto, limit=MAX_FIELDS) > MAX_FIELDS:
            raise CandidateError(f"the ONNX graph has over {MAX_FIELDS:,} fields", where=str(path))
        model = onnx.ModelProto.FromString(data)
    except (DecodeError, ValueError, RecursionError) as error:
        raise CandidateError("not an ONNX file", where=str(path), fix="export the model again") from error
    if not model.graph.node:
        raise CandidateError("the ONNX graph is empty", where=str(path), fix="export the model again")
    if any(isinstance(text, bytes) for node in model.graph.node for text in _texts(node)):
        raise CandidateError("a name in the ONNX graph is no text", where=str(path), fix="export the model again")
    check_form(model, where=str(path))
    return model


def _texts(node: onnx.NodeProto) -> tuple[str, ...]:
    """A node's texts; the parser gives those that are not UTF-8 as bytes."""
    return (node.name, node.op_type, node.domain, *node.input, *node.output)


def _tensors(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    """Every tensor of the model."""
    return [tensor for scope in scopes_of(model) for tensor in scope.tensors]
