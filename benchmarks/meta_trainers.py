"""Does a reader know models of a trainer that its zoo lacks? One optimiser at a time is left out of a zoo.

    biasgate zoo plan benchmarks/zoos/trainers_share.yaml --root zoos --shards 48     # prints where the plan is
    biasgate zoo train PLAN --root zoos --shard 0                                     # each of them; they resume
    biasgate zoo features zoos/*/shard-00?? --into trainers.parquet
    python benchmarks/meta_trainers.py trainers.parquet --json benchmarks/results/meta_trainers.json

A model that learned next to nothing (accuracy on aligned images of at most ``LEARNED``) is left out of fitting and of
scoring alike. Beside each reader stands the one that ships, on the same models. Strangers are the models that were left
out before their own first step: another optimiser's, and of seeds that the reader never met.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from biasgate.detection.features.table import INITIAL
from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.meta_classifier import MetaClassifier, bundled_meta_classifier
from biasgate.detection.reader.scores import share
from biasgate.detection.reader.views import features_of, measured_bias_of
from biasgate.detection.zoo.spec import read_spec
from biasgate.report.terminal import say

SPEC = Path(__file__).parent / "zoos" / "trainers_share.yaml"
LEARNED = 0.6
TRAINERS = {"adam": ("adam", "adamw"), "sgd": ("sgd",), "sgd_plain": ("sgd_plain",), "rmsprop": ("rmsprop",)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    table = pd.read_parquet(arguments.table)
    table = table.loc[table["accuracy_aligned"] > LEARNED].reset_index(drop=True)
    spec, bundled = read_spec(str(SPEC)), bundled_meta_classifier()
    found: dict[str, Any] = {"models": len(table), "trainers": {}}
    for trainer, names in TRAINERS.items():
        out = table["optimizer"].isin(names)
        refitted = fit_meta_classifier(table.loc[~out], spec=spec)
        readers = {"left out of the zoo": refitted, "ships": bundled}
        found["trainers"][trainer] = {name: _scores(meta, table.loc[out]) for name, meta in readers.items()}
        for name, scores in found["trainers"][trainer].items():
            say(f"{trainer}, {name}: {scores}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


def _scores(meta: MetaClassifier, models: pd.DataFrame) -> dict[str, Any]:
    """How many are read, and what the readings of those are worth."""
    features, untrained = features_of(models, meta.features), features_of(models, [INITIAL + n for n in meta.features])
    known = meta.knows(features)
    read = models.loc[known]
    assert meta.bias is not None
    bias, measured = meta.bias.predict(features[known]), np.clip(measured_bias_of(read), 0, 1).tolist()
    inside = np.array([one.low <= value <= one.high for one, value in zip(bias, measured, strict=True)])
    strength = meta.reader.probabilities(features[known])
    return {
        "models": len(models),
        "abstained": _rate(~known),
        "interval_covers": _rate(inside),
        "extremes_auc": _auc(strength[:, -1] - strength[:, 0], read["level"].to_numpy()),
        "strangers_abstained": _rate(~meta.knows(untrained)),
    }


def _rate(outcomes: np.ndarray) -> list[float]:
    """Value, low, high."""
    rate = share(outcomes)
    return [round(value, 3) for value in (rate.value, rate.low, rate.high)]


def _auc(readings: np.ndarray, levels: np.ndarray) -> float | None:
    """Chance that a very strong model reads stronger than one of none; None where one of them is missing."""
    strong, none = readings[levels == "very_high"], readings[levels == "none"]
    if not len(strong) or not len(none):
        return None
    return round(float(((strong[:, None] > none) + (strong[:, None] == none) / 2).mean()), 3)


if __name__ == "__main__":
    main()
