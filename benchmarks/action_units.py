"""Action Units by subgroup, with a planted bias and without: ``python benchmarks/action_units.py``.

Ten seeds; each trains a pair of twins on the same drawn persons: one set shows AU12 (a smile) mostly in masculine
presentation, the other independently of it. Both are measured on the same other persons. What was measured is
appended to ``results/action_units.jsonl`` as it comes, and what is there is not run again; then the summary, the
tables of benchmarks/report/action_units.md and its figures are written. About 25 CPU-minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from action_units_report import write_report

from biasgate.attribution.findings import findings, rates_spec
from biasgate.attribution.measure_relevance import measure_relevance
from biasgate.contracts.evaluation import Evaluation, EvaluationSpec
from biasgate.contracts.relevance import Pictures, Relevance, RelevanceSpec
from biasgate.data.dataset import Dataset
from biasgate.data.faces.drawn.correlation import Correlation
from biasgate.data.faces.drawn.regions import FACE_REGIONS
from biasgate.data.sources.synthetic_faces import synthetic_faces
from biasgate.evaluation.evaluate import evaluate, predict
from biasgate.evaluation.measure import measure
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.layers.dense import Dense
from biasgate.models.package import CandidatePackage, pack
from biasgate.models.presets import preset
from biasgate.progress import track
from biasgate.report.advice import advice
from biasgate.training.candidate import train_classifier
from biasgate.training.recipe import TrainingRecipe

ROOT = Path(__file__).parents[1]
RESULTS, CACHE = ROOT / "benchmarks" / "results" / "action_units", ROOT / "build" / "action_units"
ARMS = {"planted": 0.8, "twin": 0.0}
SIZE, PEOPLE, IMAGES = 32, 3000, 2
RECIPE = TrainingRecipe(steps=800, batch=64, learning_rate=3e-3)
TEST = {"people": 2000, "seed": 7001}
ALIGNED = {"people": 400, "seed": 7002, "aligned": True}
NULLS, RATE_NULLS = 50, 10
ATTRIBUTES = ("gender", "skin")
PAIRS = (("gender", "masculine", "feminine"), ("skin", "dark", "light"))


def main() -> None:
    """Runs what is missing, then writes the report."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--workers", type=int, default=2)
    given = options.parse_args()
    rows, file = read_rows(), RESULTS.with_suffix(".jsonl")
    known = {(row["arm"], row["seed"]) for row in rows}
    missing = [(arm, seed) for seed in range(given.seeds) for arm in ARMS if (arm, seed) not in known]
    CACHE.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(given.workers) as pool:
        for row in track(pool.map(run, missing), "models", total=len(missing), unit="models"):
            with file.open("a") as out:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
    write_report(read_rows(), about(), ROOT)


def read_rows() -> list[dict[str, Any]]:
    """What is measured already."""
    file = RESULTS.with_suffix(".jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def about() -> dict[str, Any]:
    """Where and when the summary was made."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "command": "python benchmarks/action_units.py",
        "on": datetime.now(UTC).date().isoformat(),
        "machine": f"{cpu[1] if cpu else platform.processor()}, {os.cpu_count()} cores",
    }


def run(task: tuple[str, int]) -> dict[str, Any]:
    """Trains and measures one model."""
    arm, seed = task
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", module="captum")
    started = time.process_time()
    spec = RelevanceSpec(attributes=ATTRIBUTES, depth=2, nulls=NULLS, seed=seed)
    with TemporaryDirectory() as work:
        package = train(ARMS[arm], seed, Path(work))
        relevance, pictures = measure_relevance(package, tests()[1], FACE_REGIONS, spec)
        rates = evaluate(package, tests()[0], rates_spec(tests()[0], spec))
        false = rates_under_permutation(package, seed)
    keep(pictures, CACHE / f"{arm}-{seed}.npz")
    found = findings(rates, relevance)
    return {
        "arm": arm,
        "seed": seed,
        "rates": rates_of(rates),
        "heatmaps": {method.method: heatmaps_of(relevance, place) for place, method in enumerate(relevance.methods)},
        "false_heatmaps": [round(relevance.false_findings.value * NULLS), NULLS],
        "false_rates": false,
        "found": [[f.kind, f.label, f.measure, f.higher, f.lower, round(f.estimate.value, 4)] for f in found],
        "advice": advice(found),
        "cpu_seconds": round(time.process_time() - started, 1),
    }


@cache
def tests() -> tuple[Dataset, Dataset]:
    """Persons of the test: as photographed, for rates; and others aligned, for heatmaps."""
    return synthetic_faces(size=SIZE, **TEST), synthetic_faces(size=SIZE, **ALIGNED)


def train(strength: float, seed: int, folder: Path) -> CandidatePackage:
    """A multi-label classifier with its card; twins share persons, initial weights and batches."""
    smiles = (Correlation(attribute="AU12", follows="gender", strength=strength),) if strength else ()
    data = synthetic_faces(people=PEOPLE, images=IMAGES, size=SIZE, seed=1000 + seed, correlations=smiles)
    small = preset("faces_small")
    layers = (*small.layers[:-1], Dense(out=len(data.classes)))
    architecture = small.model_copy(update={"name": "faces_units", "layers": layers})
    network = train_classifier(
        data.samples, data.labels, architecture=architecture, seed=seed, recipe=RECIPE, normalisation="centred"
    )
    export_onnx(network, path=folder / "model.onnx")
    card = CandidateCard(
        name="action-units",
        task="multilabel",
        classes=data.classes,
        input=InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255, mean=(0.5,), std=(0.5,)),
        architecture=architecture,
        training_data=data.digest,
        submitter="benchmark",
    )
    return pack(folder / "model.onnx", card, folder / "package")


def rates_under_permutation(package: CandidatePackage, seed: int) -> dict[str, list[int]]:
    """By metric and attribute: in how many data sets with permuted persons any gap is named, and of how many."""
    data, rng = tests()[0], np.random.default_rng((seed, 2))
    said = predict(package, data).classes
    spec = EvaluationSpec(metrics=("true_positive_rate", "false_positive_rate"), attributes=ATTRIBUTES)
    named: dict[str, list[int]] = {f"{m} {a}": [0, RATE_NULLS] for m in spec.metrics for a in ATTRIBUTES}
    for _ in range(RATE_NULLS):
        columns = data.attributes.iloc[rng.permutation(len(data))].reset_index(drop=True)
        swapped = Dataset(data.samples, data.labels, data.classes, columns, data.clusters)
        gaps = measure(said, swapped, spec, model="", provider="").gaps
        for family in {f"{g.metric} {g.attribute}" for g in gaps if g.p_value is not None and g.p_value <= 0.05}:
            named[family][0] += 1
    return named


def rates_of(evaluation: Evaluation) -> dict[str, Any]:
    """Accuracy by label and subgroup, and signed gaps of true and false positives."""
    accuracy: dict[str, dict[str, float]] = {}
    for cell in evaluation.cells:
        if cell.metric == "accuracy" and len(cell.subgroup) < 2 and cell.estimate and cell.label:
            name = next(iter(cell.subgroup.values()), "all")
            accuracy.setdefault(cell.label, {})[name] = round(cell.estimate.value, 4)
    gaps = [
        [g.metric, g.label, *signed(g.attribute, g.higher, g.estimate.value)]
        for g in evaluation.gaps
        if g.estimate and compared(g.attribute, g.higher, g.lower)
    ]
    return {"accuracy": accuracy, "gaps": gaps}


def heatmaps_of(relevance: Relevance, place: int) -> dict[str, Any]:
    """One method's shares by label and subgroup, and its signed contrasts."""
    method = relevance.methods[place]
    share: dict[str, dict[str, list[float | None]]] = {}
    for f in method.focus:
        if len(f.subgroup) < 2 and f.share and f.density:
            name = next(iter(f.subgroup.values()), "all")
            share.setdefault(f.label, {})[name] = [
                round(f.share.value, 4), round(f.density.value, 3), f.p_value, round(f.randomised or 0, 4),
            ]  # fmt: skip
    contrasts = [
        [c.statistic, c.label, *signed(c.attribute, c.higher, c.estimate.value),
         {name: signed(c.attribute, c.higher, part.value)[1] for name, part in c.parts.items()}]
        for c in method.contrasts
        if compared(c.attribute, c.higher, c.lower)
    ]  # fmt: skip
    return {"share": share, "contrasts": contrasts, "likeness": round(method.likeness.value, 4)}


def compared(attribute: str, higher: dict[str, str], lower: dict[str, str]) -> bool:
    """Whether a pair of subgroups is one of ``PAIRS``."""
    return any(attribute == name and {higher[name], lower[name]} == {first, second} for name, first, second in PAIRS)


def signed(attribute: str, higher: dict[str, str], value: float) -> tuple[str, float]:
    """The attribute, and first − second in the order of ``PAIRS``."""
    first = {name: value for name, value, _ in PAIRS}[attribute]
    return attribute, round(value if higher[attribute] == first else -value, 4)


def keep(pictures: Pictures, path: Path) -> None:
    """Average heatmaps, for the figures."""
    named = {f"size {m}": v for m, v in pictures.size.items()} | {f"net {m}": v for m, v in pictures.net.items()}
    np.savez_compressed(
        path,
        faces=pictures.faces.astype(np.float32),
        subgroups=json.dumps(pictures.subgroups),
        **{name: maps.astype(np.float32) for name, maps in named.items()},
    )


if __name__ == "__main__":
    main()
