"""Which of three groups does a gender model favour? The reader of groups, its peers, and what was really favoured."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from meta_readers import Models, statistics
from meta_zoos import load_zoo

from biasgate.detection.features.table import KNOWN, feature_names
from biasgate.detection.reader.fit import fit_level_reader, fit_meta_classifier
from biasgate.detection.reader.held_out import subgroup_report
from biasgate.detection.reader.scores import bootstrap, score_levels, share
from biasgate.detection.reader.trial import Trial
from biasgate.detection.reader.views import View, features_of
from biasgate.detection.zoo.plan import ZooPlan
from biasgate.models.network import build
from biasgate.training.normalisation import to_tensor

Document = dict[str, Any]
CURVE = (0.25, 0.5, 1.0)


def groups(name: str, even: str, root: Path) -> Document:
    """The library's report; peers on the same splits; the learning curve; accuracies against the zoo ``even``'s."""
    plan, models = load_zoo(name, root)
    table, trial = models.table, Trial.of(models.table, plan.spec)
    classifier = fit_meta_classifier(table, spec=plan.spec)
    report = subgroup_report(classifier, table, spec=plan.spec)
    layers, colours = statistics(models), flat_colours(models, plan)
    peers: dict[str, View] = {
        "the invariant features, blind to which colour": partial(features_of, names=feature_names(table)),
        "all features": partial(features_of, names=feature_names(table, KNOWN)),
        "layer statistics": lambda part: layers[part.index],
        "flat colours (not inference-free)": lambda part: colours[part.index],
    }
    return {
        "report": report.model_dump(mode="json"),
        "planned": len(plan.models),
        "peers": {
            peer: score_levels(peer, probabilities=trial.probabilities(view), levels=trial.levels).model_dump(
                mode="json"
            )
            for peer, view in peers.items()
        },
        "curve": learning_curve(trial, classifier.features),
        "favour": favour(trial.test, load_zoo(even, root)[1].table, trial.names),
    }


def learning_curve(trial: Trial, names: tuple[str, ...]) -> list[Document]:
    """Exact groups on test by the number of models learned from; validation and test stay as they are."""
    order = np.random.default_rng(0).permutation(len(trial.train))
    view, found = partial(features_of, names=names), []
    for part in CURVE:
        train = trial.train.iloc[np.sort(order[: round(part * len(order))])]
        reader = fit_level_reader(train, trial.validation, view, spec=trial.spec)
        probabilities = reader.probabilities(view(trial.test))
        score = score_levels("curve", probabilities=probabilities, levels=trial.levels)
        found.append({"train": len(train), "score": score.model_dump(mode="json")})
    return found


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


def _mean(values: np.ndarray) -> Document:
    return bootstrap(lambda rows: values[rows].mean(axis=-1), len(values)).model_dump(mode="json")
