"""``biasgate repair``, ``repair-methods``: a biased candidate repaired, and the methods that there are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.cli.candidates import Data, Package
from biasgate.cli.sources import packed
from biasgate.report.terminal import Json, print_json, print_table, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from biasgate.contracts.repair_record import RepairRecord
    from biasgate.data.dataset import Dataset

app = typer.Typer()


@app.command()
def repair(
    package: Package,
    *,
    data: Data,
    into: Annotated[Path, typer.Option(help="Folder for the repaired package.")],
    method: Annotated[
        list[str] | None,
        typer.Option(
            help='Name, or YAML as "{method: unlearning, damping: 0.01}"; may be repeated: the best wins. Without it, '
            "unlearning, group_dro and fine_tuning compete."
        ),
    ] = None,
    attribute: Annotated[
        str | None, typer.Option(help="Sensitive attribute; the data has only one where none is named.")
    ] = None,
    seconds: Annotated[int, typer.Option(help="Wall-clock budget of all methods.", min=1)] = 600,
    memory: Annotated[str | None, typer.Option(help="Most memory of this process, as 4GiB.")] = None,
    seed: Annotated[int, typer.Option(help="All randomness follows from it.", min=0)] = 0,
    report: Annotated[
        Path | None,
        typer.Option(help="HTML page to write: who gained, who lost, and pictures of samples that changed."),
    ] = None,
    json: Json = False,
) -> None:
    """Repair a candidate; method and settings are chosen on validation clusters of the data."""
    from tempfile import TemporaryDirectory

    from biasgate.data.source import open_dataset
    from biasgate.repair.budget import read_memory
    from biasgate.repair.competition import compete
    from biasgate.repair.registry import DEFAULT
    from biasgate.report.repair import COLUMNS, change_rows, repair_words
    from biasgate.report.repair_page import repair_page
    from biasgate.storage import store

    if report:
        _require_free(report, outside=(package, into))
    dataset = open_dataset(data)
    with TemporaryDirectory() as work:
        _, record = compete(
            packed(package, Path(work)),
            dataset,
            methods=method or DEFAULT,
            attribute=attribute,
            into=into,
            seconds=seconds,
            memory=read_memory(memory) if memory else None,
            seed=seed,
        )
    if report:
        store.write_bytes(str(report), repair_page(record, _pictures(dataset, record)).encode())
    if json:
        print_json(record)
        return
    for sentence in repair_words(record):
        say(sentence)
    tried = [(record.method, trial, trial.chosen) for trial in record.trials]
    tried += [(lost.method, lost.best, False) for lost in record.rivals]
    rows = [
        [
            name,
            ", ".join(f"{key}={value}" for key, value in trial.settings.items()),
            *(f"{score:.3f}" for score in (trial.aligned, trial.conflicting, trial.worst_group)),
            "✓" if chosen else "",
        ]
        for name, trial, chosen in tried
    ]
    print_table(f"accuracy by subgroup of {record.attribute}, on validation samples", COLUMNS, change_rows(record))
    print_table("validation", ["method", "settings", "aligned", "conflicting", "worst group", "chosen"], rows)


def _require_free(report: Path, *, outside: Sequence[Path]) -> None:
    """Refuses, before the work, a page that could not be written after it, or that would spoil a package."""
    from biasgate.errors import InputError

    if os.path.lexists(report):
        raise InputError(f"{report} already exists", fix="name a file that does not: a repair overwrites nothing")
    whole = report.resolve()
    if any(whole.is_relative_to(folder.resolve()) for folder in outside):
        raise InputError(f"{report} lies in a package, which holds nothing else", fix="name a file outside of it")
    ground = next(folder for folder in whole.parents if folder.exists())
    if not (ground.is_dir() and os.access(ground, os.W_OK)):
        raise InputError(f"{report} cannot be written: {ground} is no folder to write to", fix="name a file elsewhere")


def _pictures(dataset: Dataset, record: RepairRecord) -> dict[int, NDArray[np.uint8]]:
    """The images that changed, by row; none of a table."""
    import numpy as np

    rows = [flip.row for flip in record.flips]
    if dataset.samples.ndim != 4 or dataset.samples.dtype != np.uint8:
        return {}
    return dict(zip(rows, dataset.take(np.array(rows, dtype=np.int64)).array, strict=True))


@app.command("repair-methods")
def repair_methods(*, json: Json = False) -> None:
    """List the repair methods: what each does, needs, costs and changes."""
    from biasgate.repair.registry import described

    found = described()
    if json:
        print_json([method.model_dump() for method in found])
        return
    rows = [[m.name, m.does, "; ".join(m.needs), m.cost, m.changes] for m in found]
    print_table("repair methods", ["method", "what it does", "needs", "costs", "changes"], rows)
