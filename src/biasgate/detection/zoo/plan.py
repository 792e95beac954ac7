"""The plan of a zoo: every model's seed, palette, recipe and planted bias, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import Field

from biasgate.detection.zoo.axis import from_axis, to_axis
from biasgate.detection.zoo.spec import Split, ZooSpec
from biasgate.documents import Document, canonical_json, sha256
from biasgate.errors import InputError, TrustError
from biasgate.models.initialisation import Init
from biasgate.storage.plans import Plan
from biasgate.training.recipe import TrainingRecipe

T = TypeVar("T")
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class PlannedModel(Document):
    """One model to train.

    Attributes:
        id: Position in the plan.
        shard: The shard that trains it.
        split: The split whose images it learns from.
        level: Name of the level that it counts as.
        strength: Planted strength; exactly the level's in validation and test, spread around it in train.
        seed: Drives initial weights, images, colours and batches; no two models share one.
        palette: Seed of the palette; no two models share one.
        architecture: Index into the spec's architectures.
        samples: Size of its training set.
        init: Initialisation.
        normalisation: Input normalisation.
        training: The recipe of the loop.
    """

    id: int
    shard: int
    split: Split
    level: str
    strength: float
    seed: int
    palette: int
    architecture: int
    samples: int
    init: Init
    normalisation: Literal["unit", "centred"]
    training: TrainingRecipe


class ZooPlan(Plan):
    """What ``plan_zoo`` decided. Small: the models follow from spec and shards, and ``models_digest`` pins them.

    Attributes:
        spec: The zoo.
        models_digest: Digest over all planned models.
    """

    schema_: Literal["biasgate/zoo-plan/v1"] = Field(default="biasgate/zoo-plan/v1", alias="schema")
    spec: ZooSpec
    models_digest: str

    @cached_property
    def models(self) -> tuple[PlannedModel, ...]:
        """All planned models, by id.

        Raises:
            TrustError: The plan was altered, or made by a version that draws differently.
        """
        models = tuple(_draw(self.spec, self.shards))
        if _models_digest(models) != self.models_digest:
            raise TrustError("the plan's models are not those it was made with", where=self.spec.name, fix="plan again")
        return models


def plan_zoo(spec: ZooSpec, *, shards: int) -> ZooPlan:
    """Decides everything about a zoo that chance decides; pure in ``(spec, shards)``.

    Levels, recipes and identities (seeds, palettes) come from three independent random streams, so that no recipe can
    give a level away; seeds and palettes are distinct over the whole zoo, so over splits too. Levels are balanced
    within each split. Models of the train split spread uniformly on the bias axis between the midpoints to their
    level's neighbours (beyond the strongest level by as much as before it), so that a reader learns a continuous scale;
    groups are no scale, so each model lies on its level.

    Raises:
        InputError: There are more shards than models.
    """
    total = spec.counts.train + spec.counts.validation + spec.counts.test
    if not 0 < shards <= total:
        raise InputError(f"{total} models cannot be cut into {shards} shards", where=spec.name)
    return ZooPlan(spec=spec, shards=shards, models_digest=_models_digest(tuple(_draw(spec, shards))))


def _models_digest(models: tuple[PlannedModel, ...]) -> str:
    return sha256(canonical_json([model.model_dump(mode="json") for model in models]))


def _draw(spec: ZooSpec, shards: int) -> Iterator[PlannedModel]:
    levels, recipes, identities = (np.random.default_rng([spec.seed, stream]) for stream in range(3))
    splits: list[Split] = [split for split in SPLITS for _ in range(getattr(spec.counts, split))]
    seeds = identities.choice(2**48, size=(2, len(splits)), replace=False).tolist()
    planted = [pair for split in SPLITS for pair in _strengths(spec, split, levels)]
    for model, (split, (level, strength)) in enumerate(zip(splits, planted, strict=True)):
        yield PlannedModel(
            id=model,
            shard=model % shards,
            split=split,
            level=level,
            strength=strength,
            seed=seeds[0][model],
            palette=seeds[1][model],
            **_recipe(spec, recipes),
        )


def _strengths(spec: ZooSpec, split: Split, rng: np.random.Generator) -> list[tuple[str, float]]:
    count = getattr(spec.counts, split)
    order = rng.permutation(np.arange(count) % len(spec.levels))
    places = rng.random(count)
    if split != "train" or spec.planting == "group":
        return [(spec.levels[i].name, spec.levels[i].strength) for i in order]
    ranges = _ranges(spec)
    return [
        (spec.levels[i].name, from_axis(ranges[i][0] + place * (ranges[i][1] - ranges[i][0]), spec.planting))
        for i, place in zip(order, places, strict=True)
    ]


def _ranges(spec: ZooSpec) -> list[tuple[float, float]]:
    """Where on the bias axis the train models of each level may lie.

    ``sigma`` at strength 1 is another construction (a colour independent of the label), so it stays a point.
    """
    points = [to_axis(level.strength, spec.planting) for level in spec.levels]
    middles = [(low + high) / 2 for low, high in pairwise(points)]
    beyond = 2 * points[-1] - middles[-1]
    ranges = list(pairwise([points[0], *middles, beyond]))
    if spec.planting == "sigma" and spec.levels[0].strength == 1:
        before = 2 * points[1] - ranges[1][1]
        ranges[:2] = [(points[0], points[0]), (before, ranges[1][1])]
    return ranges


def _recipe(spec: ZooSpec, rng: np.random.Generator) -> dict[str, Any]:
    """Drawn in a fixed order; a single choice draws nothing, so that a new field changes no plan made before it."""
    recipe = spec.recipe
    model = {
        "architecture": int(rng.integers(len(spec.architectures))),
        "samples": int(rng.integers(recipe.samples[0], recipe.samples[1] + 1)),
        "init": _pick(rng, recipe.init),
        "normalisation": _pick(rng, recipe.normalisation),
    }
    place = rng.random()
    drawn: dict[str, Any] = {
        "batch": _pick(rng, recipe.batch),
        "steps": _pick(rng, recipe.steps),
        "optimizer": _pick(rng, recipe.optimizer),
        "weight_decay": _pick(rng, recipe.weight_decay),
        "augmentation": _pick(rng, recipe.augmentation),
        "schedule": _pick(rng, recipe.schedule),
        "label_smoothing": _pick(rng, recipe.label_smoothing),
    }
    low, high = np.log(recipe.learning_rate_of.get(drawn["optimizer"], recipe.learning_rate))
    rate = float(np.exp(low + (high - low) * place))
    return {**model, "training": TrainingRecipe(learning_rate=rate, **drawn)}


def _pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    return choices[int(rng.integers(len(choices)))]
