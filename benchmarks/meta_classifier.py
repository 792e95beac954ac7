"""Reading bias from weights: our meta-classifier and its peers on the same zoos; see ``--help``.

``--train`` trains zoos in shards that a stopped run keeps; ``--score`` fits on train, calibrates on validation, looks
at test once, and writes results/meta_classifier.json; the tables of report/meta_classifier.md are made of that file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from meta_attacked import adversary_scores
from meta_calibration import calibration_scores
from meta_experiments import EXPERIMENTS
from meta_families import family_scores
from meta_groups import group_scores
from meta_peers import PEER_SCORES
from meta_published import published_scores, train_published
from meta_repair import repair_scores
from meta_shared import shared_scores, train_cells
from meta_sigma import sigma_scores
from meta_sigma_zoo import ONE, VARIED, train_sigma
from meta_strangers import stranger_scores
from meta_tables.pages import write_tables
from meta_trainers import trainer_scores
from meta_tuned import tuned_scores
from meta_zoos import train_zoo

RESULT = Path(__file__).with_name("results") / "meta_classifier.json"
FROM_PREDICTIONS = {
    **PEER_SCORES,
    "trainers": trainer_scores,
    "strangers": stranger_scores,
    "shared": shared_scores,
    "adversaries": adversary_scores,
    "repair": repair_scores,
    "tuned": tuned_scores,
    "families": family_scores,
    "sigma": sigma_scores,
    "groups: faces_group": group_scores,
    "calibration": calibration_scores,
    "published": published_scores,
}
"""Experiments whose predictions are kept, model by model: their scores are made again each time."""


def score(names: list[str], root: Path) -> None:
    """Runs experiments and keeps each as it ends."""
    for name in names:
        start = time.process_time()
        values = EXPERIMENTS[name](root)
        found: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        found[name] = {
            **values,
            "cpu_seconds": round(time.process_time() - start, 1),
            "on": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}",
            "command": f"python benchmarks/meta_classifier.py --score {name} --root <zoos>",
        }
        RESULT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        print(f"{name}: {found[name]['cpu_seconds']} s", flush=True)


def main() -> None:
    """Parses options; training first, then scores, then tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path("zoos"), help="folder that zoos live in")
    parser.add_argument("--train", nargs="*", default=[], metavar="ZOO[:SHARE]", help="zoos to train, in this order")
    parser.add_argument(
        "--cells", type=int, default=0, metavar="MODELS", help="models to train a cell of the 2×2×2 table"
    )
    parser.add_argument(
        "--published", type=int, default=0, metavar="MODELS", help="models to train a zoo that behaves as the paper's"
    )
    parser.add_argument(
        "--sigma", type=int, default=0, metavar="MODELS", help="models to train of each zoo of the σ² budget"
    )
    parser.add_argument("--worker", default="0/1", help="this process and how many there are, such as 0/2")
    parser.add_argument("--minutes", type=float, default=60, help="no shard starts later")
    parser.add_argument("--score", nargs="*", default=[], choices=[*EXPERIMENTS, "all"], metavar="EXPERIMENT")
    options = parser.parse_args()
    torch.set_num_threads(1)
    until, (worker, workers) = time.time() + 60 * options.minutes, map(int, options.worker.split("/"))
    for item in options.train:
        name, _, share = item.partition(":")
        train_zoo(name, options.root, share=float(share or 1), worker=(worker, workers), until=until)
    train_cells(options.root, models=options.cells, until=until)
    for name in (ONE, VARIED):
        train_sigma(name, options.root, models=options.sigma, worker=(worker, workers), until=until)
    train_published(options.root, models=options.published, until=until)
    score(list(EXPERIMENTS) if "all" in options.score else options.score, options.root)
    if RESULT.exists():
        found: dict[str, Any] = json.loads(RESULT.read_text())
        for name, scores in FROM_PREDICTIONS.items():
            if made := scores():
                found[name] = {**found.get(name, {}), **made}
        RESULT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        write_tables(found)


if __name__ == "__main__":
    main()
