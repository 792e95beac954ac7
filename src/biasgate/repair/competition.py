"""Several repair methods, one winner: the best on validation clusters, so that the test split sees a single repair."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from biasgate.contracts.repair_record import RepairRecord, Rival
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.package import CandidatePackage, pack, require_new
from biasgate.repair.budget import Budget, Clock, ended_by
from biasgate.repair.registry import read_method
from biasgate.repair.repair import repair


def compete(
    package: CandidatePackage,
    dataset: Dataset,
    *,
    methods: Sequence[str],
    attribute: str | None = None,
    into: Path,
    seconds: float,
    memory: int | None = None,
    seed: int,
    clock: Clock = time.monotonic,
) -> tuple[CandidatePackage, RepairRecord]:
    """Repairs a candidate by every method and keeps the best.

    All methods get the same repair data and the same validation clusters. Best is what ``Trial.merit`` says of a
    method's chosen trial; of equals, the first named. A method that cannot work on this candidate or data, or for which
    nothing is left of the budget, is named in the record with the reason, as long as another works. An interruption
    keeps what the methods before it made.

    Args:
        package: Candidate; it stays as it is.
        dataset: Repair data; see ``repair``.
        methods: Their names, or YAML with their settings; each gets an equal share of the time that those before it
            left. All are read before the first one works.
        attribute: Name of the sensitive attribute; see ``repair``.
        into: Folder of the winner's package; new or empty.
        seconds: Wall-clock budget of all.
        memory: Most resident memory of this process in bytes.
        seed: All randomness follows from it.
        clock: Seconds of any beginning.

    Raises:
        CandidateError: See ``repair``; no method can work.
        InputError: No method is named, one is unknown, ``into`` is taken, or see ``repair``.
    """
    if seconds <= 0:
        raise InputError(f"a budget of {seconds:g} seconds repairs nothing", fix="give the repair some seconds")
    if not methods:
        raise InputError("no repair method is named", fix="name at least one under repair.methods of the policy")
    for method in methods:
        read_method(method)
    require_new(into)
    budget = Budget(seconds, memory, clock)
    entries, untried, faults = list[tuple[CandidatePackage, RepairRecord]](), list[str](), list[InputError]()
    interrupted = False
    with tempfile.TemporaryDirectory(prefix="biasgate-") as folder:
        for place, method in enumerate(methods):
            share, work = budget.left / (len(methods) - place), Path(folder) / str(place)
            if interrupted or (entries and share <= 0):
                untried.append(f"{method}: {ended_by('interruption' if interrupted else 'seconds')}")
                continue
            try:
                made = repair(
                    package,
                    dataset,
                    method=method,
                    attribute=attribute,
                    into=work,
                    seconds=share,
                    memory=memory,
                    seed=seed,
                    clock=clock,
                )
            except InputError as fault:
                faults.append(fault)
                untried.append(f"{method}: {fault.what}")
                continue
            except KeyboardInterrupt:
                if not entries:
                    raise
                interrupted = True
                untried.append(f"{method}: {ended_by('interruption')}")
                continue
            interrupted = made[1].stopped == "interruption"
            entries.append(made)
            untried += made[1].untried
        if not entries:
            raise faults[0]
        winner, record = max(entries, key=lambda entry: entry[1].chosen.merit)
        rivals = tuple(Rival(method=lost.method, best=lost.chosen) for _, lost in entries if lost is not record)
        stopped = "interruption" if interrupted else next((made.stopped for _, made in entries if made.stopped), None)
        told = {"rivals": rivals, "untried": tuple(untried), "stopped": stopped, "seconds": budget.used}
        return pack(winner.model, winner.card, into), record.model_copy(update=told)
