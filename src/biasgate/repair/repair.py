"""Repair of a biased candidate: a method finds new weights, and a new package comes out."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from biasgate.contracts.repair_record import Change, Flip, RepairRecord
from biasgate.data.dataset import UNKNOWN, Dataset
from biasgate.errors import InputError
from biasgate.models.package import MODEL, CandidatePackage, pack
from biasgate.repair.budget import Budget, Clock, SpentError, ended_by, spending
from biasgate.repair.method import Need, RepairMethod
from biasgate.repair.registry import read_method

if TYPE_CHECKING:
    from torch import Tensor

    from biasgate.models.torch_network import TorchNetwork
    from biasgate.repair.classifier import PixelClassifier
    from biasgate.repair.data import RepairData
    from biasgate.repair.heads.graph import Kept
    from biasgate.repair.subject import Subject


def repair(
    package: CandidatePackage,
    dataset: Dataset,
    *,
    method: str | RepairMethod,
    attribute: str | None = None,
    into: Path,
    seconds: float,
    memory: int | None = None,
    seed: int,
    clock: Clock = time.monotonic,
) -> tuple[CandidatePackage, RepairRecord]:
    """Makes a repaired package beside the candidate's, which stays as it is.

    The repair data is all that a method gets: samples, labels, and for each sample the sensitive attribute and whether
    it agrees with the label, which the data may say (``alignment``) or else the candidate tells; see ``read_data``. Its
    clusters are split into some to learn from and some to choose settings by, stratified by label. Best is a set in
    which aligned and conflicting are about even, like the group-balanced sets of last-layer retraining (Kirichenko et
    al., arXiv 2204.02937): an owner who knows the attribute can gather one, and both sides of the gap then have an
    equal say in learning and in choosing. When the attribute is merely independent of a label of ten classes, nine in
    ten samples conflict and accuracy on aligned ones is hardly seen.

    The result depends on package, data, seed and number of threads alone, as long as the budget cuts nothing short.

    Args:
        package: Candidate.
        dataset: Repair data; no cluster of it may be in a test split.
        method: Name of a method, of which its own settings are tried; YAML with its settings, as ``read_method`` takes
            it; or a method with its settings.
        attribute: Name of the sensitive attribute; without it the data set has only one besides ``alignment``.
        into: Folder of the new package.
        seconds: Wall-clock budget of all of it. A run that it ends keeps its best round, and the record says what was
            left out; as much as opening and reading the candidate took is kept for writing it again.
        memory: Most resident memory of this process in bytes.
        seed: All randomness follows from it.
        clock: Seconds of any beginning.

    Raises:
        CandidateError: The card's architecture is not the model's; gradients are needed and do not pass through the
            graph; it does not end in a linear head that is needed.
        InputError: The budget is empty or ended before anything was tried, the method unknown, the task not one of one
            label a sample, the data without attribute or enough clusters, or not what the method needs, the loss not
            finite, or ``into`` taken.
    """
    from biasgate.repair.data import known_only, sensitive_attribute
    from biasgate.repair.leaning import attribution_change, leaning
    from biasgate.repair.trials import best_of

    budget, grid = (
        Budget(seconds, memory, clock),
        (method,) if isinstance(method, RepairMethod) else read_method(method),
    )
    _check(package, dataset, seconds=seconds)
    attribute = sensitive_attribute(dataset, attribute)
    try:
        with spending(budget):
            known = known_only(dataset, attribute)
            subject, data, validation = _opened(package, known, grid[0], attribute=attribute, seed=seed)
            before = leaning(subject.classifier, data.take(validation))
    except SpentError as spent:
        had = f"{(memory or 0) >> 20} MiB" if spent.why == "memory" else f"{seconds:g} s"
        raise InputError(
            f"opening the candidate took all of the budget's {had}: nothing was tried",
            fix=f"give more {spent.why}, or fewer samples",
        ) from None
    held_out = data.take(validation)
    trying, classifier = budget.part(budget.left - budget.used), subject.classifier
    found = best_of(grid, classifier, data, validation=validation, budget=trying, seed=seed)
    with tempfile.TemporaryDirectory(prefix="biasgate-") as work:
        parity = subject.write(found.network, Path(work) / MODEL)
        card = subject.card.model_copy(update={"repaired_from": package.digest})
        repaired = pack(Path(work) / MODEL, card, into)
    moved, distance = movement(classifier.network, found.network, kept=subject.kept)
    validated = classifier.over(found.validated)
    after = leaning(validated, held_out)
    return repaired, RepairRecord(
        method=grid[0].method_name(),
        original=package.digest,
        repaired=repaired.digest,
        data=dataset.digest,
        attribute=attribute,
        trials=found.trials,
        planned=found.planned,
        refitted=found.refitted,
        moved=moved,
        distance=distance,
        seconds=budget.used,
        samples=len(data),
        seed=seed,
        parity=parity,
        before=before.told,
        after=after.told,
        attribution_change=attribution_change(before, after),
        untried=tuple(f"{name}: {ended_by(found.stopped or 'seconds')}" for name in _left(grid[len(found.trials) :])),
        stopped=found.stopped,
        **_changed(classifier, validated, held_out, dataset, attribute=attribute, validation=validation),
    )


def _opened(
    package: CandidatePackage, dataset: Dataset, method: RepairMethod, *, attribute: str, seed: int
) -> tuple[Subject, RepairData, Tensor]:
    """The network, the data as a method takes it, and the rows of it that choose."""
    from biasgate.repair.data import read_data, require_counterparts, validation_rows
    from biasgate.repair.subject import open_subject, require_pairs

    subject = open_subject(package, dataset, needs=method.needs)
    data = read_data(dataset, attribute=attribute, classifier=subject.classifier, features=subject.features)
    require_counterparts(dataset, attribute)
    validation = validation_rows(dataset, data, seed=seed)
    if Need.PAIRS in method.needs:
        require_pairs(data.take(~validation), where=dataset.name)
    return subject, data, validation


class _Changed(TypedDict):
    """What a record says of samples."""

    changes: tuple[Change, ...]
    flips: tuple[Flip, ...]


def _changed(
    before: PixelClassifier,
    after: PixelClassifier,
    held_out: RepairData,
    dataset: Dataset,
    *,
    attribute: str,
    validation: Tensor,
) -> _Changed:
    """Who gained and who lost, and some of them, of the validation rows of those whose attribute is known."""
    from biasgate.repair.changes import changes, decisions_of
    from biasgate.repair.flips import flips

    rows = np.flatnonzero(dataset.attribute(attribute) != UNKNOWN)[validation.numpy()]
    decided, values = decisions_of(before, after, held_out), dataset.attribute(attribute)[rows]
    return {
        "changes": changes(decided, held_out, attribute=attribute, values=values),
        "flips": tuple(flips(decided, held_out.labels.numpy(), rows=rows, values=values, classes=dataset.classes)),
    }


def _left(methods: Iterable[RepairMethod]) -> Iterator[str]:
    """Settings in words."""
    for method in methods:
        said = ", ".join(f"{key}={value}" for key, value in method.model_dump().items())
        yield f"{method.method_name()} ({said})"


def movement(before: TorchNetwork, after: TorchNetwork, *, kept: Kept | None = None) -> tuple[float, float]:
    """Share of the whole model's parameters that changed, and ‖θ' − θ‖ / ‖θ‖.

    Args:
        before: Network that a method was given.
        after: What it made of it.
        kept: Parameters of the model that are not in this network, and stay as they are.
    """
    from torch.nn.utils import parameters_to_vector

    old, new = (parameters_to_vector(network.parameters()).detach().double() for network in (before, after))
    count, squares = (kept.count, kept.squares) if kept else (0, 0.0)
    share = float((old != new).sum()) / (len(old) + count)
    return share, float((new - old).norm()) / (float(old.square().sum()) + squares) ** 0.5


def _check(package: CandidatePackage, dataset: Dataset, *, seconds: float) -> None:
    """Refuses what no method can work on."""
    card = package.card
    if seconds <= 0:
        raise InputError(f"a budget of {seconds:g} seconds repairs nothing", fix="give the repair some seconds")
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
