"""What readers say of models one by one: kept with the results, so that tables are made again without a zoo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.reader.scores import bootstrap, rmse, share
from biasgate.detection.reader.views import features_of

Document = dict[str, Any]
FOLDER = Path(__file__).with_name("results") / "meta_predictions"


def predictions(meta: MetaClassifier, models: pd.DataFrame, /, **told: str) -> pd.DataFrame:
    """A row a model: whether it is abstained from and why, and what would be read of it.

    Args:
        meta: The reader.
        models: With the reader's columns; ``level`` and ``measured_bias`` where they are known.
        **told: Further columns, the same for all of these models.
    """
    seen, features = features_of(models, meta.columns), features_of(models, meta.features)
    probabilities, bias = meta.reader.probabilities(features), meta.bias.predict(features) if meta.bias else []
    rows = {
        **{name: models[name].to_numpy() for name in ("level", "measured_bias") if name in models},
        "abstained": ~meta.knows(seen),
        "distance": meta.ood.distance(features),
        "distance_limit": meta.ood.limit,
        "named": [meta.reader.names[place] for place in probabilities.argmax(axis=1)],
        "strength": probabilities[:, -1] - probabilities[:, 0],
        **{name: [getattr(one, name) for one in bias] for name in ("value", "low", "high")},
    }
    if meta.exposure:
        rows["strangeness"] = meta.exposure.strangeness(features, seen[:, len(meta.features) :])
        rows["strangeness_limit"] = meta.exposure.limit
    return pd.DataFrame(rows).assign(**told)


def keep(rows: pd.DataFrame, name: str) -> None:
    """Saves predictions beside the results."""
    FOLDER.mkdir(exist_ok=True)
    numbers = rows.select_dtypes("float").astype(np.float32)
    rows.assign(**{column: numbers[column] for column in numbers}).to_parquet(_file(name), compression="zstd")


def kept(name: str) -> pd.DataFrame | None:
    """What was saved; none where nothing was."""
    return pd.read_parquet(_file(name)) if _file(name).exists() else None


def abroad(rows: pd.DataFrame) -> Document:
    """How many models of another trainer are read, and what the readings of those are worth."""
    read = rows.loc[~rows["abstained"]]
    measured = read["measured_bias"].clip(0, 1).to_numpy()
    error = read["value"].to_numpy() - measured
    document = {
        "abstained": share(rows["abstained"].to_numpy()),
        "levels": share((read["named"] == read["level"]).to_numpy()),
        "bias_rmse": bootstrap(lambda some: rmse(error[some]), len(error)),
        "interval_covers": share(((read["low"] <= measured) & (measured <= read["high"])).to_numpy()),
    }
    found = {name: estimate.model_dump(mode="json") for name, estimate in document.items()}
    return {"models": len(rows), **found, "extremes_auc": _auc(read)}


def _auc(read: pd.DataFrame) -> float | None:
    """Chance that a very strong model reads stronger than one of none; None where one of them is missing."""
    strong, none = (read.loc[read["level"] == level, "strength"].to_numpy() for level in ("very_high", "none"))
    if not len(strong) or not len(none):
        return None
    return float(((strong[:, None] > none) + (strong[:, None] == none) / 2).mean())


def _file(name: str) -> Path:
    return FOLDER / f"{name}.parquet"
