from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from biasgate.audit.intervene import arms, count, do
from biasgate.audit.spec import AuditSpec, Intervention
from biasgate.errors import InputError
from biasgate.models.architecture import Architecture
from biasgate.models.export import export_onnx
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.network import build
from biasgate.models.presets import preset
from biasgate.models.shapes import layer_shapes

BASE = Architecture(
    name="base",
    input=(3, 16, 16),
    layers=(
        Conv(out=8, kernel=3, padding=1), Relu(), Pool(), Conv(out=12, kernel=3, padding=1), Relu(),
        Pool(how="global"), Flatten(), Dense(out=2),
    ),
)  # fmt: skip
KERNEL = Intervention(values=(3, 5, 7, 9, 11), reference=3)


def kernels(architecture: Architecture) -> list[int]:
    return [layer.kernel for layer in architecture.layers if isinstance(layer, Conv)]


@pytest.mark.parametrize(("which", "expected"), [("first", [7, 3]), ("all", [7, 7]), ((1,), [3, 7])])
def test_the_kernel_changes_where_asked_and_no_layer_changes_its_size(which: object, expected: list[int]) -> None:
    intervention = KERNEL.model_copy(update={"which": which})
    changed = do(BASE, intervention, 7)
    assert kernels(changed) == expected
    assert layer_shapes(changed) == layer_shapes(BASE)
    assert do(BASE, intervention, 3) == BASE


def test_layers_inside_residual_blocks_are_changed_too() -> None:
    residual = preset("digits_residual")
    everywhere = KERNEL.model_copy(update={"which": "all"})
    assert layer_shapes(do(residual, everywhere, 5)) == layer_shapes(residual)
    assert '"kernel":3' not in do(residual, everywhere, 5).model_dump_json()


def test_a_layer_used_twice_is_changed_only_where_asked() -> None:
    conv = Conv(out=3, kernel=3, padding=1)
    twice = Architecture(name="twice", input=(3, 8, 8), layers=(conv, conv, Flatten(), Dense(out=2)))
    assert kernels(do(twice, KERNEL, 5)) == [5, 3]


def test_controls_have_the_same_receptive_field_or_the_same_parameters(make_spec: Callable[..., AuditSpec]) -> None:
    made = arms(spec_of(make_spec, controls=["receptive_field", "parameters"]))
    assert [arm.role for arm in made] == ["do"] * 5 + ["receptive_field"] * 4 + ["parameters"] * 4
    done = {arm.value: arm for arm in made if arm.role == "do"}
    for arm in made[5:]:
        first = arm.architecture.layers[0]
        assert isinstance(first, Conv)
        assert first.kernel == 3
        if arm.role == "receptive_field":
            assert first.dilation * 2 + 1 == arm.value
            assert arm.parameters == done[3].parameters
        else:
            assert arm.parameters == pytest.approx(done[arm.value].parameters, rel=0.05)


def test_parameters_are_counted_as_torch_counts_them() -> None:
    assert count(BASE) == sum(parameter.numel() for parameter in build(BASE).parameters())


def test_a_dilated_control_is_exported_as_it_computes(make_spec: Callable[..., AuditSpec], tmp_path: Path) -> None:
    made = arms(spec_of(make_spec, controls=["receptive_field"]))
    network = build(next(arm.architecture for arm in made if arm.name == "3 dilated to 11")).eval()
    assert export_onnx(network, path=tmp_path / "model.onnx") < 1e-5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"values": (3, 4), "reference": 3}, "even numbers"),
        ({"values": (3, 1), "reference": 3, "which": (5,)}, "no conv layer 5"),
        ({"values": (3, 99), "reference": 3}, "kernel"),
        ({"values": (1, 2), "reference": 1, "field": "colour"}, "colour"),
        ({"values": (0.1, 0.2), "reference": 0.1, "layer": "dropout", "field": "rate"}, "no dropout layer 0"),
    ],
)
def test_what_cannot_be_set_is_refused_in_words(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        do(BASE, Intervention.build(changes, where="test"), changes["values"][1])  # type: ignore[index]


@pytest.mark.parametrize(
    ("layer", "field", "value"), [("conv", "out", 16), ("pool", "how", "mean"), ("conv", "dilation", 2)]
)
def test_other_hyperparameters_are_set_by_the_same_words(layer: str, field: str, value: int | str) -> None:
    reference = {"out": 8, "how": "max", "dilation": 1}[field]
    intervention = Intervention.build(
        {"layer": layer, "field": field, "values": [reference, value], "reference": reference}, where="test"
    )
    changed = do(BASE, intervention, value)
    assert next(getattr(part, field) for part in changed.layers if part.kind == layer) == value
    build(changed)


def spec_of(make_spec: Callable[..., AuditSpec], **changes: object) -> AuditSpec:
    return make_spec(architecture=BASE.model_dump(), intervention=KERNEL.model_dump(), **changes)
