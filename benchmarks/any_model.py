"""Every kind of model through every door: does it work, and if not, what does biasgate say?

    python benchmarks/any_model.py                 # writes results/any_model.json and the table of report/any_model.md
    python benchmarks/any_model.py --quick         # a table, a network and predictions alone
    python benchmarks/any_model.py --only cnn bert # these kinds anew; the other rows stay as they were

Each kind is trained small, exported for real, and registered in an MLflow of its own; what is fetched from there goes
through the other doors. The gate is ``biasgate check gate.yaml``: its measurements and its decision, unsigned.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from any_model_data import Data, draw
from any_model_kinds import KINDS, Kind, Submission

from biasgate.cli.app import app
from biasgate.errors import BiasgateError
from biasgate.extras import said_if_missing

HERE = Path(__file__).parent
RESULT, PAGE = HERE / "results" / "any_model.json", HERE / "report" / "any_model.md"
QUICK = ("logistic", "cnn", "predictions")
WORKS = "works"
Commands = Iterator[list[str]]
SECONDS = 60
"""Budget of a repair."""


@dataclass(frozen=True)
class Visit:
    """A kind on its way through the doors: what was made of it, and where its files lie."""

    kind: Kind
    data: Data
    made: Submission
    work: Path

    @property
    def package(self) -> str:
        return str(self.work / "package")


def submit(visit: Visit) -> Commands:
    card = ["--card", str(visit.made.card)] if visit.made.card else ["--name", visit.kind.slug]
    drafted = card if visit.made.card or not (Path(visit.made.source) / "card.json").exists() else []
    yield ["submit", visit.made.source, "--data", visit.data.source("development"), "--submitter", "ana", *drafted]


def evaluate(visit: Visit) -> Commands:
    policy = ["--policy", str(visit.data.folder / "policy.yaml")]
    yield ["evaluate", visit.package, "--data", visit.data.source("test"), *policy]


def gate(visit: Visit) -> Commands:
    declared = {"policy": str(visit.data.folder / "policy.yaml"), "test": visit.data.source("test")}
    document = {"schema": "biasgate/gate/v1", "model": visit.kind.slug, **declared}
    (visit.work / "gate.yaml").write_text(yaml.safe_dump(document))
    yield ["check", str(visit.work / "gate.yaml"), visit.package]


def repair(visit: Visit) -> Commands:
    """By the default method; of images also by gradients down to the pixels."""
    options = ["--attribute", visit.data.attribute, "--seconds", str(SECONDS), "--into", str(visit.work / "repaired")]
    for method in ("unlearning", "{method: adversarial, radius: 0.6}")[: 2 if visit.data.images else 1]:
        yield ["repair", visit.package, "--data", visit.data.source("development"), "--method", method, *options]


def heatmap(visit: Visit) -> Commands:
    regions = ["--regions", str(visit.data.folder / "regions.yaml")] if visit.data.images else []
    options = ["--attributes", visit.data.attribute, "--depth", "1", "--method", "integrated_gradients", *regions]
    yield ["heatmaps", visit.package, "--data", visit.data.source("few"), *options]


DOORS: dict[str, Callable[[Visit], Commands]] = {
    "submit": submit,
    "evaluate": evaluate,
    "gate": gate,
    "repair": repair,
    "heatmap": heatmap,
}
"""The commands of each, of which one has to work."""


def cell(command: Sequence[str]) -> str:
    """What a door says: that it works, or the first sentence of its refusal."""
    quiet = io.StringIO()
    try:
        with redirect_stdout(quiet), redirect_stderr(io.StringIO()), said_if_missing():
            code = app(command, standalone_mode=False) or 0
    except BiasgateError as error:
        return error.what
    except Exception as error:
        return f"a bug: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return WORKS if code in (0, 4) else f"the evidence does not suffice (exit {code})"


def first(said: Iterator[str]) -> str:
    """That one of them works, or what the last one says."""
    last = ""
    for last in said:
        if last == WORKS:
            break
    return last


def through(kind: Kind, data: Data, work: Path) -> dict[str, Any]:
    """One row: what each door says, and the seconds that it took."""
    work.mkdir()
    try:
        made = kind.make(work / "made", data)
    except ImportError as error:
        return {door: {"says": f"{error.name} is not installed here", "seconds": 0.0} for door in DOORS}
    visit, row = Visit(kind, data, made, work), {}
    for door, commands in DOORS.items():
        start = time.perf_counter()
        said = first(cell(command) for command in commands(visit))
        row[door] = {"says": said, "seconds": round(time.perf_counter() - start, 1)}
        print(f"  {door}: {said} ({row[door]['seconds']} s)", flush=True)
        if door == "submit" and (said := registered(visit, said)) != WORKS:
            return {**row, **{rest: {"says": said, "seconds": 0.0} for rest in DOORS if rest not in row}}
    return row


def registered(visit: Visit, said: str) -> str:
    """What came into the registry is what all other doors are asked about."""
    if said != WORKS:
        return said
    return cell(["fetch", f"models:/{visit.kind.slug}-candidates/1", "--into", visit.package])


def table(found: dict[str, Any]) -> str:
    """A row a kind; refusals are numbered and follow below."""
    sentences: list[str] = []

    def short(says: str) -> str:
        if says == WORKS:
            return WORKS
        if says not in sentences:
            sentences.append(says)
        return f"no ({sentences.index(says) + 1})"

    lines = [f"| model | as | {' | '.join(DOORS)} |", "|---|---|" + "---|" * len(DOORS)]
    for row in found["kinds"].values():
        cells = " | ".join(short(row["doors"][door]["says"]) for door in DOORS)
        lines.append(f"| {row['model']} | {row['as']} | {cells} |")
    reasons = [f"{number}. {says[:1].upper()}{says[1:]}." for number, says in enumerate(sentences, 1)]
    minutes = sum(door["seconds"] for row in found["kinds"].values() for door in row["doors"].values()) / 60
    made = f"*`{found['command']}`, {found['date']}, {found['machine']}; {minutes:.0f} minutes in the doors.*"
    return "\n".join([*lines, "", *reasons, "", made])


def write_page(found: dict[str, Any]) -> None:
    block = f"<!-- any_model -->\n{table(found)}\n<!-- /any_model -->"
    text = re.sub(r"<!-- any_model -->.*<!-- /any_model -->", lambda _: block, PAGE.read_text(), flags=re.DOTALL)
    PAGE.write_text(text)


def measured(kinds: Sequence[Kind], work: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The row of each kind, with a registry in the folder."""
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{work}/mlflow.db"
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"
    os.chdir(work)
    data = draw(work / "data")
    for kind in kinds:
        print(f"{kind.name}, {kind.leaves}", flush=True)
        doors = through(kind, data[kind.data], work / kind.slug)
        yield kind.slug, {"model": kind.name, "as": kind.leaves, "doors": doors}


def document(rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "command": "python benchmarks/any_model.py",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "kinds": {kind.slug: rows[kind.slug] for kind in KINDS if kind.slug in rows},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)} alone; nothing is written")
    parser.add_argument("--only", nargs="+", choices=[kind.slug for kind in KINDS], help="these rows anew")
    parser.add_argument("--json", action="store_true", help="print one JSON object of headline figures last")
    options = parser.parse_args()
    chosen = options.only or (QUICK if options.quick else [kind.slug for kind in KINDS])
    warnings.simplefilter("ignore")
    rows = json.loads(RESULT.read_text())["kinds"] if options.only and RESULT.exists() else {}
    with tempfile.TemporaryDirectory() as work:
        for slug, row in measured([kind for kind in KINDS if kind.slug in chosen], Path(work)):
            rows[slug] = row
            if not options.quick:
                RESULT.write_text(json.dumps(document(rows), indent=1) + "\n")
                write_page(document(rows))
    print(table(document(rows)))
    if options.json:
        cells = [door["says"] for row in rows.values() for door in row["doors"].values()]
        print(json.dumps({"works": sum(says == WORKS for says in cells) / len(cells), "cells": len(cells)}))


if __name__ == "__main__":
    main()
