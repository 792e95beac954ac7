"""Repaired models of the reader's zoo: whole networks fine-tuned on counterfactual pairs; nothing looks at a scan."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from meta_adversaries import measure, restored
from meta_predictions import Document, keep, kept, predictions
from meta_readers import Models, State
from meta_zoos import keep as keep_models
from meta_zoos import kept as kept_models
from meta_zoos import load_zoo

from biasgate.data.colouring import worn_by_twins
from biasgate.detection.reader.learned import learned
from biasgate.detection.reader.meta_classifier import bundled_meta_classifier
from biasgate.detection.reader.scores import bootstrap, rmse, share
from biasgate.detection.zoo.coloured import palette_of
from biasgate.detection.zoo.engine import parameters_of
from biasgate.detection.zoo.material import Material, load_material
from biasgate.detection.zoo.plan import PlannedModel, ZooPlan
from biasgate.training.feed import Sight
from biasgate.training.pool import ImagePool
from biasgate.training.recipe import TrainingRecipe
from biasgate.training.together import Learner, train_together

NAME, REPAIRED = "repair", "repaired"
MOST, IMAGES, STEPS = 40, 300, (60, 100, 150)


def repair(root: Path) -> Document:
    """Repaired test models, and the zoo's own, read by the reader that ships."""
    plan, models = load_zoo("digits_reader", root)
    repaired, meta = repaired_models(plan, models, root).table, bundled_meta_classifier()
    own = learned(models.table).query("split == 'test'")
    found = [
        predictions(meta, repaired, models=REPAIRED).assign(bias_before=repaired["bias_before"].to_numpy()),
        predictions(meta, own, models="own test"),
    ]
    keep(pd.concat(found, ignore_index=True), NAME)
    return repair_scores()


def repaired_models(plan: ZooPlan, models: Models, root: Path) -> Models:
    """The first biased test models after repair on images of their split; rows hold what is measured anew."""
    path = root / "repaired" / f"{plan.spec.name}-{len(models.states)}.safetensors"
    if path.exists():
        return kept_models(path)
    planned, material, able = (
        {model.id: model for model in plan.models},
        load_material(plan.spec),
        learned(models.table),
    )
    table = able.loc[(able["split"] == "test") & ~able["level"].isin(["none", "low"])].iloc[:MOST]
    chosen = [planned[id_] for id_ in table["id"]]
    states = fine_tuned(chosen, [models.states[place] for place in table.index], material)
    after = [measure(model, state, material) for model, state in zip(chosen, states, strict=True)]
    changed = pd.DataFrame(after, index=table.index)
    table = table.assign(bias_before=table["measured_bias"], **{name: changed[name] for name in changed})
    keep_models(Models(table, states), path)
    return kept_models(path)


def fine_tuned(planned: list[PlannedModel], states: list[State], material: Material) -> list[State]:
    """Each on pairs of 300 images of its own split, in its own and in another label's colour; 60 to 150 steps."""
    learners = [_learner(model, state, material) for model, state in zip(planned, states, strict=True)]
    alike: defaultdict[tuple[object, ...], list[Learner]] = defaultdict(list)
    for model, learner in zip(planned, learners, strict=True):
        alike[model.architecture, model.split, learner.recipe.steps].append(learner)
    for (_, split, _), together in alike.items():
        train_together(together, ImagePool(material.images[split].samples, device="cpu"))
    return [parameters_of(learner.network) for learner in learners]


def _learner(planned: PlannedModel, state: State, material: Material) -> Learner:
    rng = np.random.default_rng(planned.seed + 2)
    images = material.images[planned.split]
    rows = rng.permutation(len(images))[:IMAGES]
    worn = worn_by_twins(images.labels[rows], palette=palette_of(planned, material), rng=rng)
    both = np.tile(rows, 2)
    return Learner(
        network=restored(planned, state, material),
        sight=Sight(both, images.labels[both], worn.colours.astype(np.float32), planned.normalisation),
        recipe=TrainingRecipe(learning_rate=float(rng.uniform(5e-4, 2e-3)), batch=64, steps=int(rng.choice(STEPS))),
        generator=torch.Generator().manual_seed(planned.seed),
    )


def repair_scores() -> Document:
    """Scores of the predictions that are kept."""
    rows = kept(NAME)
    return {} if rows is None else {"repaired": {"ships": _scores(rows)}}


def _scores(rows: pd.DataFrame) -> Document:
    repaired, own = rows.loc[rows["models"] == REPAIRED], rows.loc[rows["models"] != REPAIRED]
    read = repaired.loc[~repaired["abstained"]]
    truth = read["measured_bias"].clip(0, 1)
    error = (read["value"] - truth).to_numpy()
    document = {
        "abstained": share(repaired["abstained"].to_numpy()),
        "own_coverage": share(~own["abstained"].to_numpy()),
        "bias_rmse": bootstrap(partial(_rmse_of, error), len(error)),
        "interval_covers": share(((read["low"] <= truth) & (truth <= read["high"])).to_numpy()),
    }
    return {
        "models": len(repaired),
        "bias_before": float(repaired["bias_before"].mean()),
        "bias_after": float(repaired["measured_bias"].mean()),
        "bias_read": float(read["value"].mean()),
        **{name: estimate.model_dump(mode="json") for name, estimate in document.items()},
    }


def _rmse_of(error: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return rmse(error[rows])
