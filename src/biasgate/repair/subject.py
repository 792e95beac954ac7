"""What a method repairs: a network out of a candidate, and how it becomes a graph again; imports torch."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.export import export_onnx
from biasgate.models.network import Network
from biasgate.models.package import CandidatePackage
from biasgate.models.preprocess import stored_shape
from biasgate.models.restore import restore
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.graph import Kept, read_graph_head, write_graph_head
from biasgate.repair.heads.last_layer import head_of
from biasgate.repair.method import Need
from biasgate.repair.pairs import pair_rows


@dataclass(frozen=True, eq=False)
class Subject:
    """A candidate's network, opened.

    Attributes:
        classifier: Declared network; the head alone where none is declared.
        features: What the head alone takes ``[n, features]``; None for a declared network, which takes the samples.
        output: What a graph that ``write`` makes gives.
        write: Writes a repaired network as ONNX and returns the largest difference between its outputs and the graph's.
        kept: The rest of the model's parameters, where the classifier is its head alone.
    """

    classifier: PixelClassifier
    features: Tensor | None
    output: Literal["logits", "probabilities"]
    write: Callable[[Network, Path], float]
    kept: Kept | None = None


def open_subject(package: CandidatePackage, dataset: Dataset, *, needs: Set[Need]) -> Subject:
    """The declared network; for a method that does without it, the linear head of the graph where none is declared.

    Args:
        package: Candidate.
        dataset: Repair data.
        needs: What the method cannot work without.

    Raises:
        CandidateError: The architecture is needed and not declared, or not the model's; the last layer is needed to be
            linear and is not.
        InputError: The samples are images and rows are needed, or have another shape than the model takes.
    """
    card = package.card
    if Need.IMAGES in needs and dataset.samples.ndim != 4:
        raise InputError(
            "this method changes images, and these are rows of features",
            where=dataset.name,
            fix="give images, or choose a method that takes rows",
        )
    if dataset.samples.shape[1:] != stored_shape(card.input):
        raise InputError(
            f"samples have the shape {dataset.samples.shape[1:]}, the model takes {stored_shape(card.input)}",
            where=dataset.name,
            fix="give repair data of the shape that the card says",
        )
    if card.architecture is None and Need.NETWORK not in needs:
        return _graph_head(package, dataset)
    network = restore(package)
    if Need.LINEAR_HEAD in needs:
        head_of(network)

    def export(repaired: Network, path: Path) -> float:
        return export_onnx(repaired, path=path)

    return Subject(PixelClassifier(network, card.input), None, "logits", export)


def require_pairs(data: RepairData, *, where: str) -> None:
    """Refuses data without counterfactual pairs.

    Raises:
        InputError: No cluster has an aligned and a conflicting sample of one label.
    """
    if not len(pair_rows(data)[0]):
        raise InputError(
            "no cluster has an aligned and a conflicting sample, and this method needs counterfactual pairs",
            where=where,
            fix="give each cluster twice, alike but for the attribute, or choose another method",
        )


def _graph_head(package: CandidatePackage, dataset: Dataset) -> Subject:
    cut = read_graph_head(package, dataset)

    def write(repaired: Network, path: Path) -> float:
        return write_graph_head(package, dataset, cut, head_of(repaired), path=path)

    return Subject(PixelClassifier(cut.network, cut.contract), cut.features, package.card.output, write, cut.kept)
