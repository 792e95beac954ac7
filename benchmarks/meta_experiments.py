"""The experiments of the meta-classifier's benchmark; each gives a JSON document."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from meta_attacked import adversaries
from meta_families import families
from meta_groups import groups
from meta_peers import ZOOS, learning_curve, peers, probabilities_of, said, scored
from meta_predictions import Document
from meta_published import published
from meta_readers import stronger_half
from meta_repair import repair
from meta_shared import shared
from meta_sigma import sigma
from meta_strangers import strangers
from meta_trainers import trainers
from meta_tuned import tuned
from meta_zoos import learned_models, of_split

from biasgate.detection.features.table import comparable
from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.held_out import strength_report
from biasgate.detection.reader.scores import bootstrap, score_bias, share
from biasgate.detection.reader.views import axis_of, features_of, levels_of, measured_bias_of
from biasgate.report.held_out_figure import held_out_figure

FIGURES = Path(__file__).parents[1] / "docs" / "figures"


def held_out(name: str, root: Path) -> Document:
    """The library's own report: negative controls, shortcuts, behavioural reference, ablation, measured bias."""
    plan, models = learned_models(name, root)
    classifier = fit_meta_classifier(models.table, spec=plan.spec)
    report = strength_report(classifier, models.table, spec=plan.spec)
    (FIGURES / f"meta-{name}.svg").write_text(held_out_figure(report))
    return {
        "report": report.model_dump(mode="json", exclude={"planted", "readings"}),
        "planned": len(plan.models),
        "planting": plan.spec.planting,
        "architectures": [architecture.name for architecture in plan.spec.architectures],
    }


def transfer(root: Path) -> Document:
    """The readers of one zoo on the test models of another; levels are compared only where both zoos share them."""
    found: Document = {}
    for source, target in (("small_share", "fashion_share"), ("fashion_share", "small_share"),
                           ("small_share", "small_sigma"), ("small_sigma", "small_share")):  # fmt: skip
        (plan, models), (other, others) = learned_models(source, root), learned_models(target, root)
        test = of_split(others, "test")
        classifier = fit_meta_classifier(models.table, spec=plan.spec)
        features = features_of(test.table, classifier.features)
        readings, probabilities = classifier.reader.read_off(features)
        axis = axis_of(test.table, other.spec)
        graded = axis != 0 if other.spec.planting == "sigma" else axis < np.inf
        predicted = classifier.bias.predict(features)
        document: Document = {
            "test": len(test.table),
            "correlation": bootstrap(partial(_correlation, readings[graded], axis[graded]), int(graded.sum())),
            "measured_bias": score_bias(
                predicted=predicted,
                measured=np.clip(measured_bias_of(test.table), 0, 1),
                levels=levels_of(test.table, other.spec),
            ),
            "accepted": share(classifier.ood.distance(features) <= classifier.ood.limit),
        }
        found[f"{source} → {target}"] = {key: _plain(value) for key, value in document.items()}
        if plan.spec.planting == other.spec.planting:
            rows = said(test.table, other.spec, (readings, probabilities))
            found[f"{source} → {target}"] |= scored("transfer", rows)
    return {"transfer": found}


def architectures(root: Path) -> Document:
    """Each architecture read by a reader that has met all others; its models of validation and test are scored."""
    plan, models = learned_models("family_share", root)
    table = comparable(models.table)
    found: list[pd.DataFrame] = []
    for name in sorted(set(table["architecture"])):
        known, left = table[table["architecture"] != name], table[table["architecture"] == name]
        unseen = left[left["split"] != "train"]
        classifier = fit_meta_classifier(models.table.loc[known.index], spec=plan.spec)
        read = classifier.reader.read_off(features_of(unseen, classifier.features))
        found.append(said(unseen, plan.spec, read).assign(architecture=name))
    rows = pd.concat(found, ignore_index=True)
    sided = rows[rows["level"] != 2]
    upper = stronger_half(probabilities_of(sided))
    return {
        "architectures": {str(name): scored(str(name), some) for name, some in rows.groupby("architecture")},
        "halves": _plain(share(upper == (sided["level"] > 2).to_numpy())),
    }


def _correlation(first: np.ndarray, second: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Pearson's; 0 of readings that are all alike."""
    one, two = (x[rows] - x[rows].mean(axis=-1, keepdims=True) for x in (first, second))
    scale = np.sqrt((one**2).sum(axis=-1) * (two**2).sum(axis=-1))
    return np.where(scale > 0, (one * two).sum(axis=-1) / np.where(scale > 0, scale, 1), 0)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


EXPERIMENTS: dict[str, Callable[[Path], Document]] = {
    **{f"{kind.__name__}: {name}": partial(kind, name) for name in ZOOS for kind in (held_out, peers, learning_curve)},
    "transfer": transfer,
    "architectures": architectures,
    "adversaries": adversaries,
    "repair": repair,
    "trainers": trainers,
    "strangers": strangers,
    "shared": shared,
    "tuned": tuned,
    "families": families,
    "sigma": sigma,
    "published": published,
    "groups: faces_group": partial(groups, "faces_group", "faces_even"),
}
