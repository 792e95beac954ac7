"""The experiments of the meta-classifier's benchmark; each gives a JSON document."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from meta_adversaries import decoyed, flat_colours, fooled, measure, permuted, pruned, quantised, rescaled
from meta_groups import groups
from meta_networks import NETWORKS
from meta_readers import Models, Peer, boosting, columns_peer, invariants, library, ordinal, statistics
from meta_repair import repaired_models
from meta_shared import shared
from meta_strangers import strangers
from meta_trainers import trainers
from meta_zoos import described, load_zoo
from sklearn.metrics import roc_auc_score

from biasgate.detection.features.table import comparable
from biasgate.detection.reader import views
from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.held_out import strength_report
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.reader.scores import (
    bootstrap,
    none_or_any,
    rmse,
    score_bias,
    score_biased,
    score_strength,
    share,
)
from biasgate.detection.reader.views import axis_of, features_of, levels_of, measured_bias_of
from biasgate.detection.zoo.engine import initial_network, parameters_of
from biasgate.detection.zoo.material import load_material
from biasgate.detection.zoo.plan import ZooPlan
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.report.held_out_figure import held_out_figure

Document = dict[str, Any]
FIGURES = Path(__file__).parents[1] / "docs" / "figures"
ATTACKED = 30
FEWEST = 5
SAME_FUNCTION = ("rescaled units", "permuted units")
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
    """A zoo, read once."""
    return load_zoo(name, root)


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


def foreigners(root: Path) -> Document:
    """Abstention from models of the same layout that are none of the family, against own test models."""
    plan, models = zoo("small_share", root)
    classifier = fit_meta_classifier(models.table, spec=plan.spec)
    own = split(models, "test")
    others = {
        "untrained": _untrained(plan, split(models, "test").table),
        "shuffled labels": split(zoo("foreign_shuffled", root)[1], "test").table,
        "another task (clothes)": split(zoo("fashion_share", root)[1], "test").table,
    }
    distance = {name: classifier.ood.distance(features_of(t, classifier.features)) for name, t in others.items()}
    at_home = classifier.ood.distance(features_of(own.table, classifier.features))
    validation = classifier.ood.distance(features_of(split(models, "validation").table, classifier.features))
    strict = float(np.quantile(validation, 0.9))
    _, probabilities = classifier.reader.read_off(features_of(own.table, classifier.features))
    right = probabilities.argmax(axis=1) == levels_of(own.table, plan.spec)
    order = np.argsort(at_home)
    cuts = [round(part * len(order)) for part in (0.25, 0.5, 0.75, 0.9, 1.0)]
    return {
        "coverage": {"shipped limit": _plain(share(at_home <= classifier.ood.limit)),
                     "90 % of validation": _plain(share(at_home <= strict))},
        "foreigners": {
            name: {
                "models": len(away),
                "auroc": float(roc_auc_score(np.r_[np.zeros(len(at_home)), np.ones(len(away))], np.r_[at_home, away])),
                "abstained": _plain(share(~(away <= classifier.ood.limit))),
                "abstained at 90 %": _plain(share(~(away <= strict))),
            }
            for name, away in distance.items()
        },
        "coverage_accuracy": [[cut / len(order), _plain(share(right[order[:cut]]))] for cut in cuts],
    }  # fmt: skip


def adversaries(root: Path) -> Document:
    """What the reading of biased test models becomes when somebody changes their weights."""
    plan, models = zoo("small_share", root)
    material, planned = load_material(plan.spec), {model.id: model for model in plan.models}
    classifier = fit_meta_classifier(models.table, spec=plan.spec)
    strong = split(models, "test")
    strong = strong.where(strong.table["level"].isin(["high", "very_high"]).to_numpy())
    strong = strong.where(np.arange(len(strong.table)) < ATTACKED)
    ids = [planned[id_] for id_ in strong.table["id"]]
    rng = np.random.default_rng(0)
    changes = {
        "rescaled units": rescaled, "permuted units": permuted, "30 % pruned": pruned(0.3), "60 % pruned": pruned(0.6),
        "8 bits": quantised(8), "4 bits": quantised(4), "a decoy unit": decoyed,
    }  # fmt: skip
    made = {name: [change(state, rng) for state in strong.states] for name, change in changes.items()}
    made["fine-tuned to fool"] = [fooled(p, s, material) for p, s in zip(ids, strong.states, strict=True)]
    before = _reading(classifier, strong.table)
    found: Document = {}
    for name, states in made.items():
        changed = described(strong.table, states)
        bias = strong.table["measured_bias"]
        if name not in SAME_FUNCTION:
            bias = [measure(model, state, material)["measured_bias"] for model, state in zip(ids, states, strict=True)]
        after = _reading(classifier, changed.table)
        inside = after["distance"] <= classifier.ood.limit
        found[name] = {
            "models": len(states),
            "measured_bias": float(np.mean(bias)),
            "reading_moved": float(np.mean(after["reading"] - before["reading"])),
            "largest_move": float(np.abs(after["reading"] - before["reading"]).max()),
            "abstained": _plain(share(~inside)),
            "called strong": _plain(share(inside & (after["level"] >= 3))),
            "missed": _plain(share(inside & (after["level"] < 3))),
        }
    unchanged = before["distance"] <= classifier.ood.limit
    found["unchanged"] = {
        "models": len(ids),
        "measured_bias": float(strong.table["measured_bias"].mean()),
        "abstained": _plain(share(~unchanged)),
        "called strong": _plain(share(unchanged & (before["level"] >= 3))),
        "missed": _plain(share(unchanged & (before["level"] < 3))),
    }
    return {"adversaries": found}


def repair(root: Path) -> Document:
    """Repaired test models read by a meta-classifier that has met repaired train models, and by one that has not."""
    plan, models = zoo("small_share", root)
    repaired = repaired_models(plan, models, root)
    test = repaired.table[repaired.table["split"] == "test"]
    found: Document = {}
    for name, known in (("never met any", None), ("met some", repaired.table[repaired.table["split"] != "test"])):
        classifier = fit_meta_classifier(models.table, spec=plan.spec, repaired=known)
        features, truth = features_of(test, classifier.features), np.clip(measured_bias_of(test), 0, 1)
        predicted = classifier.bias.predict(features)
        error = np.array([estimate.value for estimate in predicted]) - truth
        inside = [estimate.low <= y <= estimate.high for estimate, y in zip(predicted, truth.tolist(), strict=True)]
        own = features_of(split(models, "test").table, classifier.features)
        found[name] = {
            "models": len(test),
            "abstained": _plain(share(classifier.ood.distance(features) > classifier.ood.limit)),
            "own_coverage": _plain(share(classifier.ood.distance(own) <= classifier.ood.limit)),
            "bias_rmse": _plain(bootstrap(partial(_rmse_of, error), len(error))),
            "bias_before": float(test["bias_before"].mean()),
            "bias_after": float(truth.mean()),
            "bias_read": float(np.mean([estimate.value for estimate in predicted])),
            "interval_covers": _plain(share(np.array(inside))),
        }
    return {"repaired": found}


def _rmse_of(error: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return rmse(error[rows])


def _correlation(first: np.ndarray, second: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Pearson's; 0 of readings that are all alike."""
    one, two = (x[rows] - x[rows].mean(axis=-1, keepdims=True) for x in (first, second))
    scale = np.sqrt((one**2).sum(axis=-1) * (two**2).sum(axis=-1))
    return np.where(scale > 0, (one * two).sum(axis=-1) / np.where(scale > 0, scale, 1), 0)


def _reading(classifier: MetaClassifier, table: pd.DataFrame) -> dict[str, np.ndarray]:
    features = features_of(table, classifier.features)
    readings, probabilities = classifier.reader.read_off(features)
    distance = classifier.ood.distance(features)
    return {"reading": readings, "level": probabilities.argmax(axis=1), "distance": distance}


def _rows(table: pd.DataFrame, spec: ZooSpec, probabilities: np.ndarray) -> Document:
    return {
        "level": levels_of(table, spec),
        "high": probabilities[:, 3:].sum(axis=1) > probabilities[:, :2].sum(axis=1),
    }


def _untrained(plan: ZooPlan, table: pd.DataFrame) -> pd.DataFrame:
    planned = {model.id: model for model in plan.models}
    states = [parameters_of(initial_network(planned[id_], plan.spec)) for id_ in table["id"]]
    return described(table, states).table


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
    "foreigners": foreigners,
    "adversaries": adversaries,
    "repair": repair,
    "trainers": trainers,
    "strangers": strangers,
    "shared": shared,
    "groups: faces_group": partial(groups, "faces_group", "faces_even"),
}
