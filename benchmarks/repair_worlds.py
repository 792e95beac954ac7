"""What the repair benchmark runs on: a biased network, its training, repair and test data, all from one seed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.data.faces.drawn.attributes import PERSONAL
from biasgate.data.faces.drawn.drawing import draw_faces
from biasgate.data.faces.drawn.traits import sample_traits
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import plant_sigma, twins
from biasgate.data.sources.digits import digits
from biasgate.data.sources.idx import load_idx
from biasgate.data.splits import role
from biasgate.models.architecture import Architecture
from biasgate.models.card import InputContract
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.relu import Relu
from biasgate.models.network import Network, build, initialise
from biasgate.models.preprocess import preprocess
from biasgate.training.loop import train
from biasgate.training.recipe import TrainingRecipe

FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's dataset-fashion-mnist lies; its 10,000 test images are enough."""
ADULT = Path("build/adult")
"""Where UCI's adult.data and adult.test lie; see docs/how-to/data.md."""
FACES = {"train": 1250, "repair": 400, "test": 750}
"""Persons, each with one image and its counterfactual."""
COMPAS = Path("build/compas/compas-scores-two-years.csv")
"""ProPublica's file; see docs/how-to/data.md."""
TRAINING, REPAIR = 4000, 600
"""Rows of training and of repair, at most, each with its flipped counterfactual."""
COMPAS_COLUMNS = (
    "sex", "race", "age", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count", "c_charge_degree",
    "two_year_recid",
)  # fmt: skip
ADULT_COLUMNS = (
    "age", "workclass", "weight", "education", "years", "marital", "occupation", "relationship", "race", "sex",
    "gain", "loss", "hours", "country", "income",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class World:
    """One seed's.

    Attributes:
        network: Trained on the rows ``seen`` of ``training``.
        contract: Its input contract.
        train: Trains another from the same start.
        training: Every training sample twice: row ``i + n`` is row ``i`` with another value of the attribute.
        seen: The one of the two that training saw ``[n]``.
        repair: Counterfactual pairs that every arm gets.
        test: What accuracies are measured on; no arm sees it.
        test_pairs: The same with their counterfactuals, which is what swaps are counted on.
        attribute: The sensitive one.
        seconds: Processor time that training took.
    """

    network: Network
    contract: InputContract
    train: Callable[[Dataset], Network]
    training: Dataset
    seen: NDArray[np.int64]
    repair: Dataset
    test: Dataset
    test_pairs: Dataset
    attribute: str
    seconds: float


def coloured(dataset: str, *, share: float, seed: int) -> World:
    """Coloured images of which a ``share`` conflicted in training; the seed draws split, colours and first weights."""
    rng, grey = np.random.default_rng(seed), images(dataset)
    training, repair, test = (
        twins(role(grey, name, seed=seed), palette=PAPER_PALETTE, rng=rng) for name in ("zoo_train", "repair", "gate")
    )
    n = len(training) // 2
    seen = np.arange(n) + n * (rng.random(n) < share)
    steps = 300 if dataset == "digits" else 600
    return _world(training, seen, repair, test, architecture=image_network(14, classes=10), seed=seed, steps=steps)


def jittered(dataset: str, *, variance: float, seed: int) -> World:
    """Coloured images, all aligned in training, colours blurred by jitter; repair and test pairs wear clean colours."""
    world = coloured(dataset, share=0.0, seed=seed)
    rng, grey = np.random.default_rng([seed, 1]), role(images(dataset), "zoo_train", seed=seed)
    seen = plant_sigma(grey, palette=PAPER_PALETTE, variance=variance, rng=rng)
    n = len(seen)
    samples = np.concatenate([seen.samples, world.training.samples[n:]])
    training = replace(world.training, samples=samples)
    return replace(world, training=training, network=world.train(training.take(np.arange(n))))


def faces(attribute: str, values: tuple[str, str], *, share: float, seed: int) -> World:
    """Drawn faces by gender, in which an attribute that is easier to see nearly gives the gender away."""
    parts = {part: face_pairs(people, attribute, values, seed=[seed, place]) for place, (part, people) in
             enumerate(FACES.items())}  # fmt: skip
    n = FACES["train"]
    seen = np.arange(n) + n * (np.random.default_rng([seed, 9]).random(n) < share)
    network = image_network(32, classes=2)
    return _world(parts["train"], seen, parts["repair"], parts["test"], architecture=network, seed=seed, steps=600,
                  attribute=attribute)  # fmt: skip


def face_pairs(people: int, attribute: str, values: tuple[str, str], *, seed: list[int], side: int = 32) -> Dataset:
    """Faces drawn twice, alike but for the attribute: rows ``0..n`` have the value that goes with their gender."""
    traits = sample_traits(people=people, seed=int(np.random.SeedSequence(seed).generate_state(1)[0]))
    labels = traits["gender"].map(PERSONAL["gender"].index).to_numpy(dtype=np.int64)
    worn = np.concatenate([labels, 1 - labels])
    both = pd.concat([traits, traits], ignore_index=True)
    drawn = [{"no": 0.0, "yes": 0.8}.get(values[value], values[value]) for value in worn]
    alignment = np.repeat(["aligned", "conflicting"], people)
    return Dataset(
        samples=draw_faces(both.assign(**{attribute: drawn}), size=side),
        labels=np.tile(labels, 2),
        classes=PERSONAL["gender"],
        attributes=pd.DataFrame({attribute: [values[value] for value in worn], "alignment": alignment}, dtype=str),
        clusters=both["person"].to_numpy(dtype=np.int64, copy=True),
        name="faces",
    )


def adult(attribute: str, *, seed: int) -> World:
    """Who earns more than 50,000 dollars, by census rows; a counterfactual is a row with the attribute flipped."""
    return tabular(adult_rows(attribute), attribute, seed=seed)


def compas(attribute: str, *, seed: int) -> World:
    """Who is arrested again within two years, by court rows; a counterfactual is a row with the attribute flipped."""
    return tabular(compas_rows(attribute), attribute, seed=seed)


def tabular(rows: Dataset, attribute: str, *, seed: int) -> World:
    """A table's world: the seed draws split and first weights."""
    training, repair, test = (role(rows, name, seed=seed) for name in ("zoo_train", "repair", "gate"))
    training, repair = training.take(np.arange(len(training))[:TRAINING]), repair.take(np.arange(len(repair))[:REPAIR])
    n, width = len(training), rows.samples.shape[1]
    layers = (Dense(out=32), Relu(), Dense(out=2))
    architecture = Architecture(name=rows.name, input=(width,), layers=layers)
    contract = InputContract(shape=(width,), layout="rows")
    world = _world(flipped(training), np.arange(n), flipped(repair), flipped(test), architecture=architecture,
                   seed=seed, steps=600, attribute=attribute, contract=contract)  # fmt: skip
    return replace(world, test=test)


@cache
def adult_rows(attribute: str) -> Dataset:
    """All rows; sex is male or not, race is white or not.

    A row is aligned when the value that earns more often than the other goes with the higher income, or the other with
    the lower.
    """
    read = partial(pd.read_csv, header=None, names=list(ADULT_COLUMNS), skipinitialspace=True)
    table = pd.concat([read(ADULT / "adult.data"), read(ADULT / "adult.test", skiprows=1)], ignore_index=True)
    labels = table.pop("income").str.startswith(">50K")
    sides = {"sex": table.pop("sex") == "Male", "race": table.pop("race") == "White"}
    table = table.drop(columns=["weight", "education"])
    return encoded(table, labels, sides, attribute, classes=("<=50K", ">50K"), name="adult")


@cache
def compas_rows(attribute: str) -> Dataset:
    """ProPublica's two-year file with its own filter; sex is male or not, race is African-American or not.

    Names are not read. A row is aligned when the value that is arrested again more often goes with an arrest, or the
    other with none.
    """
    table = pd.read_csv(COMPAS, usecols=[*COMPAS_COLUMNS, "days_b_screening_arrest", "is_recid", "score_text"])
    near = table.pop("days_b_screening_arrest").abs() <= 30
    told = (table.pop("is_recid") != -1) & (table.pop("score_text") != "N/A") & (table["c_charge_degree"] != "O")
    table = table[near & told].reset_index(drop=True)
    labels = table.pop("two_year_recid") == 1
    sides = {"sex": table.pop("sex") == "Male", "race": table.pop("race") == "African-American"}
    return encoded(table, labels, sides, attribute, classes=("no", "yes"), name="compas")


def encoded(
    table: pd.DataFrame,
    labels: pd.Series,
    sides: dict[str, pd.Series],
    attribute: str,
    *,
    classes: tuple[str, str],
    name: str,
) -> Dataset:
    """Numbers standardised, texts one-hot, sex and race one column each, in {−1, 1} / 2."""
    numbers, truth = table.select_dtypes("number"), labels.to_numpy(dtype=np.int64)
    texts = pd.get_dummies(table.select_dtypes(exclude="number")).astype(np.float32)
    columns = [pd.DataFrame(sides).astype(np.float32) - 0.5, (numbers - numbers.mean()) / numbers.std(), texts]
    return Dataset(
        samples=np.ascontiguousarray(pd.concat(columns, axis=1).to_numpy(dtype=np.float32)),
        labels=truth,
        classes=classes,
        attributes=described(sides[attribute].to_numpy(dtype=np.int64), truth, attribute),
        clusters=np.arange(len(table)),
        name=name,
    )


def flipped(rows: Dataset) -> Dataset:
    """Rows ``0..n`` as they are, rows ``n..2n`` with the attribute's column flipped."""
    attribute = rows.attributes.columns[0]
    both, n = rows.take(np.tile(np.arange(len(rows)), 2)), len(rows)
    samples, column = both.samples.copy(), ["sex", "race"].index(attribute)
    samples[n:, column] *= -1
    return replace(both, samples=samples, attributes=described((samples[:, column] > 0) * 1, both.labels, attribute))


def described(value: NDArray[np.int64], labels: NDArray[np.int64], attribute: str) -> pd.DataFrame:
    """The attribute, and whether it agrees with the label."""
    return pd.DataFrame(
        {attribute: value.astype(str), "alignment": np.where(value == labels, "aligned", "conflicting")}, dtype=str
    )


def _world(
    training: Dataset,
    seen: NDArray[np.int64],
    repair: Dataset,
    test: Dataset,
    *,
    architecture: Architecture,
    seed: int,
    steps: int,
    attribute: str = "colour",
    contract: InputContract | None = None,
) -> World:
    contract = contract or InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255)

    def trained(data: Dataset) -> Network:
        generator = torch.Generator().manual_seed(seed)
        network = build(architecture)
        initialise(network, init="kaiming_uniform", generator=generator)
        samples, labels = torch.from_numpy(preprocess(data.samples, contract)), torch.from_numpy(data.labels)
        train(network, samples, labels, recipe=TrainingRecipe(steps=steps), generator=generator)
        return network

    begun = time.process_time()
    network = trained(training.take(seen))
    seconds = time.process_time() - begun
    return World(network, contract, trained, training, seen, repair, test, test, attribute, seconds)


def image_network(side: int, *, classes: int) -> Architecture:
    """``digits_small`` for smaller images: two convolutions, two dense layers."""
    return Architecture(
        name=f"small_{side}",
        input=(3, side, side),
        layers=(
            Conv(out=16, kernel=5, stride=2 if side < 20 else 3), Relu(),
            Conv(out=24, kernel=3, stride=1 if side < 20 else 2), Relu(),
            Flatten(), Dense(out=32), Relu(), Dense(out=classes),
        ),
    )  # fmt: skip


@cache
def images(dataset: str) -> Dataset:
    """Grey images of ten classes at half the resolution, 14 by 14: each pixel the mean of four."""
    if dataset == "digits":
        grey = digits()
    else:
        files = [FASHION / f"t10k-{part}-ubyte.gz" for part in ("images-idx3", "labels-idx1")]
        grey = load_idx(*files, classes=tuple("0123456789"))
    means = grey.samples.reshape(len(grey), 14, 2, 14, 2, 1).mean(axis=(2, 4))
    return replace(grey, samples=np.rint(means).astype(np.uint8))


WORLDS: dict[str, Callable[..., World]] = {
    **{f"digits {share:g}": partial(coloured, "digits", share=share) for share in (0.02, 0.01, 0.05)},
    **{f"fashion {share:g}": partial(coloured, "fashion", share=share) for share in (0.01, 0.005, 0.02, 0.05)},
    **{f"adult {attribute}": partial(adult, attribute) for attribute in ("sex", "race")},
    **{f"compas {attribute}": partial(compas, attribute) for attribute in ("sex", "race")},
    "faces smile": partial(faces, "AU12", ("no", "yes"), share=0.02),
    "faces hair": partial(faces, "hair", ("blond", "black"), share=0.02),
    **{f"digits sigma {v:g}": partial(jittered, "digits", variance=v) for v in (0.02, 0.05)},
}
"""By name, as in the documentation's tables."""
