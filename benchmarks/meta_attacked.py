"""What the reader that ships says of strongly biased models whose weights somebody changed on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from meta_adversaries import Change, cancelling, decoyed, fooled, measure, permuted, pruned, quantised, rescaled
from meta_predictions import Document, keep, kept
from meta_readers import Models, State
from meta_zoos import load_zoo

from biasgate.detection.reader.learned import learned
from biasgate.detection.reader.meta_classifier import bundled_meta_classifier
from biasgate.detection.reader.scores import share
from biasgate.detection.zoo.material import load_material
from biasgate.detection.zoo.plan import ZooPlan
from biasgate.models.named_tensors import layers_of
from biasgate.models.weights import Weights
from biasgate.progress import track

NAME = "adversaries"
STRONG, WEAK, MOST = ("high", "very_high"), ("none", "low"), 30
PAIRS, GAINS = (1, 3), (0.3, 1, 3, 10)
CHANGES: dict[str, Change] = {
    "unchanged": lambda state, _: state,
    "rescaled units": rescaled,
    "permuted units": permuted,
    "30 % pruned": pruned(0.3),
    "60 % pruned": pruned(0.6),
    "8 bits": quantised(8),
    "4 bits": quantised(4),
    "a decoy unit": decoyed,
    **{
        f"pairs that cancel, {pairs} of gain {gain:g}": cancelling(pairs=pairs, gain=gain)
        for pairs in PAIRS
        for gain in GAINS
    },
}
FOOLED = "fine-tuned to fool"
UNTOUCHED = {"unchanged", "rescaled units", "permuted units"}
"""Changes after which the function is the same, so that its bias is known."""


def adversaries(root: Path) -> Document:
    """Changes the strongly biased test models of the reader's zoo in every way, scans each, and keeps what is said."""
    plan, models = load_zoo("digits_reader", root)
    able = set(learned(models.table)["id"])
    chosen = models.table["level"].isin(STRONG) & (models.table["split"] == "test") & models.table["id"].isin(able)
    strong = models.where(chosen.to_numpy() & (chosen.cumsum() <= MOST).to_numpy())
    keep(pd.DataFrame(_scans(plan, strong)), NAME)
    return adversary_scores()


def _scans(plan: ZooPlan, models: Models) -> Iterator[dict[str, Any]]:
    material, planned = load_material(plan.spec), {model.id: model for model in plan.models}
    meta, rng = bundled_meta_classifier(), np.random.default_rng(0)
    rows = zip(models.table["id"], models.table["measured_bias"], models.states, strict=True)
    for id_, known, state in track(rows, "attacks", total=len(models.states), unit="models"):
        model = planned[id_]
        made = {name: change(state, rng) for name, change in CHANGES.items()}
        made[FOOLED] = fooled(model, state, material)
        for name, changed in made.items():
            scan = meta.scan(_weights(changed))
            bias = known if name in UNTOUCHED else measure(model, changed, material)["measured_bias"]
            yield {
                "model": id_,
                "level": model.level,
                "change": name,
                "abstained": scan.abstained,
                "named": scan.level,
                "value": scan.measured_bias.value if scan.measured_bias else np.nan,
                "measured_bias": bias,
            }


def adversary_scores() -> Document:
    """Scores of the scans that are kept, a change each; all pairs that cancel are one."""
    rows = kept(NAME)
    if rows is None:
        return {}
    kinds = rows["change"].str.partition(", ")[0]
    before = rows.loc[rows["change"] == "unchanged"].set_index("model")["value"]
    return {"adversaries": {str(kind): _scores(some, before) for kind, some in rows.groupby(kinds, sort=False)}}


def _scores(rows: pd.DataFrame, before: pd.Series) -> Document:
    read, named = ~rows["abstained"].to_numpy(), rows["named"]
    strong, weak = named.isin(STRONG).to_numpy(), named.isin(WEAK).to_numpy()
    moved = rows["value"].to_numpy() - before.loc[rows["model"]].to_numpy()
    moved = moved[np.isfinite(moved)]
    outcomes = {"abstained": ~read, "called strong": read & strong, "missed": read & ~strong, "called weak": weak}
    return {
        "models": len(rows),
        "measured_bias": float(rows["measured_bias"].mean()),
        "reading_moved": float(moved.mean()) if len(moved) else None,
        "largest_move": float(np.abs(moved).max()) if len(moved) else None,
        **{name: share(outcome).model_dump(mode="json") for name, outcome in outcomes.items()},
    }


def _weights(state: State) -> Weights:
    return Weights(layers_of(state, where="benchmark"), digest="")
