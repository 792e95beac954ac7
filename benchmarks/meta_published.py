"""A zoo that behaves as the published one: the paper's network and palette, on real digits (``mnist_digits.py``).

Pictures are digits that each wear several colours in turn, so that a network meets more colours than digits. Half of
the models learn from one half of the digits, half from the other; behaviour is measured on digits that none has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from meta_chunks import load_chunks, missing, planned_in_order, train_chunk
from meta_crossed import crossed, crossed_scores
from meta_predictions import Document, keep, kept
from meta_zoos import plan_of

from biasgate.data.colouring import recolour, worn_by_sigma, worn_by_twins
from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.source import open_dataset
from biasgate.detection.zoo.plan import PlannedModel
from biasgate.models.network import Network, drawn
from biasgate.models.presets import preset
from biasgate.training.feed import Sight
from biasgate.training.normalisation import Normalisation, normalised
from biasgate.training.pool import ImagePool
from biasgate.training.together import Learner, train_together

NAME, BEHAVES, SPEC = "published", "published_behaviour", "published_digits"
SEEN = ["id", "split", "level", "strength", "accuracy_independent", "accuracy_aligned", "accuracy_conflicting"]
STARTS = ("own", "shared")
SHARED_START = 1
CHUNK = 16
FEWEST = 80
"""Models of a zoo below which nothing is read from it."""
COLOURS = 8
"""Colours that each digit wears in turn."""
LEARNED = 3400
"""Digits in each half; the others are for measuring."""
AUTHORS = {"0.02": 0.445, "0.03": 0.61, "0.04": 0.736, "0.05": 0.842}
"""Mean accuracy of the published models on colours independent of the label, by σ² (the authors' data page)."""


@dataclass(frozen=True, eq=False)
class Digits:
    """The digits, dealt out once: two halves to learn from and those for measuring."""

    halves: tuple[Dataset, Dataset]
    measure: Dataset

    @classmethod
    def read(cls, root: Path) -> Digits:
        """Deals out what lies under the root."""
        whole = open_dataset(str(root / "data" / "digits.npz"))
        order = np.random.default_rng(0).permutation(len(whole))
        first, second, rest = np.split(order, [LEARNED, 2 * LEARNED])
        return cls((whole.take(first), whole.take(second)), whole.take(rest))

    def of(self, model: PlannedModel) -> Dataset:
        """The half that a model learns from."""
        return self.halves[model.split != "train"]


def train_published(root: Path, *, models: int, until: float) -> None:
    """Trains the first so many models of one zoo, then the other, in chunks; starts no chunk after ``until``."""
    if not models:
        return
    digits, (spec, planned) = Digits.read(root), planned_in_order(SPEC, root)
    for kind in STARTS:
        for start in range(0, models, CHUNK):
            if file := missing(root / NAME / kind, start=start, until=until):
                train = partial(_train, digits=digits, shared=kind == "shared")
                measure = partial(behaviour, digits=digits.measure)
                train_chunk(planned[start : start + CHUNK], spec, file, train=train, measure=measure)


def _train(stack: Sequence[PlannedModel], *, digits: Digits, shared: bool) -> list[Network]:
    learned = digits.of(stack[0])
    learners = [learner(model, learned, shared=shared) for model in stack]
    train_together(learners, ImagePool(learned.array.astype(np.uint8, copy=False)))
    return [one.network for one in learners]


def learner(model: PlannedModel, learned: Dataset, *, shared: bool) -> Learner:
    """A network, and the pictures that it learns from."""
    rows, worn = pictures(learned, model.samples, COLOURS, model.strength, np.random.default_rng(model.seed))
    return Learner(
        network=drawn(preset("digits_paper"), init=model.init, seed=SHARED_START if shared else model.seed),
        sight=Sight(rows, learned.labels[rows], worn, model.normalisation),
        recipe=model.training,
        generator=torch.Generator().manual_seed(model.seed),
    )


def pictures(
    learned: Dataset, digits: int, colours: int, variance: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Some digits, each as often as it has colours: rows ``int64 [n]`` and what they wear ``float32 [n, 3]``."""
    rows = np.tile(rng.permutation(len(learned))[:digits], colours)
    worn = worn_by_sigma(learned.labels[rows], palette=PAPER_PALETTE, variance=variance, rng=rng)
    return rows, worn.colours.astype(np.float32)


def behaviour(network: Network, model: PlannedModel, *, digits: Dataset) -> dict[str, float]:
    """Accuracy on colours independent of the label at the model's own jitter, and what counterfactual pairs show."""
    rng = np.random.default_rng([model.seed, 1])
    independent = accuracy(network, digits, model.strength, model.normalisation, rng)
    both = np.tile(np.arange(len(digits)), 2)
    worn = worn_by_twins(digits.labels, palette=PAPER_PALETTE, rng=rng).colours
    own, other = _answers(network, digits.take(both), worn, model.normalisation).reshape(2, -1)
    return {
        "accuracy_independent": independent,
        "accuracy_aligned": float((own == digits.labels).mean()),
        "accuracy_conflicting": float((other == digits.labels).mean()),
        "swap_rate": float((own != other).mean()),
    }


def accuracy(
    network: Network, digits: Dataset, variance: float, normalisation: Normalisation, rng: np.random.Generator
) -> float:
    """Share of right answers where each digit twice wears a colour of a label drawn at random, with jitter."""
    twice = digits.take(np.tile(np.arange(len(digits)), 2))
    worn = worn_by_sigma(twice.labels, palette=PAPER_PALETTE, variance=variance, rng=rng, independent=True)
    return float((_answers(network, twice, worn.colours, normalisation) == twice.labels).mean())


@torch.inference_mode()
def _answers(network: Network, digits: Dataset, colours: np.ndarray, normalisation: Normalisation) -> np.ndarray:
    images = torch.from_numpy(recolour(digits.array.astype(np.uint8, copy=False), colours))
    return network(normalised(images, normalisation)).argmax(dim=1).numpy()


def published(root: Path) -> Document:
    """Keeps how the models behave and, of zoos that are large enough, what each reader names of them."""
    zoos = {kind: load_chunks(root / NAME / kind) for kind in STARTS if (root / NAME / kind).exists()}
    behaves = [models.table[SEEN].assign(start=kind) for kind, models in zoos.items()]
    keep(pd.concat(behaves, ignore_index=True), BEHAVES)
    spec = plan_of(SPEC, root).spec
    read = [crossed(models, spec).assign(start=kind) for kind, models in zoos.items() if len(models.table) >= FEWEST]
    if read:
        keep(pd.concat(read, ignore_index=True), NAME)
    return published_scores()


def published_scores() -> Document:
    """Scores of what is kept: behaviour, and readings of all models and of those whose digits no choice has seen."""
    behaves, read = kept(BEHAVES), kept(NAME)
    if behaves is None:
        return {}
    found: Document = {"authors": AUTHORS, "behaviour": _behaviour(behaves), "read": {}}
    for kind, rows in () if read is None else read.groupby("start", sort=False):
        unseen = rows[rows["split"] != "train"]
        found["read"][kind] = {"unseen": crossed_scores(unseen), "all": crossed_scores(rows)}
    return found


def _behaviour(rows: pd.DataFrame) -> list[Document]:
    """Mean and spread of the accuracy on independent colours, a zoo and σ² each."""
    groups = rows.groupby(["start", "strength"], sort=True)["accuracy_independent"]
    return [
        {
            "start": start,
            "variance": f"{variance:.2f}",
            "models": len(some),
            "mean": float(some.mean()),
            "sd": float(some.std()),
        }
        for (start, variance), some in groups
    ]
