"""All readers on the same splits of a zoo, and the library's by how many models it learned from; readings are kept."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from meta_adversaries import flat_colours
from meta_networks import NETWORKS
from meta_predictions import Document, keep, kept
from meta_readers import Models, Peer, Reading, boosting, columns_peer, invariants, library, ordinal, statistics
from meta_zoos import learned_models, of_split

from biasgate.detection.reader import views
from biasgate.detection.reader.scores import none_or_any, score_biased, score_strength
from biasgate.detection.reader.views import axis_of, levels_of
from biasgate.detection.zoo.material import load_material
from biasgate.detection.zoo.plan import ZooPlan
from biasgate.detection.zoo.spec import ZooSpec

CURVE = (0.125, 0.25, 0.5, 1.0)
PEERS: dict[str, Peer] = {
    "**invariants + ridge** (the library's)": library,
    "invariants + ordinal": ordinal,
    "invariants + boosting": boosting(invariants),
    "layer statistics + boosting": boosting(statistics),
    **NETWORKS,
}


def peers(name: str, root: Path) -> Document:
    """Keeps what every reader says of validation, which chooses between them, and of test."""
    plan, models = learned_models(name, root)
    train, *read = (of_split(models, part) for part in ("train", "validation", "test"))
    comparators = {
        "behavioural reference (not inference-free)": columns_peer(views.behaviour),
        "flat colours (not inference-free)": _probe(plan),
    }
    found: list[pd.DataFrame] = []
    for peer, fit in {**PEERS, **comparators}.items():
        reads = fit(train, read[0], plan.spec)
        found += [said(part.table, plan.spec, reads(part)).assign(peer=peer) for part in read]
    keep(pd.concat(found, ignore_index=True).assign(learned=len(train.table)), f"peers_{name}")
    return peer_scores(name)


def peer_scores(name: str) -> Document:
    """Scores of the readings that are kept, a reader and split each."""
    rows = kept(f"peers_{name}")
    if rows is None:
        return {}
    found: dict[str, Document] = {}
    for (peer, part), some in rows.groupby(["peer", "split"], sort=False):
        found.setdefault(peer, {})[part] = scored(peer, some)
    one = rows[rows["peer"] == rows["peer"].iloc[0]]
    counts = {part: int((one["split"] == part).sum()) for part in ("validation", "test")}
    return {"peers": found, "train": int(rows["learned"].iloc[0]), **counts}


def learning_curve(name: str, root: Path) -> Document:
    """Keeps what the library's reader says of test by how many models it learned from; validation stays as it is."""
    keep(pd.concat(_curve(name, root), ignore_index=True), f"curve_{name}")
    return curve_scores(name)


def _curve(name: str, root: Path) -> Iterator[pd.DataFrame]:
    plan, models = learned_models(name, root)
    train, validation, test = (of_split(models, part) for part in ("train", "validation", "test"))
    order = np.random.default_rng(0).permutation(len(train.table))
    for part in CURVE:
        some = np.isin(np.arange(len(order)), order[: round(part * len(order))])
        reads = library(train.where(some), validation, plan.spec)
        yield said(test.table, plan.spec, reads(test)).assign(learned=int(some.sum()))


def curve_scores(name: str) -> Document:
    """Scores of the readings that are kept, a size each."""
    rows = kept(f"curve_{name}")
    if rows is None:
        return {}
    sizes = rows.groupby("learned", sort=True)
    return {"curve": [{"train": int(size), **scored("curve", some)} for size, some in sizes]}


def scored(name: str, rows: pd.DataFrame) -> Document:
    """All scores of a reader by what it says of some models: ``axis``, ``level``, ``reading`` and ``p0``, ``p1`` ..."""
    told = {column: rows[column].to_numpy(dtype=float) for column in ("axis", "reading")}
    truth = {"axis": told["axis"], "levels": rows["level"].to_numpy()}
    probabilities = probabilities_of(rows)
    whole = score_strength(name, readings=told["reading"], probabilities=probabilities, **truth)
    biased = score_biased(name, readings=told["reading"], probabilities=probabilities, **truth)
    return {
        "all": whole.model_dump(mode="json"),
        "biased": biased.model_dump(mode="json"),
        "none_or_any": none_or_any(probabilities, truth["levels"]).model_dump(mode="json"),
    }


def probabilities_of(rows: pd.DataFrame) -> np.ndarray:
    """Those of the levels, weakest first ``[n, levels]``."""
    return rows.filter(regex=r"^p\d$").to_numpy(dtype=float)


def said(table: pd.DataFrame, spec: ZooSpec, read: Reading) -> pd.DataFrame:
    """A row a model, as ``scored`` takes it."""
    readings, probabilities = read
    truth = {"split": table["split"].to_numpy(), "level": levels_of(table, spec), "axis": axis_of(table, spec)}
    told = {f"p{level}": column for level, column in enumerate(probabilities.T)}
    return pd.DataFrame({**truth, "reading": readings, **told})


def _probe(plan: ZooPlan) -> Peer:
    planned, material = {model.id: model for model in plan.models}, load_material(plan.spec)

    def view(models: Models) -> np.ndarray:
        return flat_colours(models, [planned[id_] for id_ in models.table["id"]], material)

    return columns_peer(view, of_models=True)


OF_PREDICTIONS = {"peers": peer_scores, "learning_curve": curve_scores}
ZOOS = ("small_share", "small_sigma", "fashion_share", "paper_sigma", "adam_share", "digits_reader")
PEER_SCORES = {f"{kind}: {name}": partial(scores, name) for name in ZOOS for kind, scores in OF_PREDICTIONS.items()}
"""By experiment; of zoos that were scored before readings were kept there is nothing."""
