"""Several repair methods, one winner: the best on validation units, so that the test split sees a single repair."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from biasgate.contracts.repair_record import RepairRecord, Rival
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.package import CandidatePackage, pack
from biasgate.repair.repair import Method, debias


def compete(
    package: CandidatePackage, dataset: Dataset, *, methods: Sequence[Method], into: Path, seconds: int, seed: int
) -> tuple[CandidatePackage, RepairRecord]:
    """Repairs a candidate by every method and keeps the best.

    All methods get the same repair data and the same validation units. Best is what ``Trial.merit`` says of a method's
    chosen trial; of equals, the first named.

    Args:
        package: The candidate; it stays as it is.
        dataset: Repair data; see ``debias``.
        methods: Their names; each gets an equal share of the time that those before it left.
        into: Folder of the winner's package.
        seconds: Wall-clock budget of all.
        seed: All randomness follows from it.

    Raises:
        CandidateError: See ``debias``.
        InputError: No method is named, or see ``debias``.
    """
    if seconds <= 0:
        raise InputError(f"a budget of {seconds} seconds repairs nothing", fix="give the repair some seconds")
    if not methods:
        raise InputError("no repair method is named", fix="name at least one under repair.methods of the policy")
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="biasgate-") as folder:
        entries: list[tuple[CandidatePackage, RepairRecord]] = []
        for place, method in enumerate(methods):
            share = max(1, int(end - time.monotonic()) // (len(methods) - place))
            made = debias(package, dataset, method=method, into=Path(folder) / method, seconds=share, seed=seed)
            entries.append(made)
        winner, record = max(entries, key=lambda entry: entry[1].chosen.merit)
        rivals = tuple(Rival(method=lost.method, best=lost.chosen) for _, lost in entries if lost is not record)
        return pack(winner.model, winner.card, into), record.model_copy(update={"rivals": rivals})
