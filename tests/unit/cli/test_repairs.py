"""``biasgate repair`` as it is typed: the page of what changed, and inputs that no method can work on."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from biasgate.contracts.repair_record import RepairRecord
from biasgate.data.dataset import Dataset
from biasgate.data.sources.npz import save_npz
from biasgate.gate.policy import policy_text
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.package import open_package, pack
from biasgate.repair.registry import DEFAULT

SIDE, CLASSES = 8, ("no", "yes")
Command = Callable[..., Any]


def lamps(n: int = 300, *, seed: int = 0) -> Dataset:
    """Each image twice, alike but for the lamp in its right half; the label lights the left half, and less."""
    rng = np.random.default_rng(seed)
    labels, worn = np.tile(np.arange(n) % 2, 2), np.repeat([0, 1], n)
    lamp = labels ^ worn
    samples = np.tile(rng.integers(0, 120, (n, SIDE, SIDE, 3)), (2, 1, 1, 1))
    samples[:, :, :4] += 40 * labels[:, None, None, None]
    samples[:, :, 4:] += 120 * lamp[:, None, None, None]
    attributes = pd.DataFrame({"lamp": np.array(["off", "on"])[lamp]})
    clusters = np.tile(np.arange(n), 2)
    return Dataset(samples.astype(np.uint8), labels, CLASSES, attributes, clusters, name="lamps")


def candidate(folder: Path, *, tail: tuple[str, ...] = ()) -> Path:
    """A graph that reads the lamp three times as much as what shows the label; ``tail`` comes after its logits."""
    weight = np.zeros((3, SIDE, SIDE), np.float32)
    weight[:, :, :4], weight[:, :, 4:] = 0.02, 0.06
    rows = np.stack([-weight, weight]).reshape(2, -1)
    stored = {"w": rows, "b": np.array([3.3, -3.3], np.float32)}
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["0"], transB=1),
    ]
    nodes += [helper.make_node(kind, [str(place)], [str(place + 1)]) for place, kind in enumerate(tail)]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", ["n", 3, SIDE, SIDE]), (str(len(tail)), ["n", 2]))
    ]
    tensors = [numpy_helper.from_array(array, name) for name, array in stored.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    folder.mkdir(parents=True)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "lamps.onnx"
    )
    contract = InputContract(shape=(3, SIDE, SIDE), layout="NCHW", scale=1 / 255)
    card = CandidateCard(name="lamps", classes=CLASSES, input=contract, training_data="none", submitter="ana")
    return pack(folder / "lamps.onnx", card, folder / "package").path


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return candidate(tmp_path_factory.mktemp("lean") / "c")


def kept(data: Dataset, folder: Path) -> Path:
    """The set as a data source."""
    save_npz(data, str(folder / "d.npz"))
    source = folder / "d.yaml"
    source.write_text(f"schema: biasgate/data-source/v1\nname: d\ndata: {{kind: npz, file: {{uri: {folder}/d.npz}}}}\n")
    return source


def test_the_help_names_the_methods_that_compete_where_none_is_named(biasgate: Command):
    told = " ".join(biasgate("repair", "--help").out.replace("│", " ").split())
    assert f"{', '.join(DEFAULT[:-1])} and {DEFAULT[-1]} compete" in told


def test_a_repair_writes_a_page_with_the_images_that_changed(lean: Path, biasgate: Command, tmp_path: Path):
    source, page = kept(lamps(), tmp_path), tmp_path / "pages" / "repair.html"
    ended = biasgate(
        "repair",
        lean,
        "--data",
        source,
        "--into",
        tmp_path / "new",
        "--report",
        page,
        "--json",
        "--method",
        "unlearning",
    )
    assert ended.code == 0, ended.err
    record, text = RepairRecord.parse(ended.out, where="record"), page.read_text(encoding="utf-8")
    assert record.flips
    assert text.count('src="data:image/png;base64,') == len(record.flips)
    assert "Decisions lean less on lamp" in text
    told = {(one.row, one.label, one.value) for one in record.flips}
    data = lamps()
    assert told <= {(row, CLASSES[data.labels[row]], data.attribute("lamp")[row]) for row in range(len(data))}


def test_nothing_that_is_there_is_overwritten(lean: Path, biasgate: Command, tmp_path: Path):
    source, before = kept(lamps(40), tmp_path), open_package(lean).digest
    for options in (("--into", lean), ("--into", tmp_path / "new", "--report", lean / "card.json")):
        ended = biasgate("repair", lean, "--data", source, *options)
        assert (ended.code, ended.err.count("\n")) == (3, 1)
        assert "already exists" in ended.err
    assert open_package(lean).digest == before
    assert not (tmp_path / "new").exists()


def of_value(values: NDArray[np.str_]) -> Callable[[Dataset], Dataset]:
    """The set with these values in turn, each image once."""

    def changed(data: Dataset) -> Dataset:
        half = data.take(np.arange(len(data) // 2))
        own = np.where(half.labels == 1, values[0], values[1:][np.arange(len(half)) // 2 % (len(values) - 1)])
        return Dataset(half.array, half.labels, CLASSES, pd.DataFrame({"lamp": own}), half.clusters)

    return changed


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (of_value(np.array(["on", "off"])), "has no counterpart"),
        (of_value(np.array(["on", "on", "off"])), "have the label 'no'"),
        (lambda data: data.take(data.labels == 0), "have the label 'no'"),
        (lambda data: data.take(np.flatnonzero(data.clusters < 2)), "too few clusters to hold some out"),
        (lambda data: data.take(data.attribute("lamp") == "on"), "'lamp' has 1 value"),
    ],
    ids=["no counterpart", "one class in a group", "one class", "no validation rows", "one value"],
)
def test_data_that_no_repair_can_learn_from_is_one_sentence(
    spoilt: Callable[[Dataset], Dataset], said: str, lean: Path, biasgate: Command, tmp_path: Path
):
    ended = biasgate("repair", lean, "--data", kept(spoilt(lamps()), tmp_path), "--into", tmp_path / "new")
    assert (ended.code, ended.err.count("\n")) == (3, 1)
    assert said in ended.err
    assert not (tmp_path / "new").exists()


def test_a_network_without_a_linear_head_is_one_sentence_that_names_what_else_to_try(biasgate: Command, tmp_path: Path):
    package, data = candidate(tmp_path / "c", tail=("Tanh",)), kept(lamps(40), tmp_path)
    ended = biasgate("repair", package, "--data", data, "--into", tmp_path / "new", "--method", "unlearning")
    assert (ended.code, ended.err.count("\n")) == (3, 1)
    assert re.search(r"ends in 'Tanh'.*: ", ended.err)


def test_a_page_that_could_not_be_written_or_would_spoil_a_package_is_refused_before_the_work(
    lean: Path, biasgate: Command, tmp_path: Path
):
    source, before = kept(lamps(40), tmp_path), open_package(lean).digest
    for page in (lean / "repair.html", tmp_path / "new" / "repair.html", tmp_path / "new", source / "repair.html"):
        ended = biasgate("repair", lean, "--data", source, "--into", tmp_path / "new", "--report", page)
        assert (ended.code, ended.err.count("\n")) == (3, 1)
        assert "name a file" in ended.err
    assert open_package(lean).digest == before
    assert not (tmp_path / "new").exists()


def test_of_two_equal_trials_one_is_marked_as_chosen(lean: Path, biasgate: Command, tmp_path: Path):
    source, method = kept(lamps(40), tmp_path), "{method: head_refit, damping: 0.003}"
    options = ("--into", tmp_path / "new", "--method", method, "--method", method)
    ended = biasgate("repair", lean, "--data", source, *options)
    assert ended.code == 0, ended.err
    assert ended.out.count("✓") == 1


def test_a_policy_that_names_a_method_that_is_gone_says_what_to_name(biasgate: Command, tmp_path: Path):
    policy = tmp_path / "policy.yaml"
    shipped = policy_text("digits_demo")
    policy.write_text(re.sub(r"methods: \[.*\]", "methods: [head_fine_tuning]", shipped))
    ended = biasgate("policy", "check", policy)
    assert (ended.code, ended.err.count("\n")) == (3, 1)
    assert "no repair method 'head_fine_tuning' any more: name head_refit in its place" in ended.err
