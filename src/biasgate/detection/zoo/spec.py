"""``ZooSpec``: which biased models to train, from what, and how they may differ."""

from __future__ import annotations

from importlib.resources import files
from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from biasgate.data.source import DataSource
from biasgate.documents import Document
from biasgate.models.initialisation import Init
from biasgate.models.presets import NamedArchitecture
from biasgate.storage.sources import built_in_names, read_document
from biasgate.training.normalisation import Normalisation
from biasgate.training.recipe import Augmentation, Optimizer, Schedule

SPECS = files("biasgate.detection.zoo").joinpath("specs")

Planting = Literal["share", "sigma", "group"]
Split = Literal["train", "validation", "test"]


class Level(Document):
    """A named strength of planted bias.

    Attributes:
        name: Such as ``none`` or ``very_high``.
        strength: For ``share``: the share of samples whose attribute conflicts with the label (0.9 of ten colours is
            independence). For ``sigma``: variance of the per-image colour jitter, colours in [0, 1]; 1 stands for a
            colour independent of the label. Smaller means more bias in both. For ``group``: the share of training
            samples that come from the subgroup of the level's name.
    """

    name: str
    strength: float = Field(gt=0, le=1)


class Recipe(Document):
    """Ranges that every model draws its training from, independently of its bias level.

    Attributes:
        learning_rate: Range, drawn log-uniformly.
        learning_rate_of: Ranges of optimisers that need another.
        batch: Choices.
        optimizer: Choices.
        steps: Choices; fixed once drawn: no stopping rule may look at the level.
        samples: Range of training-set sizes.
        init: Choices of initialisation.
        normalisation: Choices of input normalisation (name in ``biasgate.training``).
        augmentation: Choices of augmentation.
        weight_decay: Choices.
        schedule: Choices of how the learning rate runs.
        label_smoothing: Choices.
    """

    learning_rate: tuple[float, float] = (1e-3, 5e-3)
    learning_rate_of: dict[Optimizer, tuple[float, float]] = Field(default={}, exclude_if=lambda ranges: not ranges)
    batch: tuple[int, ...] = Field(default=(32, 64), min_length=1)
    optimizer: tuple[Optimizer, ...] = ("adam", "adamw")
    steps: tuple[int, ...] = (300, 400)
    samples: tuple[int, int] = (500, 700)
    init: tuple[Init, ...] = (
        "kaiming_uniform",
        "kaiming_normal",
    )
    normalisation: tuple[Normalisation, ...] = ("unit", "centred")
    augmentation: tuple[Augmentation, ...] = ("none", "shift")
    weight_decay: tuple[float, ...] = (0.0, 1e-4)
    schedule: tuple[Schedule, ...] = Field(default=("one_cycle",), min_length=1)
    label_smoothing: tuple[float, ...] = Field(default=(0.0,), min_length=1, exclude_if=lambda shares: shares == (0.0,))


class Counts(Document):
    """Models a split, over all levels."""

    train: int = Field(gt=0)
    validation: int = Field(gt=0)
    test: int = Field(gt=0)


class ZooSpec(Document):
    """A zoo: many models, each with its own seed, palette, recipe and planted bias.

    Seeds, images and palettes are disjoint across train, validation and test by construction.

    Attributes:
        dataset: The clean data set: built-in name, URI, or a ``DataSource`` of ``biasgate.data``.
        architectures: Each model draws one. A text names a preset of ``biasgate.models``, which takes its place.
        planting: ``share`` or ``sigma`` colour grey images by their label; ``group`` lets training favour one subgroup
            of people (see ``biasgate.detection.zoo.planting``).
        attribute: For ``group``: the data set's attribute whose values are the subgroups.
        levels: Ordered from none to strongest; for ``group`` one a subgroup, in any order.
        counts: Models a split.
        pretrained: Path or URI of a safetensors file that every model is fine-tuned from, in the place of an
            initialisation, its tensors named as the architecture's own. A plan knows the name alone: give other weights
            another one.
        recipe: Ranges of the training recipe.
        seed: All else follows from it.
    """

    schema_: Literal["biasgate/zoo/v1"] = Field(default="biasgate/zoo/v1", alias="schema")
    name: str
    dataset: str | DataSource
    architectures: tuple[NamedArchitecture, ...] = Field(min_length=1)
    planting: Planting
    attribute: str | None = None
    levels: tuple[Level, ...] = Field(min_length=2)
    counts: Counts
    pretrained: str | None = Field(default=None, exclude_if=lambda file: file is None)
    recipe: Recipe = Recipe()
    seed: int = Field(ge=0, lt=2**31)

    @model_validator(mode="after")
    def _levels_differ(self) -> ZooSpec:
        names = [level.name for level in self.levels]
        if len(set(names)) != len(names):
            raise ValueError(f"levels need different names, not {names}")
        return self

    @model_validator(mode="after")
    def _strengths_order(self) -> ZooSpec:
        strengths = [level.strength for level in self.levels]
        if (self.planting == "group") != (self.attribute is not None):
            raise ValueError("the planting group, and no other, needs the attribute whose values are the subgroups")
        if self.planting == "group":
            return self
        if any(weak <= strong for weak, strong in pairwise(strengths)):
            raise ValueError(f"strengths must fall from none to the strongest level, not {strengths}")
        if self.planting == "share" and strengths[0] == 1:
            raise ValueError("a share of conflicting samples lies below 1; 0.9 of ten colours is independence")
        return self


def built_in_zoos() -> tuple[str, ...]:
    """Names of the zoos that come with biasgate."""
    return built_in_names(SPECS)


def read_spec(source: str) -> ZooSpec:
    """The spec given as text, in a file or URI, or a built-in one by its name.

    Raises:
        InputError: It cannot be read, or a key or value is not what the schema says.
    """
    return read_document(ZooSpec, source, built_in=SPECS)
