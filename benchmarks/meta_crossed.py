"""Readers that learn from one half of a zoo and read the other, whose models saw other images; and so around."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from meta_networks import NETWORKS
from meta_predictions import Document
from meta_readers import Models, Peer, Reading, axis_points, columns_peer, library, stronger_half, strongest

from biasgate.detection.reader import views
from biasgate.detection.reader.scores import share
from biasgate.detection.reader.views import levels_of
from biasgate.detection.zoo.spec import ZooSpec

DETECTOR, EQUIVARIANT = "IFBiD's detector (our reading)", "equivariant network (ours)"
COMPONENTS = 100


def raw(models: Models) -> np.ndarray:
    """All weights and biases ``[n, parameters]``."""
    return np.stack([np.concatenate([state[name].ravel() for name in sorted(state)]) for state in models.states])


def raw_linear(train: Models, validation: Models, spec: ZooSpec) -> Callable[[Models], Reading]:
    """Principal components of the raw weights and a logistic regression on them: what symmetry is left to luck."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    del validation
    parts = PCA(min(COMPONENTS, len(train.table) - 1), random_state=0)
    reader = make_pipeline(parts, StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    reader.fit(raw(train), levels_of(train.table, spec))

    def read(models: Models) -> Reading:
        found = reader.predict_proba(raw(models))
        return found @ axis_points(spec), found

    return read


READERS: dict[str, Peer] = {
    "raw weights, ridge": columns_peer(raw, of_models=True),
    "raw weights, PCA, logistic": raw_linear,
    DETECTOR: NETWORKS[DETECTOR],
    "invariants": library,
    EQUIVARIANT: NETWORKS[EQUIVARIANT],
    "behavioural reference": columns_peer(views.behaviour),
}


def crossed(models: Models, spec: ZooSpec) -> pd.DataFrame:
    """A row a model: its level, and what each reader names that learned from the other half's images.

    Half the models saw the train images, half those of validation and test. A reader learns from one half; of the
    other, one part calibrates it and the other part is read, and so around, so that each model is read once.
    """
    half = (models.table["split"] == "train").to_numpy()
    part = np.arange(len(half)) % 2 == 0
    read: list[pd.DataFrame] = []
    for learns in (half, ~half):
        for calibrates in (part, ~part):
            known, calibration = models.where(learns), models.where(~learns & calibrates)
            read.append(_answers(known, calibration, models.where(~learns & ~calibrates), spec))
    return pd.concat(read, ignore_index=True).assign(train=len(half) // 2)


def _answers(known: Models, calibration: Models, asked: Models, spec: ZooSpec) -> pd.DataFrame:
    rows = asked.table[["id", "split"]].assign(level=levels_of(asked.table, spec))
    for name, peer in READERS.items():
        _, probabilities = peer(known, calibration, spec)(asked)
        rows[name] = probabilities.argmax(axis=1)
        rows[f"{name}: strongest"] = strongest(probabilities)
        rows[f"{name}: stronger half"] = stronger_half(probabilities)
    return rows


def crossed_scores(rows: pd.DataFrame) -> Document:
    """Shares with intervals, a reader each: four levels, halves, and the extremes told apart."""
    level = rows["level"].to_numpy()
    ends = np.isin(level, (0, 3))
    found: Document = {"train": int(rows["train"].iloc[0]), "test": len(rows)}
    for name in [column.removesuffix(": strongest") for column in rows if column.endswith(": strongest")]:
        strongest, half = rows[f"{name}: strongest"].to_numpy(), rows[f"{name}: stronger half"].to_numpy()
        right = {
            "levels": rows[name].to_numpy() == level,
            "halves": half == (level > 1),
            "extremes": strongest[ends] == (level[ends] == 3),
        }
        found[name] = {what: share(hits).model_dump(mode="json") for what, hits in right.items()}
    return found
