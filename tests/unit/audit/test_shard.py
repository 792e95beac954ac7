from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from biasgate.audit.audit import audit_result
from biasgate.audit.effects import targets
from biasgate.audit.files import SPECS, read_spec
from biasgate.audit.plan import AuditPlan, plan_audit
from biasgate.audit.shard import train_shard
from biasgate.audit.spec import AuditSpec
from biasgate.data.source import open_dataset
from biasgate.errors import InputError, TrustError
from biasgate.storage.plans import read_plan, write_plan
from biasgate.storage.sources import built_in_names


@pytest.fixture(scope="module")
def small(make_spec: Callable[..., AuditSpec]) -> AuditSpec:
    return make_spec(seeds=3, recipe={"steps": 3}, perturbations=[])


def bytes_of(plan: AuditPlan, root: Path) -> dict[str, bytes]:
    shards = [train_shard(plan, number, str(root)) for number in range(plan.shards)]
    return {
        f"{shard.shard}/{file.name}": Path(shard.uri, file.name).read_bytes()
        for shard in shards
        for file in shard.files
    }


def test_every_model_belongs_to_one_shard(small: AuditSpec) -> None:
    plan = plan_audit(small, shards=4)
    dealt = [(arm, seed) for shard in range(4) for arm, seeds in plan.members(shard) for seed in seeds]
    assert sorted(dealt) == [(arm, seed) for arm in range(2) for seed in range(3)]


def test_the_answers_do_not_depend_on_the_number_of_shards(small: AuditSpec, tmp_path: Path) -> None:
    results = []
    for shards in (1, 2):
        plan = plan_audit(small, shards=shards)
        results.append(audit_result(plan, [train_shard(plan, n, str(tmp_path)) for n in range(shards)]))
    assert results[0].levels == results[1].levels
    assert results[0].spectra == results[1].spectra


def test_a_killed_shard_trains_again_only_the_arm_that_was_lost(small: AuditSpec, tmp_path: Path) -> None:
    plan = plan_audit(small, shards=1)
    before = bytes_of(plan, tmp_path)
    folder = Path(train_shard(plan, 0, str(tmp_path)).uri)
    kept = (folder / "arm-000.safetensors").stat().st_mtime_ns
    (folder / "index.json").unlink()
    (folder / "arm-001.safetensors").unlink()
    assert bytes_of(plan, tmp_path) == before
    assert (folder / "arm-000.safetensors").stat().st_mtime_ns == kept


def test_altered_missing_and_foreign_shards_are_refused(small: AuditSpec, tmp_path: Path) -> None:
    plan = plan_audit(small, shards=2)
    shards = [train_shard(plan, n, str(tmp_path)) for n in range(2)]
    with pytest.raises(InputError, match="shards are missing"):
        audit_result(plan, shards[:1])
    with pytest.raises(InputError, match="another plan"):
        audit_result(plan, [shards[0], shards[1].model_copy(update={"plan": "sha256:0"})])
    file = Path(shards[0].uri, shards[0].files[0].name)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(TrustError, match="differ from the shard's index"):
        audit_result(plan, shards)


def test_a_test_image_that_is_learned_from_is_refused(make_spec: Callable[..., AuditSpec], tmp_path: Path) -> None:
    spec = make_spec()
    leaking = spec.model_copy(update={"test": spec.train})
    with pytest.raises(InputError, match="also learned from"):
        train_shard(plan_audit(leaking, shards=1), 0, str(tmp_path))


def test_a_subgroup_that_is_too_small_is_refused_before_anything_is_estimated(
    small: AuditSpec,
) -> None:
    test = open_dataset(small.test)
    few = test.take(np.arange(40))
    with pytest.raises(InputError, match="an audit needs 30"):
        targets(few, ("source",))


def test_a_plan_reads_back_as_it_was_written(small: AuditSpec, tmp_path: Path) -> None:
    plan = plan_audit(small, shards=2)
    assert read_plan(AuditPlan, write_plan(plan, root=str(tmp_path))) == plan
    with pytest.raises(InputError, match="cannot be cut"):
        plan_audit(small, shards=7)


@pytest.mark.parametrize("name", built_in_names(SPECS))
def test_a_ready_spec_can_be_planned_with_at_least_ten_seeds(name: str) -> None:
    spec = read_spec(name)
    assert spec.seeds >= 10
    assert len(plan_audit(spec, shards=2).arms) >= len(spec.intervention.values)


def test_the_command_trains_once_and_its_result_can_be_read_again(
    small: AuditSpec, tmp_path: Path, biasgate: Callable[..., Any]
) -> None:
    (tmp_path / "spec.yaml").write_bytes(small.to_json())
    root, result, page = tmp_path / "root", tmp_path / "result.json", tmp_path / "page.html"
    ran = biasgate("audit", "run", tmp_path / "spec.yaml", "--root", root, "--into", result, "--json")
    assert json.loads(ran.out) == json.loads(result.read_text())
    shown = biasgate("audit", "show", result, "--page", page)
    assert shown.code == 0
    assert "kernel 3" in shown.out
    assert "effects on gaps are found" in shown.out
    assert "Architecture audit: two_sources" in page.read_text()
