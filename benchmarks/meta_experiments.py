"""The experiments of the meta-classifier's benchmark; each gives a JSON document."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from meta_adversaries import flat_colours
from meta_attacked import adversaries
from meta_families import families
from meta_groups import groups
from meta_networks import NETWORKS
from meta_published import published
from meta_readers import Models, Peer, boosting, columns_peer, invariants, library, ordinal, statistics
from meta_repair import repair
from meta_shared import shared
from meta_sigma import sigma
from meta_strangers import strangers
from meta_trainers import trainers
from meta_tuned import tuned
from meta_zoos import load_zoo

from biasgate.detection.features.table import comparable
from biasgate.detection.reader import views
from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.held_out import strength_report
from biasgate.detection.reader.learned import learned
from biasgate.detection.reader.scores import (
    bootstrap,
    none_or_any,
    score_bias,
    score_biased,
    score_strength,
    share,
)
from biasgate.detection.reader.views import axis_of, features_of, levels_of, measured_bias_of
from biasgate.detection.zoo.material import load_material
from biasgate.detection.zoo.plan import ZooPlan
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.report.held_out_figure import held_out_figure

Document = dict[str, Any]
FIGURES = Path(__file__).parents[1] / "docs" / "figures"
CURVE = (0.125, 0.25, 0.5, 1.0)
PEERS: dict[str, Peer] = {
    "**invariants + ridge** (the library's)": library,
    "invariants + ordinal": ordinal,
    "invariants + boosting": boosting(invariants),
    "layer statistics + boosting": boosting(statistics),
    **NETWORKS,
}


@cache
def zoo(name: str, root: Path) -> tuple[ZooPlan, Models]:
    """A zoo's models that learned their task, read once."""
    plan, models = load_zoo(name, root)
    able = learned(models.table).index
    return plan, models.where(models.table.index.isin(able))


def split(models: Models, name: str) -> Models:
    """The models of one split."""
    return models.where((models.table["split"] == name).to_numpy())


def scored(name: str, models: Models, spec: ZooSpec, readings: np.ndarray, probabilities: np.ndarray) -> Document:
    """All scores of a reader on some models."""
    truth = {"axis": axis_of(models.table, spec), "levels": levels_of(models.table, spec)}
    whole = score_strength(name, readings=readings, probabilities=probabilities, **truth)
    biased = score_biased(name, readings=readings, probabilities=probabilities, **truth)
    return {
        "all": whole.model_dump(mode="json"),
        "biased": biased.model_dump(mode="json"),
        "none_or_any": none_or_any(probabilities, truth["levels"]).model_dump(mode="json"),
    }


def held_out(name: str, root: Path) -> Document:
    """The library's own report: negative controls, shortcuts, behavioural reference, ablation, measured bias."""
    plan, models = zoo(name, root)
    classifier = fit_meta_classifier(models.table, spec=plan.spec)
    report = strength_report(classifier, models.table, spec=plan.spec)
    (FIGURES / f"meta-{name}.svg").write_text(held_out_figure(report))
    return {
        "report": report.model_dump(mode="json", exclude={"planted", "readings"}),
        "planned": len(plan.models),
        "planting": plan.spec.planting,
        "architectures": [architecture.name for architecture in plan.spec.architectures],
    }


def peers(name: str, root: Path) -> Document:
    """All readers on the same splits: chosen by log-loss on validation, scored on test."""
    plan, models = zoo(name, root)
    train, validation, test = (split(models, part) for part in ("train", "validation", "test"))
    comparators = {
        "behavioural reference (not inference-free)": columns_peer(views.behaviour),
        "flat colours (not inference-free)": _probe(plan),
    }
    found: Document = {}
    for peer, fit in {**PEERS, **comparators}.items():
        start = time.process_time()
        read = fit(train, validation, plan.spec)
        found[peer] = {
            "cpu_seconds": round(time.process_time() - start, 1),
            "validation": scored(peer, validation, plan.spec, *read(validation)),
            "test": scored(peer, test, plan.spec, *read(test)),
        }
    return {"peers": found, "train": len(train.table), "validation": len(validation.table), "test": len(test.table)}


def learning_curve(name: str, root: Path) -> Document:
    """Error on test by the number of models learned from; validation and test stay as they are."""
    plan, models = zoo(name, root)
    train, validation, test = (split(models, part) for part in ("train", "validation", "test"))
    order, found = np.random.default_rng(0).permutation(len(train.table)), []
    for part in CURVE:
        rows = np.isin(np.arange(len(order)), order[: round(part * len(order))])
        read = library(train.where(rows), validation, plan.spec)
        found.append({"train": int(rows.sum()), **scored("curve", test, plan.spec, *read(test))})
    return {"curve": found}


def transfer(root: Path) -> Document:
    """The readers of one zoo on the test models of another; levels are compared only where both zoos share them."""
    found: Document = {}
    for source, target in (("small_share", "fashion_share"), ("fashion_share", "small_share"),
                           ("small_share", "small_sigma"), ("small_sigma", "small_share")):  # fmt: skip
        (plan, models), (other, others) = zoo(source, root), zoo(target, root)
        test = split(others, "test")
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
            found[f"{source} → {target}"] |= scored("transfer", test, other.spec, readings, probabilities)
    return {"transfer": found}


def architectures(root: Path) -> Document:
    """Each architecture read by a reader that has met all others; its models of validation and test are scored."""
    plan, models = zoo("family_share", root)
    table = comparable(models.table)
    found: Document = {}
    for name in sorted(set(table["architecture"])):
        known, left = table[table["architecture"] != name], table[table["architecture"] == name]
        unseen = left[left["split"] != "train"]
        classifier = fit_meta_classifier(models.table.loc[known.index], spec=plan.spec)
        readings, probabilities = classifier.reader.read_off(features_of(unseen, classifier.features))
        found[name] = scored(name, Models(unseen, []), plan.spec, readings, probabilities)
        found[name]["rows"] = _rows(unseen, plan.spec, probabilities)
    rows = pd.concat([pd.DataFrame(document.pop("rows")) for document in found.values()])
    levels, named = rows["level"].to_numpy(), rows["high"].to_numpy()
    sided = levels != 2
    return {"architectures": found, "halves": _plain(share((named == (levels > 2))[sided]))}


def _correlation(first: np.ndarray, second: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Pearson's; 0 of readings that are all alike."""
    one, two = (x[rows] - x[rows].mean(axis=-1, keepdims=True) for x in (first, second))
    scale = np.sqrt((one**2).sum(axis=-1) * (two**2).sum(axis=-1))
    return np.where(scale > 0, (one * two).sum(axis=-1) / np.where(scale > 0, scale, 1), 0)


def _rows(table: pd.DataFrame, spec: ZooSpec, probabilities: np.ndarray) -> Document:
    return {
        "level": levels_of(table, spec),
        "high": probabilities[:, 3:].sum(axis=1) > probabilities[:, :2].sum(axis=1),
    }


def _probe(plan: ZooPlan) -> Peer:
    planned, material = {model.id: model for model in plan.models}, load_material(plan.spec)

    def view(models: Models) -> np.ndarray:
        return flat_colours(models, [planned[id_] for id_ in models.table["id"]], material)

    return columns_peer(view, of_models=True)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


ZOOS = ("small_share", "small_sigma", "fashion_share", "paper_sigma", "adam_share", "digits_reader")
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
