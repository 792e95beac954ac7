"""What an owner submits, made into a candidate package."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from biasgate.errors import CandidateError
from biasgate.models.card import CandidateCard
from biasgate.models.package import CARD, MODEL, CandidatePackage, check_names, pack, read_card

IMPORTED = (MODEL, "model.safetensors", "model.pt")


def import_candidate(folder: Path, into: Path) -> CandidatePackage:
    """Makes a package out of what an owner submitted.

    Args:
        folder: ``card.json`` and one of ``model.onnx``, ``model.safetensors``, ``model.pt`` (a state dict). The latter
            two carry no graph: the card's architecture is filled with them and exported.
        into: Folder of the package.

    Raises:
        CandidateError: The model is missing, not the only one, broken, or not what the card says.
        InputError: The card is not valid, or ``into`` exists.
    """
    check_names(folder, known=(CARD, *IMPORTED))
    card = read_card(folder)
    models = [folder / name for name in IMPORTED if os.path.lexists(folder / name)]
    if len(models) != 1:
        raise CandidateError(
            f"{len(models)} models instead of one", where=str(folder), fix=f"keep one of {', '.join(IMPORTED)}"
        )
    if models[0].name == MODEL:
        return pack(models[0], card, into)
    with tempfile.TemporaryDirectory(prefix="biasgate-") as work:
        graph = Path(work) / MODEL
        _export_named_tensors(models[0], card, graph)
        return pack(graph, card, into)


def _export_named_tensors(model: Path, card: CandidateCard, graph: Path) -> None:
    if card.architecture is None:
        raise CandidateError(
            "weights without a graph need the card's architecture", where=str(model), fix="declare it, or give ONNX"
        )
    if card.output != "logits":
        raise CandidateError("a declared architecture gives logits", where=str(model), fix="say so in the card")
    from biasgate.models.export import export_onnx
    from biasgate.models.formats.safetensors import read_tensors
    from biasgate.models.formats.torch import read_torch_tensors
    from biasgate.models.restore import from_tensors

    tensors = read_torch_tensors(model) if model.suffix == ".pt" else read_tensors(model, where=str(model))
    network = from_tensors(card.architecture, tensors, where=str(model))
    export_onnx(network, input_shape=card.architecture.input, path=graph)
