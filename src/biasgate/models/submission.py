"""What an owner submits, made into a candidate package."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from biasgate.errors import CandidateError
from biasgate.models.card import CandidateCard
from biasgate.models.files import check_file
from biasgate.models.format import Format, GraphFormat, TensorFormat
from biasgate.models.package import CARD, MODEL, check_names, content_name, pack, read_card, require_card
from biasgate.models.predictions import Candidate, pack_predictions
from biasgate.models.recognition import SUFFIXES, format_of

IMPORTED = (*(f"model{suffix}" for suffix in SUFFIXES), "pytorch_model.bin")


def import_candidate(folder: Path, into: Path) -> Candidate:
    """Makes a package out of what an owner submitted.

    Args:
        folder: ``card.json`` and one ``model`` of a format in ``formats/``: ``model.onnx``, ``model.safetensors``
            (or its index and parts), or ``model.pt``, ``.pth`` or ``.ckpt`` or ``pytorch_model.bin`` with a state dict.
            All but the first carry no graph: the card's architecture is filled with them and exported. Or, in the place
            of a model, a table of its predictions: see ``PredictionsPackage``.
        into: Folder of the package.

    Raises:
        CandidateError: The model is missing, not the only one, broken, or not what the card says.
        InputError: The card is not valid, or ``into`` exists.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise CandidateError("not a folder", where=str(folder), fix="give the folder that holds card.json")
    require_card(folder)
    if content_name(folder) != MODEL:
        return pack_predictions(folder, into)
    models = [folder / name for name in IMPORTED if os.path.lexists(folder / name)]
    if len(models) != 1:
        found = ", ".join(sorted(entry.name for entry in folder.iterdir())[:10]) or "nothing"
        raise CandidateError(
            f"{len(models)} models instead of one; it holds {found}",
            where=str(folder),
            fix=f"give a folder of card.json and one of {', '.join(IMPORTED)}",
        )
    (model,) = models
    form = format_of(model)
    beside = form.beside(check_file(model))
    check_names(folder, known=(CARD, model.name, *(file.name for file in beside)))
    card = read_card(folder)
    with tempfile.TemporaryDirectory(prefix="biasgate-") as work:
        graph = Path(work) / MODEL
        if isinstance(form, GraphFormat):
            notes = [f"tensors of {file.name} are now in {MODEL}" for file in beside]
            form.write_whole(model, graph)
        else:
            notes = _export(form, model, card, graph)
        return replace(pack(graph, card, into), notes=tuple(notes))


def _export(found: Format, model: Path, card: CandidateCard, graph: Path) -> list[str]:
    """Writes the card's architecture with a file's tensors; gives what the owner should know of it."""
    if not isinstance(found, TensorFormat) or card.architecture is None:
        raise CandidateError(
            "weights without a graph need the card's architecture", where=str(model), fix="declare it, or give ONNX"
        )
    if card.output != "logits":
        raise CandidateError("a declared architecture gives logits", where=str(model), fix="say so in the card")
    from biasgate.models.export import export_onnx
    from biasgate.models.restore import OWN, common_prefix, from_tensors

    tensors, notes = found.tensors(model)
    prefix = common_prefix(card.architecture, tensors)
    export_onnx(from_tensors(card.architecture, tensors, where=str(model)), path=graph)
    assumed = {said for layer in card.architecture.layers for part in layer.parts for said in part.assumed}
    wrapper = prefix.removesuffix(OWN)
    return [*notes, *([f"{wrapper!r} was taken off the names of all tensors"] if wrapper else []), *sorted(assumed)]
