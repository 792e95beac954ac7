"""What a method repairs: a network out of a candidate, and how it becomes a graph again; imports torch."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from biasgate.data.columns import places, split
from biasgate.data.dataset import Dataset
from biasgate.errors import CandidateError, InputError
from biasgate.models.card import CandidateCard
from biasgate.models.export import export_onnx
from biasgate.models.gradients import with_gradients, write_gradients
from biasgate.models.graph_network import GraphNetwork
from biasgate.models.network import Network
from biasgate.models.package import CandidatePackage
from biasgate.models.preprocess import stored_shape
from biasgate.models.restore import restore
from biasgate.models.torch_network import TorchNetwork
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
        classifier: The network, declared or of the graph; or the graph's head alone.
        features: What the head alone takes ``[n, features]``; None for a whole network, which takes the samples.
        card: Card of what ``write`` makes.
        write: Writes a repaired network as ONNX and returns the largest difference between its outputs and the graph's.
        kept: The rest of the model's parameters, where the classifier is its head alone.
    """

    classifier: PixelClassifier
    features: Tensor | None
    card: CandidateCard
    write: Callable[[TorchNetwork, Path], float]
    kept: Kept | None = None


def open_subject(package: CandidatePackage, dataset: Dataset, *, needs: Set[Need]) -> Subject:
    """The declared network; where none is declared the graph itself, or its head for methods that move that alone.

    Args:
        package: Candidate.
        dataset: Repair data.
        needs: What the method cannot work without.

    Raises:
        CandidateError: Gradients are needed and do not pass through the graph; the declared architecture is not the
            model's; the last layer is needed to be linear and is not.
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
    if Need.ANSWERS in needs:
        return _head_alone(package, dataset, added=True)
    if card.architecture is not None:
        subject = _declared(package)
    elif Need.GRADIENTS in needs:
        subject = _graph(package, dataset)
    else:
        subject = _graph_head(package, dataset)
    if Need.LINEAR_HEAD in needs:
        head_of(subject.classifier.network)
    return subject


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


def _declared(package: CandidatePackage) -> Subject:
    def export(repaired: TorchNetwork, path: Path) -> float:
        assert isinstance(repaired, Network)
        return export_onnx(repaired, path=path)

    card = package.card.model_copy(update={"output": "logits"})
    return Subject(PixelClassifier(restore(package), card.input), None, card, export)


def _graph(package: CandidatePackage, dataset: Dataset) -> Subject:
    columns, parts = split(dataset.samples, dataset.columns), places(dataset.columns)
    network = with_gradients(package, dataset.samples, columns=columns, parts=parts)
    if next(network.parameters(), None) is None:
        raise CandidateError(
            "its weights are kept in eight bits, which gradients do not change",
            where=package.card.name,
            fix="repair it before it is quantised",
        )

    def write(repaired: TorchNetwork, path: Path) -> float:
        assert isinstance(repaired, GraphNetwork)
        return write_gradients(package, repaired, dataset.samples, columns=columns, path=path)

    return Subject(PixelClassifier(network, package.card.input), None, package.card, write)


def _graph_head(package: CandidatePackage, dataset: Dataset) -> Subject:
    """The head cut off the graph; where that cannot be cut (one number of two classes), the graph itself."""
    try:
        return _head_alone(package, dataset)
    except CandidateError as no_head:
        try:
            subject = _graph(package, dataset)
            head_of(subject.classifier.network)
        except CandidateError:
            raise no_head from None
        return subject


def _head_alone(package: CandidatePackage, dataset: Dataset, *, added: bool = False) -> Subject:
    cut = read_graph_head(package, dataset, added=added)

    def write(repaired: TorchNetwork, path: Path) -> float:
        return write_graph_head(package, dataset, cut, head_of(repaired), path=path)

    card = package.card.model_copy(update={"architecture": None}) if added else package.card
    return Subject(PixelClassifier(cut.network, cut.contract), cut.features, card, write, cut.kept)
