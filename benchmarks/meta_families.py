"""Reading an architecture that no reader has met: in its family, from other families, and from all others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from meta_predictions import Document, keep, kept, predictions
from meta_readers import Models, columns_peer, stronger_half, strongest
from meta_zoos import finished, load_zoo, plan_of

from biasgate.contracts.estimate import Estimate
from biasgate.detection.features.table import comparable
from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.learned import learned
from biasgate.detection.reader.scores import share
from biasgate.detection.reader.views import behaviour, features_of, split_of
from biasgate.detection.zoo.spec import ZooSpec

NAME = "families"
FAMILIES = ("plain", "residual", "depthwise", "attention")
LEVELS = ("none", "low", "medium", "high", "very_high")
FEWEST, CALIBRATES = 40, 4
"""Models that a reader learns from at least; one in so many known models calibrates."""
KNOWN: dict[str, Callable[[pd.DataFrame, pd.Series], pd.Series]] = {
    "its family": lambda table, one: (
        (table["family"] == one["family"]) & (table["architecture"] != one["architecture"])
    ),
    "other families": lambda table, one: table["family"] != one["family"],
    "all others": lambda table, one: table["architecture"] != one["architecture"],
}
"""Which models a reader of one architecture has met."""


def families(root: Path) -> Document:
    """Reads every architecture by readers that have not met it, and keeps what each says of each model."""
    table, spec = _table(root)
    keep(pd.concat(_read(table, spec), ignore_index=True), NAME)
    return family_scores()


def _table(root: Path) -> tuple[pd.DataFrame, ZooSpec]:
    """All models that learned, with features by role, and a spec whose levels are those of all."""
    tables = []
    for family in FAMILIES:
        if finished(plan_of(f"family_{family}", root), root):
            tables.append(load_zoo(f"family_{family}", root)[1].table.assign(family=family))
    whole = learned(pd.concat(tables, ignore_index=True)).reset_index(drop=True)
    return comparable(whole), plan_of(f"family_{FAMILIES[0]}", root).spec


def _read(table: pd.DataFrame, spec: ZooSpec) -> Iterator[pd.DataFrame]:
    """A row a model and reader: each model is read by a reader of models that saw other images."""
    half = table["split"] == "train"
    for _, one in table.drop_duplicates("architecture").iterrows():
        for reader, chosen in KNOWN.items():
            for learns in (half, ~half):
                known = table[chosen(table, one) & learns]
                asked = table[(table["architecture"] == one["architecture"]) & ~learns]
                if len(known) >= FEWEST and len(asked):
                    yield _answers(_dealt(known), asked, spec).assign(
                        architecture=one["architecture"], family=one["family"], reader=reader, learned_from=len(known)
                    )


def _dealt(known: pd.DataFrame) -> pd.DataFrame:
    """One in so many of each level calibrates, the others are learned from."""
    place = known.groupby("level").cumcount()
    return known.assign(split=np.where(place % CALIBRATES == 0, "validation", "train"))


def _answers(known: pd.DataFrame, asked: pd.DataFrame, spec: ZooSpec) -> pd.DataFrame:
    """What a reader of the known models says of the asked ones, and what their behaviour would."""
    meta = fit_meta_classifier(known, spec=spec)
    read = predictions(meta, asked)
    behaves = _reference(known, asked, spec)
    weights = meta.reader.probabilities(features_of(asked, meta.features))
    return read.assign(
        upper=stronger_half(weights), strongest=strongest(weights),
        reference_named=[LEVELS[place] for place in behaves.argmax(axis=1)],
        reference_upper=stronger_half(behaves), reference_strongest=strongest(behaves),
    )  # fmt: skip


def _reference(known: pd.DataFrame, asked: pd.DataFrame, spec: ZooSpec) -> np.ndarray:
    """Level probabilities of the asked models by the same learner on accuracies and swap rate."""
    parts = (Models(split_of(known, split), []) for split in ("train", "validation"))
    return columns_peer(behaviour)(*parts, spec)(Models(asked, []))[1]


def family_scores() -> Document:
    """Scores of the predictions that are kept, a family and reader each, and an architecture each."""
    rows = kept(NAME)
    if rows is None:
        return {}
    return {
        "families": [
            {"family": family, "reader": reader, **_scores(some)}
            for (reader, family), some in rows.groupby(["reader", "family"], sort=False)
        ],
        "members": [
            {"architecture": architecture, "reader": reader, **_scores(some)}
            for (reader, architecture), some in rows.groupby(["reader", "architecture"], sort=False)
        ],
    }


def _scores(rows: pd.DataFrame) -> Document:
    """Of all models and of those that are read."""
    read = rows[~rows["abstained"].astype(bool)]
    told: Document = {
        "models": len(rows), "learned_from": int(rows["learned_from"].min()),
        "read": share((~rows["abstained"].astype(bool)).to_numpy()).model_dump(mode="json"),
    }  # fmt: skip
    for name, some in (("all", rows), ("accepted", read)):
        told[name] = {what: _plain(estimate) for what, estimate in _shares(some, "").items()}
        told[name]["covers"] = _plain(_covers(some))
    told["reference"] = {what: _plain(estimate) for what, estimate in _shares(rows, "reference_").items()}
    return told


def _shares(rows: pd.DataFrame, prefix: str) -> dict[str, Estimate | None]:
    """Halves (the middle level left out), extremes and five levels."""
    level = rows["level"].map(LEVELS.index).to_numpy(dtype=int)
    sided, ends = level != 2, np.isin(level, (0, 4))
    return {
        "halves": _share((rows[f"{prefix}upper"].to_numpy() == (level > 2))[sided]),
        "extremes": _share((rows[f"{prefix}strongest"].to_numpy() == (level == 4))[ends]),
        "levels": _share((rows[f"{prefix}named"] == rows["level"]).to_numpy()),
    }


def _covers(rows: pd.DataFrame) -> Estimate | None:
    measured = rows["measured_bias"].clip(0, 1)
    return _share(((rows["low"] <= measured) & (measured <= rows["high"])).to_numpy())


def _share(outcomes: np.ndarray) -> Estimate | None:
    return share(outcomes.astype(bool)) if len(outcomes) else None


def _plain(estimate: Estimate | None) -> Document | None:
    return estimate.model_dump(mode="json") if estimate else None
