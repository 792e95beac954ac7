"""How well weights tell the paper's four variances, by models learned from, steps, images and groups of features.

Readers learn from models of one half of the digits and read models of the other. Of the models that are scored, each is
read by a reader that is calibrated on the rest of its half. What is read of each is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from meta_predictions import Document, keep, kept
from meta_readers import Array, Models, Peer, Reading, boosting, calibrated, columns_peer
from meta_sigma_zoo import CHECKPOINTS, ONE, VARIED, halves, planned, trained
from meta_zoos import plan_of

from biasgate.detection.features.colour_slope import SLOPE_GROUPS, slope_features
from biasgate.detection.features.invariant import INVARIANT_GROUPS, invariant_features
from biasgate.detection.features.named import group_of
from biasgate.detection.features.table import INITIAL
from biasgate.detection.reader import views
from biasgate.detection.reader.scores import bootstrap, rmse, score_strength
from biasgate.detection.reader.views import axis_of, levels_of
from biasgate.detection.zoo.engine import initial_network, parameters_of
from biasgate.detection.zoo.planting import PLANTINGS
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.models.named_tensors import layers_of
from biasgate.models.weights import Weights

NAME = "sigma"
EVERYTHING, REFERENCE = "**invariants and slopes, ridge** (the library's)", "behavioural reference (not inference-free)"
MAIN = CHECKPOINTS[1]
"""Steps at which most models are."""
SMALLER = {"shared/own-own-one": "halved_one", "shared/own-own-varied": "halved_varied"}
"""Cells of the table of what is shared, where models have 700 images and 300 steps, and the plans of their zoos."""
CURVE = (100, 200, 400, 800)
SHUFFLES = 5
COUNTS = "count."
TOLD = ["id", "split", "level", "strength", "accuracy_aligned", "accuracy_conflicting", "swap_rate"]
BUDGET = ["zoo", "steps", "learned"]
PROBABILITIES = ["p0", "p1", "p2", "p3"]


def groups(*names: str) -> Callable[[pd.DataFrame], Array]:
    """The view of the features of some groups."""
    return lambda table: table[[c for c in table if group_of(c) in names]].to_numpy(dtype=float)


def starting(prefix: str) -> Callable[[pd.DataFrame], Array]:
    """The view of the columns of a prefix."""
    return lambda table: table[[c for c in table if c.startswith(prefix)]].to_numpy(dtype=float)


def raw(models: Models) -> Array:
    """All weights and biases ``[n, parameters]``."""
    return np.stack([np.concatenate([state[name].ravel() for name in sorted(state)]) for state in models.states])


def kernel(view: Callable[[pd.DataFrame], Array]) -> Peer:
    """Kernel ridge regression with a Gaussian kernel; width and penalty by five folds of the train models."""

    def peer(train: Models, validation: Models, spec: ZooSpec) -> Callable[[Models], Reading]:
        from sklearn.kernel_ridge import KernelRidge
        from sklearn.model_selection import GridSearchCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        grid = {"kernelridge__alpha": (0.03, 0.1, 0.3, 1.0), "kernelridge__gamma": (1e-4, 3e-4, 1e-3)}
        axis = axis_of(train.table, spec)
        learner = GridSearchCV(make_pipeline(StandardScaler(), KernelRidge(kernel="rbf")), grid, cv=5)
        learner.fit(view(train.table), axis - axis.mean())
        return calibrated(lambda models: [axis.mean() + learner.predict(view(models.table))], validation, spec)

    return peer


ALL = groups(*INVARIANT_GROUPS, *SLOPE_GROUPS)
READERS: dict[str, Peer] = {
    EVERYTHING: columns_peer(ALL),
    "the same, kernel ridge": kernel(ALL),
    "the same, boosting": boosting(lambda models: ALL(models.table)),
    "invariants, ridge": columns_peer(groups(*INVARIANT_GROUPS)),
    "raw weights, ridge": columns_peer(raw, of_models=True),
    REFERENCE: columns_peer(views.behaviour),
}
CURVED = {name: READERS[name] for name in (EVERYTHING, REFERENCE)}
ABLATION: dict[str, Peer] = {
    "slopes alone": columns_peer(groups(*SLOPE_GROUPS)),
    **{f"{group} alone": columns_peer(groups(group)) for group in (*SLOPE_GROUPS, *INVARIANT_GROUPS)},
}
CONTROLS: dict[str, Peer] = {
    "initial weights": columns_peer(starting(INITIAL)),
    "image subset": columns_peer(starting(COUNTS)),
}


def sigma(root: Path) -> Document:
    """Fits every reader at every budget and keeps what each reads of the test models."""
    found, spec = [], plan_of(ONE, root).spec
    for steps in CHECKPOINTS:
        models, told = described(trained(ONE, root, steps=steps)), {"zoo": ONE, "steps": steps}
        found += [_read(CURVED, models, spec, learned=size, **told) for size in CURVE if size < _train(models).sum()]
        found.append(_read(READERS, models, spec, **told))
        if steps == MAIN:
            models = with_controls(models, root)
            found.append(_read(ABLATION | CONTROLS, models, spec, **told))
            found += [_read(_null(seed), models, spec, **told) for seed in range(SHUFFLES)]
    for zoo, plan in {VARIED: VARIED, **SMALLER}.items():
        models = described(trained(zoo, root))
        found.append(_read(READERS | ABLATION, models, plan_of(plan, root).spec, zoo=zoo, steps=0))
    keep(pd.concat(found, ignore_index=True), NAME)
    return sigma_scores()


def described(models: Models) -> Models:
    """The models with their features."""
    features = pd.DataFrame([_features(state) for state in models.states])
    return Models(pd.concat([models.table[TOLD], features], axis=1), models.states)


def with_controls(models: Models, root: Path) -> Models:
    """Models of the zoo of one recipe with the features of their initial weights and their images' classes."""
    spec, plan = plan_of(ONE, root).spec, {model.id: model for model in planned(ONE, root)}
    material, rows = halves(spec), []
    for model in (plan[id_] for id_ in models.table["id"]):
        initial = _features(parameters_of(initial_network(model, spec)))
        seen = PLANTINGS["sigma"].training_set(model, material, np.random.default_rng(model.seed))
        counts = np.bincount(seen.labels, minlength=10).tolist()
        named = {f"{INITIAL}{name}": value for name, value in initial.items()}
        rows.append(named | {f"{COUNTS}{label}": count for label, count in enumerate(counts)})
    return Models(pd.concat([models.table, pd.DataFrame(rows)], axis=1), models.states)


def _features(state: dict[str, np.ndarray]) -> dict[str, float]:
    weights = Weights(layers_of(state, where=NAME), digest="")
    return invariant_features(weights) | slope_features(weights)


def _null(seed: int) -> dict[str, Peer]:
    rng = np.random.default_rng(seed)

    def shuffled(models: Models) -> Models:
        order = rng.permutation(len(models.table))
        told = {name: models.table[name].to_numpy()[order] for name in ("level", "strength")}
        return Models(models.table.assign(**told), models.states)

    return {"shuffled labels": lambda train, rest, spec: READERS[EVERYTHING](shuffled(train), shuffled(rest), spec)}


def _train(models: Models) -> np.ndarray:
    return (models.table["split"] == "train").to_numpy()


def _read(
    readers: dict[str, Peer], models: Models, spec: ZooSpec, *, learned: int | None = None, **told: object
) -> pd.DataFrame:
    """A row a reader and test model: its place on the bias axis, what is read there, and the levels' probabilities."""
    train, test = _train(models), (models.table["split"] == "test").to_numpy()
    train, rest = train & (np.cumsum(train) <= (learned or len(train))), ~train
    known, found = models.where(train), []
    for asked in (test & (np.cumsum(test) % 2 == 0), test & (np.cumsum(test) % 2 == 1)):
        others, some = models.where(rest & ~asked), models.where(asked)
        facts = {"id": some.table["id"], "level": levels_of(some.table, spec), "axis": axis_of(some.table, spec)}
        for name, peer in readers.items():
            reading, probabilities = peer(known, others, spec)(some)
            table = pd.DataFrame({**facts, "reading": reading}).assign(reader=name, learned=int(train.sum()), **told)
            table[PROBABILITIES] = probabilities
            found.append(table)
    return pd.concat(found, ignore_index=True)


def sigma_scores() -> Document:
    """Scores of the predictions that are kept, a zoo, budget and reader each, paired with the reference's."""
    rows = kept(NAME)
    if rows is None:
        return {}
    return {"readers": [_scores(rows, key, some) for key, some in rows.groupby([*BUDGET, "reader"], sort=False)]}


def _scores(rows: pd.DataFrame, key: tuple[str, int, int, str], some: pd.DataFrame) -> Document:
    reading, axis = some["reading"].to_numpy(float), some["axis"].to_numpy(float)
    probabilities, levels = some[PROBABILITIES].to_numpy(float), some["level"].to_numpy()
    whole = score_strength(key[-1], readings=reading, probabilities=probabilities, axis=axis, levels=levels)
    told = dict(zip([*BUDGET, "reader"], key, strict=True))
    scores = {name: getattr(whole, name) for name in ("levels", "halves", "extremes", "rmse")}
    scores["r2"] = bootstrap(lambda r: 1 - rmse((reading - axis)[r]) ** 2 / axis[r].var(axis=-1), len(axis))
    if key[-1] in READERS and key[-1] != REFERENCE:
        same = (rows[BUDGET] == list(key[:-1])).all(axis=1) & (rows["reader"] == REFERENCE)
        scores["more"] = _more(some, rows[same])
    return {**told, "test": len(some)} | {name: score.model_dump(mode="json") for name, score in scores.items()}


def _more(some: pd.DataFrame, reference: pd.DataFrame) -> object:
    right = [(t[PROBABILITIES].to_numpy().argmax(axis=1) == t["level"]).to_numpy(float) for t in (some, reference)]
    return bootstrap(lambda rows: (right[0] - right[1])[rows].mean(axis=-1), len(some))
