"""Several repair methods, one winner: the best on validation clusters, so that the test split sees a single repair."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from biasgate.contracts.repair_record import RepairRecord, Rival
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.package import CandidatePackage, pack
from biasgate.repair.registry import read_method
from biasgate.repair.repair import repair


def compete(
    package: CandidatePackage,
    dataset: Dataset,
    *,
    methods: Sequence[str],
    attribute: str | None = None,
    into: Path,
    seconds: int,
    seed: int,
) -> tuple[CandidatePackage, RepairRecord]:
    """Repairs a candidate by every method and keeps the best.

    All methods get the same repair data and the same validation clusters. Best is what ``Trial.merit`` says of a
    method's chosen trial; of equals, the first named.

    Args:
        package: Candidate; it stays as it is.
        dataset: Repair data; see ``repair``.
        methods: Their names, or YAML with their settings; each gets an equal share of the time that those before it
            left. All are read before the first one works.
        attribute: Name of the sensitive attribute; see ``repair``.
        into: Folder of the winner's package.
        seconds: Wall-clock budget of all.
        seed: All randomness follows from it.

    Raises:
        CandidateError: See ``repair``.
        InputError: No method is named, one is unknown, or see ``repair``.
    """
    if seconds <= 0:
        raise InputError(f"a budget of {seconds} seconds repairs nothing", fix="give the repair some seconds")
    if not methods:
        raise InputError("no repair method is named", fix="name at least one under repair.methods of the policy")
    for method in methods:
        read_method(method)
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="biasgate-") as folder:
        entries: list[tuple[CandidatePackage, RepairRecord]] = []
        for place, method in enumerate(methods):
            share = max(1, int(end - time.monotonic()) // (len(methods) - place))
            work = Path(folder) / str(place)
            made = repair(package, dataset, method=method, attribute=attribute, into=work, seconds=share, seed=seed)
            entries.append(made)
        winner, record = max(entries, key=lambda entry: entry[1].chosen.merit)
        rivals = tuple(Rival(method=lost.method, best=lost.chosen) for _, lost in entries if lost is not record)
        return pack(winner.model, winner.card, into), record.model_copy(update={"rivals": rivals})
