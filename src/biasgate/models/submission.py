"""What an owner submits, made into a candidate package."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from biasgate.errors import CandidateError
from biasgate.models.card import CandidateCard
from biasgate.models.format import TensorFormat
from biasgate.models.package import CARD, MODEL, CandidatePackage, check_names, pack, read_card
from biasgate.models.recognition import SUFFIXES, format_of

IMPORTED = tuple(f"model{suffix}" for suffix in SUFFIXES)


def import_candidate(folder: Path, into: Path) -> CandidatePackage:
    """Makes a package out of what an owner submitted.

    Args:
        folder: ``card.json`` and one ``model`` of a format in ``formats/``: ``model.onnx``, ``model.safetensors``, or
            ``model.pt`` or ``model.pth`` with a state dict. The latter carry no graph: the card's architecture is
            filled with them and exported.
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
    (model,) = models
    found = format_of(model)
    if not isinstance(found, TensorFormat):
        return pack(model, card, into)
    with tempfile.TemporaryDirectory(prefix="biasgate-") as work:
        graph = Path(work) / MODEL
        _export(found, model, card, graph)
        return pack(graph, card, into)


def _export(found: TensorFormat, model: Path, card: CandidateCard, graph: Path) -> None:
    if card.architecture is None:
        raise CandidateError(
            "weights without a graph need the card's architecture", where=str(model), fix="declare it, or give ONNX"
        )
    if card.output != "logits":
        raise CandidateError("a declared architecture gives logits", where=str(model), fix="say so in the card")
    from biasgate.models.export import export_onnx
    from biasgate.models.restore import from_tensors

    network = from_tensors(card.architecture, found.tensors(model), where=str(model))
    export_onnx(network, path=graph)
