"""Repair of a biased candidate: a method finds new weights, and a new package comes out."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.repair_record import Leaning, RepairRecord
from biasgate.data.dataset import Dataset
from biasgate.data.splits import split
from biasgate.errors import InputError
from biasgate.models.package import MODEL, CandidatePackage, pack

if TYPE_CHECKING:
    from biasgate.models.card import InputContract
    from biasgate.models.network import Network
    from biasgate.repair.data import Material

Method = Literal["adversarial", "unlearning", "combined"]
HEAD_ONLY = {"unlearning"}
"""Methods that move the last layer alone, and so need no declared architecture."""
VALIDATION_SHARE = 0.25
THRESHOLD = 0.05
"""δ: a mean difference of the true label's probability between pairs above this, by its interval, is bias."""


def debias(
    package: CandidatePackage,
    dataset: Dataset,
    *,
    method: Method = "adversarial",
    attribute: str = "colour",
    into: Path,
    seconds: int,
    seed: int,
) -> tuple[CandidatePackage, RepairRecord]:
    """Makes a repaired package beside the candidate's, which stays as it is.

    The repair data is all that a method gets: images, labels, and for each image the sensitive attribute and whether
    it agrees with the label (``alignment``). Its units are split into some to learn from and some to choose settings
    by, stratified by label. Best is a set in which aligned and conflicting are about even, like the group-balanced sets
    of last-layer retraining (Kirichenko et al., arXiv 2204.02937): an owner who knows the attribute can gather one, and
    both sides of the gap then have an equal say in learning and in choosing. When the attribute is merely independent
    of a label of ten classes, nine in ten samples conflict and accuracy on aligned ones is hardly seen.

    The result depends on package, data, seed and number of threads alone, as long as the budget cuts nothing short.

    Args:
        package: The candidate; its card must hold the architecture, unless the method moves the last layer alone.
        dataset: Repair data; no unit of it may be in a test split.
        method: How to repair.
        attribute: Column of the sensitive attribute.
        into: Folder of the new package.
        seconds: Wall-clock budget; one run is made in any case, and the record says what was left out.
        seed: All randomness follows from it.

    Raises:
        CandidateError: The card has no architecture, or not the model's; the graph does not end in a linear head.
        InputError: The budget is empty, the method unknown, the task not one of one label a sample, the data without
            attribute, alignment or enough units, the loss not finite, or ``into`` taken.
    """
    import torch

    from biasgate.repair.data import material
    from biasgate.repair.methods.adversarial import repair_adversarially
    from biasgate.repair.methods.combined import repair_features_then_head
    from biasgate.repair.methods.unlearning import repair_by_unlearning

    methods = {
        "adversarial": repair_adversarially,
        "unlearning": repair_by_unlearning,
        "combined": repair_features_then_head,
    }
    if method not in methods:
        raise InputError(f"no repair method {method!r}", fix=f"use one of {', '.join(methods)}")
    _check(package, dataset, seconds=seconds)
    begun = time.monotonic()
    data = material(dataset, attribute=attribute)
    validation = torch.from_numpy(validation_rows(dataset, attribute=attribute, seed=seed))
    subject = _subject(package, dataset, data, head_only=method in HEAD_ONLY)
    found = methods[method](subject.network, subject.contract, subject.data, validation, seconds=seconds, seed=seed)
    held_out = subject.data.take(validation)
    leanings = [_leaning(network, subject.contract, held_out) for network in (subject.network, found.validated)]
    with tempfile.TemporaryDirectory(prefix="biasgate-") as work:
        parity = subject.write(found.network, Path(work) / MODEL)
        card = package.card.model_copy(update={"output": subject.output, "repaired_from": package.digest})
        repaired = pack(Path(work) / MODEL, card, into)
    moved, distance = movement(subject.network, found.network)
    return repaired, RepairRecord(
        method=method,
        original=package.digest,
        repaired=repaired.digest,
        data=dataset.digest,
        attribute=attribute,
        trials=found.trials,
        planned=found.planned,
        refitted=found.refitted,
        moved=moved,
        distance=distance,
        seconds=time.monotonic() - begun,
        samples=len(dataset),
        seed=seed,
        parity=parity,
        before=leanings[0],
        after=leanings[1],
    )


@dataclass(frozen=True, eq=False)
class _Subject:
    """What a method repairs, and how the result becomes a graph again."""

    network: Network
    contract: InputContract
    data: Material
    output: Literal["logits", "probabilities"]
    write: Callable[[Network, Path], float]


def _subject(package: CandidatePackage, dataset: Dataset, data: Material, *, head_only: bool) -> _Subject:
    """The declared network; for a method that moves the head alone, the head of the graph where none is declared."""
    card = package.card
    if card.architecture is None and head_only:
        from biasgate.repair.graph_head import read_graph_head, write_graph_head
        from biasgate.repair.methods.last_layer import head_of

        cut = read_graph_head(package, dataset, data)

        def write(network: Network, path: Path) -> float:
            return write_graph_head(package, dataset, cut, head_of(network), path=path)

        return _Subject(cut.network, cut.contract, cut.data, card.output, write)
    from biasgate.models.export import export_onnx
    from biasgate.models.restore import restore

    def export(network: Network, path: Path) -> float:
        return export_onnx(network, path=path)

    return _Subject(restore(package), card.input, data, "logits", export)


def _leaning(network: Network, contract: InputContract, data: Material) -> Leaning | None:
    """How a network leans on the attribute; None where the data holds no two pairs or the last layer is not linear."""
    from biasgate.repair.classifier import PixelClassifier
    from biasgate.repair.counterfactual_bias import read_bias
    from biasgate.repair.methods.last_layer import head_of, read_features
    from biasgate.repair.methods.unlearning import found_pairs
    from biasgate.repair.pairs import twin_rows
    from biasgate.repair.reliance import reliance

    classifier = PixelClassifier(network, contract)
    pairs = found_pairs(read_features(classifier, data), data)
    if len(pairs) < 2:
        return None
    return Leaning(
        bias=read_bias(head_of(network), pairs, threshold=THRESHOLD),
        reliance=reliance(classifier, data) if len(twin_rows(data)[0]) else None,
    )


def validation_rows(dataset: Dataset, *, attribute: str, seed: int) -> NDArray[np.bool_]:
    """Which rows choose the settings: those of a quarter of the units, stratified by label, ``bool [n]``.

    Raises:
        InputError: The other rows lack a value of the attribute, or either side lacks aligned or conflicting rows.
    """
    _, chosen = split(dataset, share=1 - VALIDATION_SHARE, seed=seed)
    rows = np.isin(dataset.units, chosen.units)
    values, groups = dataset.attribute(attribute), dataset.attribute("alignment")
    whole = set(values[~rows]) == set(values) and all(set(groups[side]) == set(groups) for side in (rows, ~rows))
    if not whole:
        raise InputError(
            "too few units to hold some out: a value of an attribute is on one side only",
            where=dataset.name,
            fix="give more units of the rarest value",
        )
    return rows


def movement(before: Network, after: Network) -> tuple[float, float]:
    """Share of parameters that changed, and ‖θ' − θ‖ / ‖θ‖."""
    from torch.nn.utils import parameters_to_vector

    old, new = (parameters_to_vector(network.parameters()).detach().double() for network in (before, after))
    return float((old != new).double().mean()), float((new - old).norm() / old.norm())


def _check(package: CandidatePackage, dataset: Dataset, *, seconds: int) -> None:
    """Refuses what no method can work on."""
    card = package.card
    if seconds <= 0:
        raise InputError(f"a budget of {seconds} seconds repairs nothing", fix="give the repair some seconds")
    if card.task == "multilabel":
        raise InputError("repair knows no multi-label candidates", where=card.name)
    if card.classes != dataset.classes:
        raise InputError(
            f"the card's classes {list(card.classes)} are not the data set's {list(dataset.classes)}",
            where=card.name,
            fix="give repair data with the card's classes, in its order",
        )
    unlabelled = int(((dataset.labels < 0) | (dataset.labels >= len(dataset.classes))).sum())
    if unlabelled:
        raise InputError(f"{unlabelled} samples have no label", where=dataset.name, fix="label them, or leave them out")
