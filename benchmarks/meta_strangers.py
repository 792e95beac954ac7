"""The reader that ships, abroad: models that another code base trained, and models that it must not read."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import torch
from meta_outsiders import LEVELS, Outsider, outsiders
from meta_predictions import Document, abroad, keep, kept, predictions
from meta_readers import State
from meta_zoos import finished, load_zoo, plan_of
from sklearn.metrics import roc_auc_score

from biasgate.detection.features.class_template import class_template
from biasgate.detection.features.invariant import invariant_features
from biasgate.detection.reader.learned import learned
from biasgate.detection.reader.meta_classifier import bundled_meta_classifier
from biasgate.detection.reader.scores import share
from biasgate.models.initialisation import Init
from biasgate.models.named_tensors import layers_of
from biasgate.models.network import drawn
from biasgate.models.presets import preset
from biasgate.models.weights import Weights

NAME = "strangers"
DRAWN = 100
COVERAGES = (0.8, 0.85, 0.9, 0.95, 0.98, 1.0)
"""Shares of validation below the limit of strangeness; a reader ships with .98."""
PARTS = (0.25, 0.5, 0.75, 1.0)
OWN, ABROAD = ("own validation", "own test"), ("digits, adam", "digits, sgd")


def strangers(root: Path) -> Document:
    """Reads all of them and keeps what is said of each."""
    meta, (_, models) = bundled_meta_classifier(), load_zoo("digits_reader", root)
    own = learned(models.table)
    tables = {f"own {split}": own.loc[own["split"] == split] for split in ("validation", "test")}
    tables |= _outsiders(outsiders(root))
    tables |= {"untrained": _described(_untrained()), "random weights": _described(_random())}
    if finished(plan_of("clothes_share", root), root):
        tables["clothes"] = learned(load_zoo("clothes_share", root)[1].table)
    found = [predictions(meta, table, models=name) for name, table in tables.items()]
    keep(pd.concat(found, ignore_index=True), NAME)
    return stranger_scores()


def stranger_scores() -> Document:
    """Scores of the predictions that are kept."""
    rows = kept(NAME)
    if rows is None:
        return {}
    by_name = {str(name): some for name, some in rows.groupby("models", sort=False)}
    others = {name: some for name, some in by_name.items() if name not in (*OWN, *ABROAD)}
    return {
        "outside": {name: abroad(by_name[name]) for name in (*ABROAD, "own test")},
        "strangers": {
            name: {
                "models": len(some),
                "auroc": _auroc(by_name["own test"], some),
                "abstained": _rate(some["abstained"]),
                "by distance alone": _rate(some["distance"] > some["distance_limit"]),
            }
            for name, some in others.items()
        },
        "nearest": _nearest(by_name["own test"]),
        "coverage": [_point(by_name, others, part) for part in COVERAGES],
    }


def _auroc(own: pd.DataFrame, others: pd.DataFrame) -> float:
    """Chance that a stranger is stranger than a held-out model of the zoo."""
    strangers = np.repeat([0, 1], [len(own), len(others)])
    return float(roc_auc_score(strangers, pd.concat([own, others])["strangeness"]))


def _nearest(own: pd.DataFrame) -> list[tuple[float, Document]]:
    """How many of the least strange held-out models are named rightly, by how many of all those are."""
    right = (own["named"] == own["level"]).iloc[own["strangeness"].to_numpy().argsort()]
    return [(part, _rate(right.iloc[: round(part * len(right))])) for part in PARTS]


def _point(by_name: dict[str, pd.DataFrame], others: dict[str, pd.DataFrame], part: float) -> Document:
    """What a limit that lets a share of validation pass does to all others; the distance's limit stays."""
    limit = float(np.quantile(by_name["own validation"]["strangeness"], part, method="higher"))

    def read(some: pd.DataFrame) -> pd.Series:
        return (some["strangeness"] <= limit) & (some["distance"] <= some["distance_limit"])

    away = pd.concat([by_name[name] for name in ABROAD])
    return {
        "validation": part,
        "own test read": _rate(read(by_name["own test"])),
        "outsiders read": _rate(read(away)),
        **{name: _rate(~read(some)) for name, some in others.items()},
    }


def _rate(outcomes: pd.Series) -> Document:
    return share(outcomes.to_numpy()).model_dump(mode="json")


def _outsiders(models: list[Outsider]) -> dict[str, pd.DataFrame]:
    named = [f"digits, {m.plan.trainer}" if m.plan.task == "digits" else m.plan.task for m in models]
    states = [{name: value.numpy() for name, value in torch.load(m.file).items()} for m in models]
    told = {"level": [LEVELS[m.plan.share] for m in models], "measured_bias": [m.measured_bias for m in models]}
    table = _described(states).assign(**told)
    return {name: table.loc[np.array(named) == name] for name in dict.fromkeys(named)}


def _untrained() -> list[State]:
    inits = get_args(Init)
    nets = [drawn(preset("digits_paper"), init=inits[seed % len(inits)], seed=seed) for seed in range(DRAWN)]
    return [{name: value.numpy() for name, value in net.state_dict().items()} for net in nets]


def _random() -> list[State]:
    """Gaussian tensors, each of a size of its own."""
    rng = np.random.default_rng(0)
    return [
        {
            name: (rng.standard_normal(value.shape) * np.exp(rng.normal(-2, 1))).astype(np.float32)
            for name, value in state.items()
        }
        for state in _untrained()
    ]


def _described(states: list[State]) -> pd.DataFrame:
    read = [Weights(layers_of(state, where="benchmark"), digest="") for state in states]
    return pd.DataFrame([{**invariant_features(each), **class_template(each)} for each in read])
