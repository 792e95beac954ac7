"""Which of three groups does a gender model favour? The reader of groups, its peers, and what was really favoured."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from meta_curve import fitted_curve
from meta_predictions import keep, kept
from meta_readers import Models, State, statistics
from meta_tones import TONE_GROUPS, tone_features
from meta_zoos import load_zoo

from biasgate.detection.features.invariant import INVARIANT_GROUPS
from biasgate.detection.features.signed_colour import SIGNED_GROUPS
from biasgate.detection.features.table import KNOWN, feature_names
from biasgate.detection.reader import views
from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.held_out import subgroup_report
from biasgate.detection.reader.scores import bootstrap, score_levels, share
from biasgate.detection.reader.trial import Trial
from biasgate.detection.reader.views import View, features_of
from biasgate.detection.zoo.plan import ZooPlan
from biasgate.models.named_tensors import layers_of
from biasgate.models.network import build
from biasgate.models.weights import Weights
from biasgate.training.normalisation import to_tensor

Document = dict[str, Any]
NAME, CURVE_NAME = "groups", "groups_curve"
OURS = "**signed colour features** (the library's)"
REFERENCE = "behavioural reference (not inference-free)"
SIZES, DRAWS = (62, 125, 250, 500, 1000, 2000), 10
"""Sizes of the learning curve; at each, readers of so many draws of train models."""
ALL = "all features"
SEEN = {OURS: SIGNED_GROUPS, "the other features, blind to which colour": INVARIANT_GROUPS, ALL: KNOWN}
SHORTCUTS = {"final loss (shortcut)": views.final_loss, "path norm (shortcut)": views.path_norm}


def groups(name: str, even: str, root: Path) -> Document:
    """The library's report and accuracies against the zoo ``even``'s; what each reader names of each model is kept."""
    plan, models = load_zoo(name, root)
    table, trial = models.table, Trial.of(models.table, plan.spec)
    report = subgroup_report(fit_meta_classifier(table, spec=plan.spec), table, spec=plan.spec)
    seen = views_of(models, plan)
    keep(pd.concat([_answers(reader, trial, view) for reader, view in seen.items()], ignore_index=True), NAME)
    curves = [_curve(reader, trial, seen[reader]) for reader in (OURS, ALL)]
    keep(pd.concat(curves, ignore_index=True), CURVE_NAME)
    return {
        "report": report.model_dump(mode="json"),
        "planned": len(plan.models),
        "favour": favour(trial.test, load_zoo(even, root)[1].table, trial.names),
        **group_scores(),
    }


def views_of(models: Models, plan: ZooPlan) -> dict[str, View]:
    """What each reader sees of the models."""
    table, groups = models.table, tuple(level.name for level in plan.spec.levels)
    tones = pd.DataFrame([tone_features(_weights(state)) for state in models.states], index=table.index)
    known = {name: partial(features_of, names=feature_names(table, part)) for name, part in SEEN.items()}
    return {
        **known,
        f"{ALL} and further ones": lambda part: np.hstack([known[ALL](part), tones.loc[part.index].to_numpy()]),
        **{f"{group} features alone": partial(features_of, names=feature_names(table, (group,))) for group in KNOWN},
        **{f"{group} features alone (tried)": _columns(tones.filter(regex=rf"^{group}\.")) for group in TONE_GROUPS},
        "layer statistics": _columns(pd.DataFrame(statistics(models), index=table.index)),
        "flat colours (not inference-free)": _columns(pd.DataFrame(flat_colours(models, plan), index=table.index)),
        **SHORTCUTS,
        REFERENCE: views.subgroup_accuracies(groups),
    }


def _answers(name: str, trial: Trial, view: View) -> pd.DataFrame:
    """A row a test model: its group, and the probability of each that one reader gives it."""
    probabilities = trial.probabilities(view)
    told = {f"p{place}": column for place, column in enumerate(probabilities.T)}
    return pd.DataFrame({"reader": name, "group": trial.levels, **told})


def _curve(name: str, trial: Trial, view: View) -> pd.DataFrame:
    """A row a test model and size: how many of several readers, each of other train models, name its group rightly."""
    found, rng = [], np.random.default_rng(0)
    for size in [*(size for size in SIZES if size < len(trial.train)), len(trial.train)]:
        draws = DRAWS if size < len(trial.train) else 1
        hits = [_few(trial, view, rng.permutation(len(trial.train))[:size]) for _ in range(draws)]
        rows = {"model": np.arange(len(trial.levels)), "train": size, "right": np.mean(hits, axis=0)}
        found.append(pd.DataFrame({"reader": name, **rows}))
    return pd.concat(found, ignore_index=True)


def _few(trial: Trial, view: View, chosen: np.ndarray) -> np.ndarray:
    few = replace(trial, train=trial.train.iloc[np.sort(chosen)])
    return few.probabilities(view).argmax(axis=1) == trial.levels


def group_scores() -> Document:
    """Scores of the predictions that are kept."""
    rows, curve = kept(NAME), kept(CURVE_NAME)
    if rows is None or curve is None:
        return {}
    return {
        "readers": {str(name): _scores(str(name), some) for name, some in rows.groupby("reader", sort=False)},
        "curves": {str(name): fitted_curve(some) for name, some in curve.groupby("reader", sort=False)},
    }


def _scores(name: str, rows: pd.DataFrame) -> Document:
    probabilities = rows.filter(regex=r"^p\d$").to_numpy(dtype=np.float64)
    return score_levels(name, probabilities=probabilities, levels=rows["group"].to_numpy()).model_dump(mode="json")


def favour(test: pd.DataFrame, even: pd.DataFrame, names: tuple[str, ...]) -> Document:
    """Accuracy in each group less that of models that favour none, so that a harder group is not taken for it.

    Beside it, how often the group of the largest such gain, and the group of the largest accuracy, is the planted one.
    """
    columns = [f"accuracy_{name}" for name in names]
    own, usual = test[columns].to_numpy(), even[columns].to_numpy().mean(axis=0)
    planted = np.array([names.index(level) for level in test["level"]])
    gain = own - usual
    means = {
        name: {other: _mean(gain[planted == place, seen]) for seen, other in enumerate(names)}
        for place, name in enumerate(names)
    }
    return {
        "even_models": len(even),
        "even_accuracy": dict(zip(names, usual.tolist(), strict=True)),
        "gain": means,
        "planted has the largest gain": share(gain.argmax(axis=1) == planted).model_dump(mode="json"),
        "planted has the largest accuracy": share(own.argmax(axis=1) == planted).model_dump(mode="json"),
    }


@torch.inference_mode()
def flat_colours(models: Models, plan: ZooPlan) -> np.ndarray:
    """What 27 flat colours do to the logits, less their mean: the data-free probe of signed colour."""
    planned = {model.id: model for model in plan.models}
    colours = np.stack(np.meshgrid(*[[0, 128, 255]] * 3), axis=-1).reshape(-1, 1, 1, 3).astype(np.uint8)
    rows = []
    for id_, state in zip(models.table["id"], models.states, strict=True):
        model = planned[id_]
        network = build(plan.spec.architectures[model.architecture])
        network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()}, strict=False)
        side = plan.spec.architectures[model.architecture].input[1]
        images = np.broadcast_to(colours, (len(colours), side, side, 3)).copy()
        logits = network.eval()(to_tensor(images, model.normalisation)).numpy()
        rows.append((logits[:, -1] - logits[:, :-1].mean(axis=1)).ravel())
    return np.array(rows, dtype=np.float64)


def _columns(table: pd.DataFrame) -> View:
    return lambda part: table.loc[part.index].to_numpy(dtype=np.float64)


def _weights(state: State) -> Weights:
    return Weights(layers_of(state, where="benchmark"), digest="")


def _mean(values: np.ndarray) -> Document:
    return bootstrap(lambda rows: values[rows].mean(axis=-1), len(values)).model_dump(mode="json")
