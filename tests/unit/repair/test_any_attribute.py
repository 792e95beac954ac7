"""An attribute may be called anything and have any values: bias that was planted under it is repaired all the same."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.onnx.answer_layer import with_answer_layer
from biasgate.models.onnx.ports import outputs_of
from biasgate.models.package import CandidatePackage, open_package, pack
from biasgate.models.sandbox.runner import run
from biasgate.repair.repair import repair

VALUES = ("left", "right")


def table(n: int = 400, *, seed: int = 0, name: str = "hand", values: tuple[str, str] = VALUES) -> Dataset:
    """Two features that tell the label and one that tells the attribute, which is independent of the label."""
    rng = np.random.default_rng(seed)
    labels, group = rng.integers(0, 2, n), rng.integers(0, 2, n)
    signs = 2 * np.stack([labels, labels, group], axis=1) - 1
    samples = (signs + rng.normal(0, 0.8, (n, 3))).astype(np.float32)
    attributes = pd.DataFrame({name: np.array(values, dtype=object)[group]})
    return Dataset(samples, labels, ("no", "yes"), attributes, np.arange(n), name="table")


def model(*, output: str = "logits", columns: int = 2) -> onnx.ModelProto:
    """A score that leans on the attribute more than on what tells the label."""
    weight = np.array([[0.4], [0.4], [1.5]], np.float32)
    stored = {
        "w": np.concatenate([-weight, weight], axis=1) if columns == 2 else weight,
        "b": np.zeros(columns, np.float32),
    }
    nodes = [helper.make_node("Tanh", ["x"], ["f"]), helper.make_node("Gemm", ["f", "w", "b"], ["z"])]
    last = {"logits": "Identity", "probabilities": "Softmax" if columns == 2 else "Sigmoid"}[output]
    nodes.append(helper.make_node(last, ["z"], ["out"]))
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])]
    given = [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", columns])]
    tensors = [numpy_helper.from_array(array, key) for key, array in stored.items()]
    versions = {"opset_imports": [helper.make_opsetid("", 17)], "ir_version": 9}
    return helper.make_model(helper.make_graph(nodes, "g", ends, given, tensors), **versions)


def candidate(folder: Path, graph: onnx.ModelProto, **changed: Any) -> CandidatePackage:
    folder.mkdir(parents=True)
    onnx.save(graph, folder / "m.onnx")
    card = CandidateCard(
        name="lean",
        classes=("no", "yes"),
        input=InputContract(shape=(3,), layout="rows"),
        training_data="sha256:0",
        submitter="ana",
        **changed,
    )
    return pack(folder / "m.onnx", card, folder / "package")


def worst(package: CandidatePackage, data: Dataset) -> float:
    """Accuracy of the worst label × value."""
    answers = run(package, data.samples).logits
    chosen = answers[:, 0] > 0.5 if answers.shape[1] == 1 else answers.argmax(axis=1)
    groups = data.labels * 2 + (data.attributes.iloc[:, 0].to_numpy() == data.attributes.iloc[:, 0].max())
    right: NDArray[np.bool_] = chosen == data.labels
    return min(float(right[groups == group].mean()) for group in range(4))


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> CandidatePackage:
    return candidate(tmp_path_factory.mktemp("lean") / "c", model())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("skin tone", ("very light", "very dark")),
        ("性別", ("女", "男")),
        ("alignment", ("left", "right")),
        ("label", ("0", "1")),
        ("samples", ("", " ")),
        ("clusters; rm -rf", ("None", "nan")),
        ("colour", ("aligned", "conflicting")),
    ],
)
def test_bias_planted_under_any_name_is_repaired(
    name: str, values: tuple[str, str], lean: CandidatePackage, tmp_path: Path
):
    fresh = table(seed=1)
    made, record = repair(
        lean, table(name=name, values=values), method="unlearning", into=tmp_path / "p", seconds=600, seed=0
    )
    assert record.attribute == name
    assert worst(lean, fresh) < 0.5
    assert worst(made, fresh) > 0.7


def test_an_attribute_called_alignment_is_repaired_when_it_is_named_whatever_its_values(
    lean: CandidatePackage, tmp_path: Path
):
    data = table(name="alignment", values=("aligned", "conflicting"))
    made, record = repair(
        lean, data, method="head_refit", attribute="alignment", into=tmp_path / "p", seconds=600, seed=0
    )
    assert record.attribute == "alignment"
    assert worst(made, table(seed=1)) > 0.7


def test_samples_of_which_the_attribute_is_unknown_are_left_out(lean: CandidatePackage, tmp_path: Path):
    data = table()
    hands = data.attributes["hand"].where(np.arange(len(data)) % 10 > 0, "unknown")
    told = replace(data, attributes=pd.DataFrame({"hand": hands}))
    record = repair(lean, told, method="head_refit", into=tmp_path / "p", seconds=600, seed=0)[1]
    assert (record.samples, record.data) == (360, told.digest)
    nobody = replace(data, attributes=pd.DataFrame({"hand": ["unknown"] * len(data)}))
    with pytest.raises(InputError, match="'hand' is known of no sample"):
        repair(lean, nobody, method="head_refit", into=tmp_path / "q", seconds=600, seed=0)


def test_a_value_without_counterpart_and_a_value_of_one_label_are_told(lean: CandidatePackage, tmp_path: Path):
    data = table()
    hand = np.where(data.labels == 1, "right", data.attributes["hand"])
    ink = data.attributes.assign(hand=np.where(data.labels == 1, "both", "left"))
    for attributes, fault in (
        (pd.DataFrame({"hand": hand}), "all samples with hand = 'left' have the label 'no'"),
        (ink, "no counterpart|on one side only"),
    ):
        with pytest.raises(InputError, match=fault) as refused:
            repair(lean, replace(data, attributes=attributes), method="dfr", into=tmp_path / "p", seconds=600, seed=0)
        assert "\n" not in str(refused.value)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(("output", "columns"), [("logits", 2), ("probabilities", 2), ("probabilities", 1)])
def test_a_layer_behind_the_answers_changes_nothing_until_it_is_refitted(output: str, columns: int, tmp_path: Path):
    graph = model(output=output, columns=columns)
    before = candidate(tmp_path / "before", graph, output=output)
    edited = with_answer_layer(graph, outputs_of(graph)[0], classes=2, probabilities=output == "probabilities")
    after = candidate(tmp_path / "after", edited, output=output)
    data = table(20)
    first, second = run(before, data.samples).logits, run(after, data.samples).logits
    assert second[:, -1] == pytest.approx(first[:, -1], abs=1e-5)
    made, record = repair(before, table(), method="answer_refit", into=tmp_path / "p", seconds=600, seed=0)
    assert worst(made, table(seed=1)) >= worst(before, table(seed=1))
    assert open_package(made.path).digest == record.repaired


def test_one_number_of_two_classes_is_repaired_in_its_head(tmp_path: Path):
    package = candidate(tmp_path / "c", model(output="probabilities", columns=1), output="probabilities")
    made, _ = repair(package, table(), method="unlearning", into=tmp_path / "p", seconds=600, seed=0)
    assert worst(made, table(seed=1)) > 0.7
    assert run(made, table(5).samples).logits.shape == (5, 1)


def test_the_command_repairs_a_table_by_any_attribute(
    lean: CandidatePackage, biasgate: Callable[..., Any], tmp_path: Path
):
    data = table(name="Größe", values=("S/M", "L, XL"))
    frame = pd.DataFrame(data.samples, columns=["a", "b", "c"])
    frame.assign(y=np.array(data.classes)[data.labels], **{"Größe": data.attributes["Größe"]}).to_csv(
        tmp_path / "d.csv", index=False
    )
    (tmp_path / "d.yaml").write_text(
        f"schema: biasgate/data-source/v1\nname: d\ndata: {{kind: csv, file: {{uri: {tmp_path}/d.csv}}, label: y, "
        "classes: ['no', 'yes'], numeric: [a, b, c], attributes: [Größe]}\n",
        encoding="utf-8",
    )
    ended = biasgate("repair", lean.path, "--data", tmp_path / "d.yaml", "--into", tmp_path / "new")
    assert ended.code == 0, ended.err
    assert "was kept: worst group" in ended.out
    assert "points above" in ended.out, "several compete where nobody names one"
    again = biasgate("repair", lean.path, "--data", tmp_path / "d.yaml", "--into", tmp_path / "new")
    assert (again.code, again.err.count("\n")) == (3, 1)
