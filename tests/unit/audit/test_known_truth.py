"""What was planted is found, with the right sign; where nothing was planted, nothing is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from biasgate.audit.audit import audit_result
from biasgate.audit.plan import plan_audit
from biasgate.audit.result import AuditResult, Effect
from biasgate.audit.shard import train_shard
from biasgate.audit.spec import AuditSpec

pytestmark = pytest.mark.slow

TEXTURE, LIGHT = {"source": "texture"}, {"source": "light"}


@pytest.fixture(scope="module")
def result(make_spec: Callable[..., AuditSpec], tmp_path_factory: pytest.TempPathFactory) -> AuditResult:
    plan = plan_audit(make_spec(), shards=2)
    root = str(tmp_path_factory.mktemp("audit"))
    return audit_result(plan, [train_shard(plan, shard, root) for shard in range(2)])


def effect(result: AuditResult, view: str, subgroup: dict[str, str], minus: dict[str, str] | None = None) -> Effect:
    (found,) = (e for e in result.effects if (e.view, e.subgroup, e.minus) == (view, subgroup, minus))
    return found


def accuracy(result: AuditResult, arm: int, view: str, subgroup: dict[str, str]) -> float:
    (found,) = (v for v in result.levels if (v.arm, v.view, v.subgroup, v.minus) == (arm, view, subgroup, None))
    return found.estimate.value


def test_a_wider_kernel_helps_the_subgroup_whose_label_lies_in_texture_and_so_moves_the_gap(
    result: AuditResult,
) -> None:
    helped = effect(result, "clean", TEXTURE)
    assert helped.estimate.low > 0.15
    assert helped.holm < 0.05
    beta = effect(result, "clean", LIGHT, TEXTURE)
    assert beta.estimate.high < -0.1
    assert beta.holm < 0.05


def test_the_dependence_on_high_frequencies_shows_where_they_are_taken_away(result: AuditResult) -> None:
    """Both kernels are then blind to texture: no effect is left, and the accuracy that it gave is gone."""
    assert accuracy(result, 1, "clean", TEXTURE) - accuracy(result, 1, "low-pass 3", TEXTURE) > 0.15
    assert abs(effect(result, "low-pass 3", TEXTURE).estimate.value) < 0.1
    assert accuracy(result, 1, "clean", LIGHT) - accuracy(result, 1, "low-pass 3", LIGHT) < 0.1


def test_an_attribute_without_meaning_shows_no_effect_on_its_gap(result: AuditResult) -> None:
    for view in ("clean", "low-pass 3"):
        null = effect(result, view, {"chance": "a"}, {"chance": "b"})
        assert null.holm > 0.05
        assert null.estimate.low < 0 < null.estimate.high


def test_the_result_reads_back_as_it_was_written(result: AuditResult, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(result.to_json())
    assert AuditResult.read(tmp_path / "result.json") == result
