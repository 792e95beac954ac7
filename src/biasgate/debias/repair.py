"""Repair of a biased candidate: a method finds new weights, and a new package comes out."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.data.splits import split
from biasgate.debias.record import RepairRecord
from biasgate.errors import InputError
from biasgate.models.package import MODEL, CandidatePackage, pack

if TYPE_CHECKING:
    from biasgate.models.network import Network

Method = Literal["adversarial", "unlearning"]
VALIDATION_SHARE = 0.25


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
        package: The candidate; its card must hold the architecture.
        dataset: Repair data; no unit of it may be in a test split.
        method: How to repair.
        attribute: Column of the sensitive attribute.
        into: Folder of the new package.
        seconds: Wall-clock budget; one run is made in any case, and the record says what was left out.
        seed: All randomness follows from it.

    Raises:
        CandidateError: The card has no architecture, or not the model's.
        InputError: The budget is empty, the method unknown, the task not one of one label a sample, the data without
            attribute, alignment or enough units, the loss not finite, or ``into`` taken.
    """
    import torch

    from biasgate.debias.adversarial import repair_adversarially
    from biasgate.debias.material import material
    from biasgate.debias.unlearning import repair_by_unlearning
    from biasgate.models.export import export_onnx
    from biasgate.models.restore import restore

    methods = {"adversarial": repair_adversarially, "unlearning": repair_by_unlearning}
    if method not in methods:
        raise InputError(f"no repair method {method!r}", fix=f"use one of {', '.join(methods)}")
    _check(package, dataset, seconds=seconds)
    begun = time.monotonic()
    data = material(dataset, attribute=attribute)
    validation = validation_rows(dataset, attribute=attribute, seed=seed)
    original = restore(package)
    found = methods[method](
        original, package.card.input, data, torch.from_numpy(validation), seconds=seconds, seed=seed
    )
    with tempfile.TemporaryDirectory(prefix="biasgate-") as work:
        parity = export_onnx(found.network, input_shape=package.card.input.shape, path=Path(work) / MODEL)
        card = package.card.model_copy(update={"output": "logits", "repaired_from": package.digest})
        repaired = pack(Path(work) / MODEL, card, into)
    moved, distance = movement(original, found.network)
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
