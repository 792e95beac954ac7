"""Models fine-tuned from one pretrained model: is bias read from what changed, or from the weights as they are?

``python benchmarks/meta_tuned.py`` makes the pretrained model anew; the zoo ``tuned_share`` starts from it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from meta_change import change_features
from meta_predictions import Document, keep, kept
from meta_readers import Models, State, statistics
from meta_zoos import load_zoo
from safetensors.numpy import load_file, save_file
from sklearn.decomposition import PCA

from biasgate.data.colouring import recolour
from biasgate.data.dataset import Dataset
from biasgate.data.palette import draw_palette
from biasgate.data.sources.digits import digits
from biasgate.data.splits import role
from biasgate.detection.features.table import feature_names
from biasgate.detection.reader import views
from biasgate.detection.reader.learned import learned
from biasgate.detection.reader.level_readers import StrengthReader
from biasgate.detection.reader.measured_bias import fit_bias_reader
from biasgate.detection.reader.scores import bootstrap, none_or_any, rmse, score_biased, score_strength, share
from biasgate.detection.reader.trial import Trial
from biasgate.detection.reader.views import View, axis_of, measured_bias_of
from biasgate.detection.zoo.engine import initial_network, parameters_of
from biasgate.models.named_tensors import layers_of
from biasgate.models.network import Network, drawn
from biasgate.models.presets import preset
from biasgate.models.weights import Weights
from biasgate.training.feed import Sight
from biasgate.training.normalisation import to_tensor
from biasgate.training.pool import ImagePool
from biasgate.training.recipe import TrainingRecipe
from biasgate.training.together import Learner, train_together

PRETRAINED = Path(__file__).with_name("zoos") / "digits_pretrained.safetensors"
ZOO, NAME = "tuned_share", "tuned"
OURS, SHUFFLED = "**what changed and the tuned weights**", "shuffled labels (negative control)"
COMPONENTS, CURVE, LAYERS = 100, (50, 100, 200, 400), (1, 2, 3, 4)
CUT = 0.01
SEED, PALETTES, COLOURINGS = 20261204, 100, 4
"""Colours are those of so many palettes, which no other model wears; each digit is seen in so many of them."""


def pretrain() -> None:
    """Trains the model that others are fine-tuned from, and keeps it: digits of a role that no zoo uses, any colour.

    Briefly and on few images, so that there is something left to learn: one that is right in .95 takes on next to no
    bias (accuracy aligned less conflicting .05 at the strongest level, here .26).
    """
    images, rng = role(digits(), "candidate"), np.random.default_rng(SEED)
    colours = np.concatenate([draw_palette(rng) for _ in range(PALETTES)])
    rows = np.tile(np.arange(len(images)), COLOURINGS)
    network = drawn(preset("digits_small"), init="kaiming_uniform", seed=SEED)
    learner = Learner(
        network=network,
        sight=Sight(rows, images.labels[rows], colours[rng.integers(len(colours), size=len(rows))], "unit"),
        recipe=TrainingRecipe(learning_rate=3e-3, batch=64, steps=250),
        generator=torch.Generator().manual_seed(SEED),
    )
    train_together([learner], ImagePool(images.samples, device="cpu"))
    save_file(parameters_of(network), PRETRAINED)


def tuned(root: Path) -> Document:
    """Fits every reader on the zoo, and keeps what each says of the test models."""
    plan, models = load_zoo(ZOO, root)
    trial = Trial.of(learned(models.table), plan.spec)
    seen = views_of(models)
    found = [_answers(name, trial, view) for name, view in seen.items()]
    found.append(_answers(SHUFFLED, _shuffled(trial), seen[OURS]))
    order = np.random.default_rng(0).permutation(len(trial.train))
    for count in (count for count in CURVE if count < len(order)):
        few = replace(trial, train=trial.train.iloc[np.sort(order[:count])])
        found.append(_answers(f"the same, {count} to learn from", few, seen[OURS]))
    keep(pd.concat(found, ignore_index=True).assign(train=len(trial.train), validation=len(trial.validation)), NAME)
    pretrained = initial_network(plan.models[0], plan.spec)
    accuracy = share(_right(pretrained, role(digits(), "measure"))).model_dump(mode="json")
    return {"pretrained_accuracy": accuracy, "planned": len(plan.models), **tuned_scores()}


@torch.inference_mode()
def _right(network: Network, images: Dataset) -> np.ndarray:
    """Which digits a network tells, each in a colour of a palette of its own."""
    rng = np.random.default_rng(SEED + 1)
    colours = np.stack([draw_palette(rng)[rng.integers(10)] for _ in range(len(images))])
    answers = network(to_tensor(recolour(images.samples, colours), "unit")).argmax(dim=1)
    return answers.numpy() == images.labels


def views_of(models: Models) -> dict[str, View]:
    """What each reader sees of the models."""
    change = changes(models)
    layers = pd.DataFrame(statistics(models), index=models.table.index)
    both = pd.concat([change, models.table[feature_names(models.table)]], axis=1)
    return {
        OURS: _columns(both),
        "what changed": _columns(change),
        "the tuned weights": _columns(models.table[feature_names(models.table)]),
        **{f"the change of layer {layer} alone": _columns(change.filter(regex=f"^{layer}")) for layer in LAYERS},
        "layer statistics of the tuned weights": _columns(layers),
        "raw difference, principal components": _columns(components(models)),
        "behavioural reference (not inference-free)": views.behaviour,
        "recipe (negative control)": views.recipe,
        "image subset (negative control)": views.image_subset,
    }


def changes(models: Models) -> pd.DataFrame:
    """Features of each model's change."""
    before = _weights(load_file(PRETRAINED))
    return pd.DataFrame([change_features(_weights(s), before) for s in models.states], index=models.table.index)


def components(models: Models) -> pd.DataFrame:
    """The first principal components of raw differences, found on train models alone."""
    before = load_file(PRETRAINED)
    raw = np.stack([np.concatenate([(s[n] - before[n]).ravel() for n in sorted(before)]) for s in models.states])
    train = (models.table["split"] == "train").to_numpy()
    return pd.DataFrame(PCA(COMPONENTS, random_state=0).fit(raw[train]).transform(raw), index=models.table.index)


def _answers(name: str, trial: Trial, view: View) -> pd.DataFrame:
    """A row a test model: its truth, and the reading, probabilities and bias that one reader gives it."""
    view, test = _within(view, trial.train), trial.test
    reader = trial.fit(view)
    assert isinstance(reader, StrengthReader)
    train, validation = ((view(part), measured_bias_of(part)) for part in (trial.train, trial.validation))
    bias = fit_bias_reader(train=train, validation=validation).predict(view(test))
    readings, probabilities = reader.read_off(view(test))
    told = {"reader": name, "level": trial.levels, "axis": axis_of(test, trial.spec), "reading": readings}
    told |= {f"p{place}": column for place, column in enumerate(probabilities.T)}
    told |= {part: [getattr(one, part) for one in bias] for part in ("value", "low", "high")}
    return pd.DataFrame({**told, "measured_bias": measured_bias_of(test)})


def _shuffled(trial: Trial) -> Trial:
    """The same models with each other's levels, to learn from and to calibrate on."""
    rng = np.random.default_rng(0)
    return replace(trial, train=_dealt(trial.train, rng), validation=_dealt(trial.validation, rng))


def _dealt(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    order = rng.permutation(len(table))
    return table.assign(**{name: table[name].to_numpy()[order] for name in ("level", "strength")})


def _within(view: View, train: pd.DataFrame) -> View:
    """Each column cut at its first and last hundredth among train models, which one broken model moves by nothing."""
    low, high = np.quantile(view(train), [CUT, 1 - CUT], axis=0)
    return lambda part: np.clip(view(part), low, high)


def _columns(table: pd.DataFrame) -> View:
    return lambda part: table.loc[part.index].to_numpy(dtype=np.float64)


def _weights(state: State) -> Weights:
    return Weights(layers_of(state, where="benchmark"), digest="")


def tuned_scores() -> Document:
    """Scores of the predictions that are kept, a reader each."""
    rows = kept(NAME)
    if rows is None:
        return {}
    counts = {part: int(rows[part].iloc[0]) for part in ("train", "validation")}
    return {**counts, "readers": {str(name): _scores(some) for name, some in rows.groupby("reader", sort=False)}}


def _scores(rows: pd.DataFrame) -> Document:
    levels, axis, readings = (rows[name].to_numpy() for name in ("level", "axis", "reading"))
    probabilities = rows.filter(regex=r"^p\d$").to_numpy(dtype=np.float64)
    truth = {"readings": readings, "probabilities": probabilities, "axis": axis, "levels": levels}
    error, measured = (rows["value"] - rows["measured_bias"]).to_numpy(), rows["measured_bias"].to_numpy()
    return {
        "test": len(rows),
        "all": score_strength("all", **truth).model_dump(mode="json"),
        "biased": score_biased("biased", **truth).model_dump(mode="json"),
        "none_or_any": none_or_any(probabilities, levels).model_dump(mode="json"),
        "bias_r2": bootstrap(lambda some: _explained(error[some], measured[some]), len(rows)).model_dump(mode="json"),
        "bias_rmse": bootstrap(lambda some: rmse(error[some]), len(rows)).model_dump(mode="json"),
    }


def _explained(error: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """R² over the last axis."""
    return 1 - (error**2).sum(axis=-1) / ((measured - measured.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)


if __name__ == "__main__":
    torch.set_num_threads(1)
    pretrain()
