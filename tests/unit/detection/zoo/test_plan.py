from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.detection.zoo.axis import from_axis, to_axis
from biasgate.detection.zoo.plan import PlannedModel, ZooPlan, plan_zoo
from biasgate.detection.zoo.spec import Counts, Level, Planting, ZooSpec
from biasgate.documents import digest
from biasgate.errors import InputError, TrustError
from biasgate.models.presets import preset

IDENTITY_AND_RECIPE = ("id", "seed", "palette", "architecture", "samples", "init", "normalisation", "training")


def larger(spec: ZooSpec, **changes: object) -> ZooSpec:
    return spec.model_copy(update={"counts": Counts(train=90, validation=30, test=30), **changes})


def lines(models: tuple[PlannedModel, ...]) -> list[tuple[object, ...]]:
    return [tuple(getattr(model, name) for name in IDENTITY_AND_RECIPE) for model in models]


def test_a_plan_is_a_function_of_spec_and_shards(spec: ZooSpec) -> None:
    assert digest(plan_zoo(spec, shards=2)) == digest(plan_zoo(spec, shards=2))
    assert digest(plan_zoo(spec, shards=2)) != digest(plan_zoo(spec, shards=3))
    assert plan_zoo(spec, shards=2).models != plan_zoo(spec.model_copy(update={"seed": 2}), shards=2).models


def test_a_plan_survives_its_own_document(spec: ZooSpec) -> None:
    plan = plan_zoo(spec, shards=2)
    assert ZooPlan.parse(plan.to_json(), where="plan").models == plan.models


def test_no_recipe_seed_or_palette_depends_on_the_levels(spec: ZooSpec) -> None:
    other_levels = (Level(name="a", strength=0.7), Level(name="b", strength=0.05))
    first = plan_zoo(larger(spec), shards=2).models
    second = plan_zoo(larger(spec, levels=other_levels), shards=2).models
    assert lines(first) == lines(second)


@given(seed=st.integers(0, 2**31 - 1))
def test_seeds_and_palettes_are_distinct_over_all_splits(seed: int) -> None:
    spec = _SPEC.model_copy(update={"seed": seed})
    models = plan_zoo(spec, shards=1).models
    assert len({model.seed for model in models} | {model.palette for model in models}) == 2 * len(models)


def test_held_out_models_lie_on_the_levels_and_training_spreads_around_them(spec: ZooSpec) -> None:
    spec = larger(spec)
    strengths = {level.name: level.strength for level in spec.levels}
    middle = from_axis((to_axis(0.9, "share") + to_axis(0.2, "share")) / 2, "share")
    for model in plan_zoo(spec, shards=1).models:
        if model.split == "train":
            assert (model.strength > middle) == (model.level == "none")
            assert model.strength <= 0.9 + 1e-12
        else:
            assert model.strength == strengths[model.level]


def test_a_colour_independent_of_the_label_stays_apart_from_jitter(spec: ZooSpec) -> None:
    levels = (Level(name="none", strength=1), Level(name="low", strength=0.05), Level(name="high", strength=0.02))
    models = plan_zoo(larger(spec, planting="sigma", levels=levels), shards=1).models
    assert {model.strength for model in models if model.level == "none"} == {1.0}
    spread = [model.strength for model in models if model.split == "train" and model.level == "low"]
    assert 0.03 < min(spread) < 0.04 < 0.06 < max(spread) < 0.08


def test_levels_are_balanced_in_every_split(spec: ZooSpec) -> None:
    counts = Counter((model.split, model.level) for model in plan_zoo(larger(spec), shards=4).models)
    assert set(counts.values()) == {30, 10}


def test_an_altered_plan_is_refused(spec: ZooSpec) -> None:
    plan = plan_zoo(spec, shards=2).model_copy(update={"shards": 3})
    with pytest.raises(TrustError, match="plan again"):
        _ = plan.models


def test_an_architecture_may_be_named(spec: ZooSpec) -> None:
    def declared(architecture: str) -> ZooSpec:
        return ZooSpec.build({**spec.model_dump(by_alias=True), "architectures": [architecture]}, where="spec")

    assert declared("digits_small") == spec
    assert declared("digits_residual").architectures == (preset("digits_residual"),)
    with pytest.raises(InputError, match="use one of digits_small"):
        declared("digits_tiny")


def test_more_shards_than_models_are_refused(spec: ZooSpec) -> None:
    with pytest.raises(InputError, match="12 models"):
        plan_zoo(spec, shards=13)


@pytest.mark.parametrize("strengths", [(0.1, 0.1), (0.1, 0.5), (1.0, 0.5)])
def test_strengths_that_do_not_fall_or_leave_the_axis_are_refused(
    spec: ZooSpec, strengths: tuple[float, float]
) -> None:
    levels = [{"name": name, "strength": strength} for name, strength in zip("ab", strengths, strict=True)]
    with pytest.raises(InputError, match="ZooSpec is not valid"):
        ZooSpec.build({**spec.model_dump(by_alias=True), "levels": levels}, where="spec")


@given(strength=st.floats(1e-4, 0.999), planting=st.sampled_from(["share", "sigma"]))
def test_the_axis_goes_both_ways_and_grows_with_bias(strength: float, planting: Planting) -> None:
    value = to_axis(strength, planting)
    assert from_axis(value, planting) == pytest.approx(strength)
    assert to_axis(strength / 2, planting) > value


_SPEC = ZooSpec.model_validate(
    {
        "name": "distinct",
        "dataset": "builtin:digits",
        "architectures": [{"name": "a", "input": [3, 28, 28], "layers": [{"kind": "dense", "out": 10}]}],
        "planting": "share",
        "levels": [{"name": "none", "strength": 0.9}, {"name": "much", "strength": 0.01}],
        "counts": {"train": 20, "validation": 5, "test": 5},
        "seed": 0,
    }
)
