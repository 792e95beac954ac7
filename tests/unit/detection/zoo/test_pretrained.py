"""Models of a zoo that are fine-tuned from one pretrained model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from biasgate.detection.features.table import feature_table
from biasgate.detection.zoo.engine import initial_network, parameters_of, train_models
from biasgate.detection.zoo.material import load_material
from biasgate.detection.zoo.plan import plan_zoo
from biasgate.detection.zoo.shard import train_shard
from biasgate.detection.zoo.spec import Recipe, ZooSpec
from biasgate.documents import digest
from biasgate.errors import CandidateError, InputError
from biasgate.models.network import drawn
from biasgate.models.presets import preset


def fine_tuned(spec: ZooSpec, file: Path, architecture: str = "digits_small") -> ZooSpec:
    save_file(parameters_of(drawn(preset(architecture), init="kaiming_uniform", seed=7)), file)
    return spec.model_copy(update={"pretrained": str(file)})


def test_every_model_starts_from_the_pretrained_weights(spec: ZooSpec, tmp_path: Path) -> None:
    tuned = fine_tuned(spec, tmp_path / "start.safetensors")
    first, second = (parameters_of(initial_network(model, tuned)) for model in plan_zoo(tuned, shards=1).models[:2])
    wanted = parameters_of(drawn(preset("digits_small"), init="kaiming_uniform", seed=7))
    assert all(np.array_equal(first[name], wanted[name]) for name in wanted)
    assert all(np.array_equal(second[name], wanted[name]) for name in wanted)


def test_training_moves_each_model_its_own_way_from_there(spec: ZooSpec, tmp_path: Path) -> None:
    gentle = spec.model_copy(
        update={"recipe": Recipe(steps=(2,), batch=(8,), samples=(20, 30), learning_rate=(1e-5, 1e-5))}
    )
    tuned = fine_tuned(gentle, tmp_path / "start.safetensors")
    one, other = train_models(plan_zoo(tuned, shards=1).models[:2], load_material(tuned))
    start = parameters_of(initial_network(one.planned, tuned))
    for model in (one, other):
        moved = max(float(np.abs(model.state[name] - start[name]).max()) for name in start)
        assert 0 < moved < 1e-3
    assert not np.array_equal(one.state["layers.0.weight"], other.state["layers.0.weight"])


def test_the_feature_table_describes_the_pretrained_weights_as_each_models_initial_ones(
    spec: ZooSpec, tmp_path: Path
) -> None:
    tuned = fine_tuned(spec, tmp_path / "start.safetensors")
    table = feature_table(train_shard(plan_zoo(tuned, shards=4), 0, str(tmp_path / "zoo")))
    assert len(table) > 1
    starts, ends = (set(table[name].tolist()) for name in ("initial.path.total", "path.total"))
    assert len(starts) == 1
    assert len(ends) == len(table)


def test_weights_of_another_architecture_are_refused(spec: ZooSpec, tmp_path: Path) -> None:
    tuned = fine_tuned(spec, tmp_path / "start.safetensors", "digits_paper")
    with pytest.raises(CandidateError, match=r"start\.safetensors"):
        initial_network(plan_zoo(tuned, shards=1).models[0], tuned)


@pytest.mark.parametrize("content", [None, b"no tensors at all"])
def test_missing_and_broken_weights_are_a_sentence(spec: ZooSpec, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "start.safetensors"
    if content is not None:
        file.write_bytes(content)
    tuned = spec.model_copy(update={"pretrained": str(file)})
    with pytest.raises(InputError, match=r"start\.safetensors"):
        initial_network(plan_zoo(tuned, shards=1).models[0], tuned)


def test_a_spec_without_pretrained_weights_keeps_its_digest(spec: ZooSpec) -> None:
    assert "pretrained" not in spec.model_dump(mode="json")
    assert digest(spec.model_copy(update={"pretrained": "start.safetensors"})) != digest(spec)
