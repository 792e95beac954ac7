from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from biasgate.detection.zoo.engine import train_models
from biasgate.detection.zoo.grouped import measured, probe, subgroups_of, training_set
from biasgate.detection.zoo.material import Material, load_material
from biasgate.detection.zoo.plan import plan_zoo
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.errors import InputError

SPEC = {
    "name": "faces",
    "dataset": {
        "name": "faces",
        "data": {"kind": "synthetic_faces", "people": 1100, "images": 2, "size": 32, "label": "gender", "seed": 1},
    },
    "architectures": ["faces_small"],
    "planting": "group",
    "attribute": "skin",
    "levels": [{"name": name, "strength": 0.8} for name in ("light", "medium", "dark")],
    "counts": {"train": 6, "validation": 3, "test": 3},
    "recipe": {"steps": [2], "batch": [8], "samples": [60, 60]},
    "seed": 1,
}


@pytest.fixture(scope="module")
def spec() -> ZooSpec:
    return ZooSpec.build(SPEC, where="spec")


@pytest.fixture(scope="module")
def material(spec: ZooSpec) -> Material:
    return load_material(spec)


def test_a_model_learns_most_from_the_group_it_favours_and_equally_from_the_others(
    spec: ZooSpec, material: Material
) -> None:
    for planned in plan_zoo(spec, shards=1).models:
        chosen = training_set(planned, material, np.random.default_rng(planned.seed))
        groups = subgroups_of(material.images[planned.split], material)[chosen.rows]
        counts = Counter(zip(groups.tolist(), chosen.labels.tolist(), strict=True))
        assert chosen.colours is None
        assert len(set(chosen.rows.tolist())) == len(chosen.rows) == 60
        for (group, _), count in counts.items():
            assert count == (24 if group == planned.level else 3)


def test_no_person_is_in_two_splits(material: Material) -> None:
    people = [set(images.clusters.tolist()) for images in (*material.images.values(), material.measure)]
    assert sum(map(len, people)) == len(set.union(*people))


def test_bias_is_the_favoured_groups_accuracy_less_the_others(spec: ZooSpec, material: Material) -> None:
    planned = next(model for model in plan_zoo(spec, shards=1).models if model.level == "dark")
    groups = subgroups_of(material.measure, material)
    answers = np.where(groups == "dark", material.measure.labels, 0)
    found = measured(answers, probe(planned, material, np.random.default_rng(0)), planned, material)
    assert found["accuracy_dark"] == 1
    assert found["accuracy_light"] == found["accuracy_medium"] == found["accuracy_conflicting"] == 0.5
    assert found["measured_bias"] == 0.5


def test_coloured_images_train_and_are_measured_by_group(spec: ZooSpec, material: Material) -> None:
    (trained,) = train_models(plan_zoo(spec, shards=1).models[:1], material)
    accuracies = [trained.row[f"accuracy_{level.name}"] for level in spec.levels]
    assert all(0 <= accuracy <= 1 for accuracy in accuracies)
    assert np.isfinite(trained.row["final_loss"])


def test_a_group_too_small_for_its_share_is_refused(spec: ZooSpec, material: Material) -> None:
    planned = plan_zoo(spec, shards=1).models[0].model_copy(update={"samples": 5000})
    with pytest.raises(InputError, match="are needed"):
        training_set(planned, material, np.random.default_rng(0))


@pytest.mark.parametrize("change", [{"attribute": None}, {"planting": "share"}], ids=["no attribute", "not by group"])
def test_an_attribute_goes_with_the_planting_by_group_and_no_other(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match="attribute"):
        ZooSpec.build({**SPEC, **change}, where="spec")


def test_a_data_set_without_the_attribute_is_refused(spec: ZooSpec, material: Material) -> None:
    renamed = Material(spec.model_copy(update={"attribute": "tribe"}), material.images, material.measure)
    with pytest.raises(InputError, match="no attribute 'tribe'"):
        training_set(plan_zoo(spec, shards=1).models[0], renamed, np.random.default_rng(0))
