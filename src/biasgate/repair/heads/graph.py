"""Repair of the linear head of any ONNX graph, architecture declared or not; importing this module imports torch.

The graph is cut before its head and runs in the sandbox, once, to give features; what is left to repair is a network of
one linear layer on rows of features, which every head-only method takes as it is.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from onnx import numpy_helper
from scipy.special import softmax
from torch import Tensor

from biasgate.data.columns import split
from biasgate.data.dataset import Dataset
from biasgate.models.answers import answer
from biasgate.models.architecture import Architecture
from biasgate.models.card import InputContract
from biasgate.models.export import parity
from biasgate.models.network import Network
from biasgate.models.onnx.answer_layer import with_answer_layer
from biasgate.models.onnx.edits import answer_only
from biasgate.models.onnx.file import load_onnx
from biasgate.models.onnx.head import OnnxHead, features_graph, find_head, with_onnx_head
from biasgate.models.onnx.ports import outputs_of
from biasgate.models.package import MODEL, CandidatePackage, pack
from biasgate.models.restore import from_tensors
from biasgate.models.sandbox.runner import run
from biasgate.repair.heads.linear import LinearHead

PROBES = 64
"""Samples on which the edited graph is compared with its head."""


@dataclass(frozen=True)
class Kept:
    """Parameters of a model that a repair leaves as they are.

    Attributes:
        count: Their number.
        squares: The sum of their squares.
    """

    count: int
    squares: float


@dataclass(frozen=True, eq=False)
class GraphHead:
    """A candidate's head, seen as a network of its own.

    Attributes:
        head: Where it is in the graph.
        network: Its one linear layer.
        contract: Input contract of that network: rows of features.
        features: What the graph gives it for the repair data ``[n, features]``.
        kept: The graph's other parameters.
    """

    head: OnnxHead
    network: Network
    contract: InputContract
    features: Tensor
    kept: Kept


def read_graph_head(package: CandidatePackage, dataset: Dataset, *, added: bool = False) -> GraphHead:
    """Finds the head and runs what lies before it.

    Args:
        package: Candidate; it is run in the sandbox.
        dataset: Repair data, as stored.
        added: Whether the head is a layer that is put behind the candidate's answers, and changes nothing yet.

    Raises:
        CandidateError: The graph does not end in a linear head, or fails in the sandbox.
    """
    model, card = load_onnx(package.model), package.card
    port = answer(outputs_of(model), card)
    if added:
        probable = card.output == "probabilities"
        model = with_answer_layer(model, port, classes=len(card.classes), probabilities=probable)
    elif len(model.graph.output) > 1 or port.kind == "maps":
        model = answer_only(model, port, classes=len(card.classes))
    head = find_head(model, where=card.name)
    width = head.weight.shape[1]
    with tempfile.TemporaryDirectory(prefix="biasgate-") as work:
        cut = Path(work) / MODEL
        cut.write_bytes(features_graph(head).SerializeToString())
        named = package.card.model_copy(update={"classes": tuple(map(str, range(width))), "output": "logits"})
        columns = split(dataset.samples, dataset.columns)
        features = run(pack(cut, named, Path(work) / "package"), dataset.samples, columns=columns).logits
    layers = [{"kind": "dense", "out": len(head.weight)}]
    linear = Architecture.build({"name": "head", "input": [width], "layers": layers}, where=package.card.name)
    network = from_tensors(
        linear, {"layers.0.weight": head.weight, "layers.0.bias": head.bias}, where=package.card.name
    )
    contract = InputContract(shape=(width,), layout="rows")
    return GraphHead(head, network, contract, torch.from_numpy(features), _kept(head))


def _kept(head: OnnxHead) -> Kept:
    """The parameters of a graph besides its head's: its stored floating-point tensors."""
    own = {name for node in head.nodes for name in node.input}
    stored = [numpy_helper.to_array(one) for one in head.model.graph.initializer if one.name not in own]
    floats = [tensor.astype(np.float64) for tensor in stored if tensor.dtype.kind == "f"]
    return Kept(sum(tensor.size for tensor in floats), float(sum(np.square(tensor).sum() for tensor in floats)))


def write_graph_head(
    package: CandidatePackage, dataset: Dataset, found: GraphHead, repaired: LinearHead, *, path: Path
) -> float:
    """Writes the graph with the repaired head, once the sandbox has given what the head gives on the features.

    Returns:
        Largest difference of the two on the first samples.

    Raises:
        CandidateError: They differ; nothing is written.
    """
    few = dataset.take(np.arange(min(PROBES, len(dataset))))
    edited = with_onnx_head(found.head, repaired.weight, repaired.bias).SerializeToString()
    with tempfile.TemporaryDirectory(prefix="biasgate-") as work:
        draft = Path(work) / MODEL
        draft.write_bytes(edited)
        theirs = run(
            pack(draft, package.card, Path(work) / "package"), few.samples, columns=split(few.samples, few.columns)
        ).logits
    ours = found.features[:PROBES].double().numpy() @ repaired.weight.T + repaired.bias
    ours = softmax(ours, axis=1) if package.card.output == "probabilities" else ours
    difference = parity(ours.astype(np.float32), theirs, where=f"{package.card.name}, repaired head")
    path.write_bytes(edited)
    return difference
