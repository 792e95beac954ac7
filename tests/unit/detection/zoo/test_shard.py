from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from biasgate.data.planting import twins
from biasgate.detection.zoo import shard as shards
from biasgate.detection.zoo.coloured import palette_of, training_set
from biasgate.detection.zoo.engine import initial_network, train_models
from biasgate.detection.zoo.index import ShardIndex, read_table
from biasgate.detection.zoo.material import load_material
from biasgate.detection.zoo.plan import plan_zoo
from biasgate.detection.zoo.shard import train_shard
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.errors import InputError, TrustError
from biasgate.models.presets import preset
from biasgate.storage import shards as storage_shards
from biasgate.storage import store
from biasgate.storage.shards import read_index
from biasgate.training.normalisation import to_tensor


@pytest.fixture(autouse=True)
def groups_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(shards.GROUP, "cpu", 2)


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.suffix != ".json"}


def test_a_shard_has_equal_bytes_wherever_it_is_trained(spec: ZooSpec, tmp_path: Path) -> None:
    plan = plan_zoo(spec, shards=2)
    first, second = (train_shard(plan, 0, str(tmp_path / name)) for name in ("a", "b"))
    assert [file.sha256 for file in first.weights] == [file.sha256 for file in second.weights]
    assert contents(first.uri) == contents(second.uri)
    assert read_index(ShardIndex, first.uri) == first


def test_a_cut_off_shard_repeats_only_the_group_that_was_cut(spec: ZooSpec, tmp_path: Path) -> None:
    plan = plan_zoo(spec, shards=2)
    folder = Path(train_shard(plan, 0, str(tmp_path)).uri)
    before = contents(str(folder))
    kept = (folder / "group-0000.safetensors").stat().st_mtime_ns
    for lost in ("index.json", "group-0002.parquet"):
        (folder / lost).unlink()
    (folder / "group-0002.safetensors").write_bytes(b"half written")
    train_shard(plan, 0, str(tmp_path))
    assert contents(str(folder)) == before
    assert (folder / "group-0000.safetensors").stat().st_mtime_ns == kept


def test_a_shard_goes_on_where_a_run_with_larger_groups_stopped(
    spec: ZooSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_zoo(spec, shards=2)
    with monkeypatch.context() as patched:
        patched.setitem(shards.GROUP, "cpu", 3)
        folder = Path(train_shard(plan, 0, str(tmp_path)).uri)
    for path in folder.iterdir():
        if "0000" not in path.name:
            path.unlink()
    index = train_shard(plan, 0, str(tmp_path))
    assert [table.models for table in index.tables][:2] == [3, 2]
    assert read_table(index)["id"].tolist() == [model.id for model in plan.models if model.shard == 0]


def test_a_shard_trains_on_the_device_that_is_named_and_says_which(spec: ZooSpec, tmp_path: Path) -> None:
    plan = plan_zoo(spec, shards=2)
    named, by_default = (train_shard(plan, 0, str(tmp_path / str(device)), device=device) for device in ("cpu", None))
    assert named.versions.device == "cpu"
    if by_default.versions.device == "cpu":
        assert contents(named.uri) == contents(by_default.uri)


def test_a_finished_shard_returns_at_once(spec: ZooSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_zoo(spec, shards=2)
    first = train_shard(plan, 1, str(tmp_path))
    monkeypatch.setattr(shards, "load_material", lambda spec: pytest.fail("trained again"))
    assert train_shard(plan, 1, str(tmp_path)) == first


def test_every_model_has_one_row_and_one_place_in_the_weights(spec: ZooSpec, tmp_path: Path) -> None:
    plan = plan_zoo(spec, shards=2)
    indices = [train_shard(plan, number, str(tmp_path)) for number in range(2)]
    tables = [read_table(index) for index in indices]
    assert sorted(id_ for table in tables for id_ in table["id"]) == [model.id for model in plan.models]
    for index in indices:
        for file in index.weights:
            stacks = load_file(Path(index.uri) / file.name)
            assert {len(stack) for stack in stacks.values()} == {file.models}
    rates = tables[0][["accuracy_aligned", "accuracy_conflicting", "swap_rate"]].to_numpy()
    assert ((rates >= 0) & (rates <= 1)).all()


def test_a_model_depends_on_its_own_line_of_the_plan_alone(spec: ZooSpec) -> None:
    plan, material = plan_zoo(spec, shards=1), load_material(spec)
    neighbours = {model.planned.id: model for model in train_models(plan.models[:6], material)}
    together, (alone,) = neighbours[2], train_models(plan.models[2:3], material)
    assert together.row == alone.row
    assert all(np.array_equal(together.state[name], alone.state[name]) for name in alone.state)
    initial = initial_network(plan.models[2], spec).state_dict()
    assert any(not np.array_equal(initial[name].numpy(), alone.state[name]) for name in alone.state)


def test_bias_is_measured_on_the_twins_that_planting_makes(spec: ZooSpec) -> None:
    plan, material = plan_zoo(spec, shards=1), load_material(spec)
    planned = plan.models[0]
    (trained,) = train_models([planned], material)
    network = initial_network(planned, spec)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in trained.state.items()}, strict=False)
    rng = np.random.default_rng(planned.seed)
    training_set(planned, material, rng)
    rng.integers(2**62)
    seen = twins(material.measure, palette=palette_of(planned, material), rng=rng)
    with torch.inference_mode():
        answers = network.eval()(to_tensor(seen.array, planned.normalisation)).argmax(dim=1).numpy()
    own, other = (answers == seen.labels).reshape(2, -1).mean(axis=1)
    assert (trained.row["accuracy_aligned"], trained.row["accuracy_conflicting"]) == (own, other)


def test_no_image_of_one_split_is_seen_in_another_or_in_measuring(spec: ZooSpec) -> None:
    plan, material = plan_zoo(spec, shards=1), load_material(spec)
    clusters = {split: set[int]() for split in ("train", "validation", "test")}
    for model in plan.models:
        chosen = training_set(model, material, np.random.default_rng(model.seed))
        clusters[model.split] |= set(material.images[model.split].clusters[chosen.rows].tolist())
        assert len(chosen.rows) == model.samples
    shares = [*clusters.values(), set(material.measure.clusters.tolist())]
    assert sum(map(len, shares)) == len(set[int]().union(*shares))


def test_changed_bytes_are_noticed(spec: ZooSpec, tmp_path: Path) -> None:
    index = train_shard(plan_zoo(spec, shards=2), 0, str(tmp_path))
    path = Path(index.uri) / "group-0001.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(TrustError, match="differ from the shard's index"):
        read_table(index)


def test_a_shard_that_is_not_planned_is_refused(spec: ZooSpec, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="shards 0 to 1"):
        train_shard(plan_zoo(spec, shards=2), 2, str(tmp_path))


@pytest.mark.parametrize("device", ["abacus", "cuda", "cuda:1"])
def test_a_device_that_is_not_there_is_refused(spec: ZooSpec, tmp_path: Path, device: str) -> None:
    if device.startswith("cuda") and torch.cuda.is_available():
        pytest.skip("a GPU is there")
    with pytest.raises(InputError, match=r"not trained on|no GPU"):
        train_shard(plan_zoo(spec, shards=2), 0, str(tmp_path), device=device)
    assert not list(tmp_path.iterdir())


def test_sigma_planting_trains_too(spec: ZooSpec, tmp_path: Path) -> None:
    levels = [{"name": "none", "strength": 1.0}, {"name": "low", "strength": 0.05}, {"name": "high", "strength": 0.02}]
    sigma = ZooSpec.build({**spec.model_dump(by_alias=True), "planting": "sigma", "levels": levels}, where="spec")
    table = read_table(train_shard(plan_zoo(sigma, shards=1), 0, str(tmp_path)))
    assert set(table["planting"]) == {"sigma"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits_cnn_zoo", "digits_residual", "digits_paper"])
def test_presets_of_every_kind_are_trained(spec: ZooSpec, name: str) -> None:
    spec = spec.model_copy(update={"architectures": (preset(name),)})
    trained = train_models(plan_zoo(spec, shards=1).models[:3], load_material(spec))
    assert all(np.isfinite(value).all() for model in trained for value in model.state.values())


def test_a_full_disk_is_told_and_the_rerun_takes_up_where_it_stopped(
    spec: ZooSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_zoo(spec, shards=2)
    whole = train_shard(plan, 0, str(tmp_path / "whole"))
    rest = str(tmp_path / "rest")
    done: list[str] = []

    def full(uri: str, content: bytes) -> None:
        if len(done) == 3:
            raise InputError("no space left on device", where=uri)
        done.append(uri)
        store.write_bytes(uri, content)

    with monkeypatch.context() as patched:
        patched.setattr(storage_shards, "write_bytes", full)
        with pytest.raises(InputError, match="no space left"):
            train_shard(plan, 0, rest)
    assert train_shard(plan, 0, rest).weights == whole.weights
