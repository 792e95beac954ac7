"""Models as their libraries export them, made here for real: each gives through the gate what it gave to its owner."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from candidates import import_model
from numpy.typing import NDArray
from torch import nn

from biasgate.models.as_served import run_as_served
from biasgate.models.draft import Known, draft_card

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
PIXELS = ((IMAGES.transpose(0, 3, 1, 2) / 255 - 0.5) / 0.25).astype(np.float32)
CONTRACT = {"shape": [3, 8, 8], "layout": "NCHW", "scale": 1 / 255, "mean": [0.5], "std": [0.25]}
ROWS = RNG.normal(size=(40, 2)).astype(np.float32)
TOKENS = RNG.integers(1, 30, (40, 6))
MASK = (np.arange(6) < RNG.integers(2, 7, (40, 1))).astype(np.int64)


def network(*, last: int = 3) -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()]
    made = nn.Sequential(*layers, nn.Linear(16, last))
    made(torch.from_numpy(PIXELS))  # so that batch normalisation has seen some
    return made.eval()


def exported(
    model: nn.Module, given: Sequence[NDArray[Any]], folder: Path, *, names: Sequence[str] = ("x",), free: bool = True
) -> Path:
    """By torch's earlier exporter, with a free batch axis or that of the example."""
    folder.mkdir()
    axes = {name: {0: "n"} for name in (*names, "y")} if free else None
    rows = tuple(torch.from_numpy(part) for part in given)
    ports: dict[str, Any] = {"input_names": list(names), "output_names": ["y"], "dynamic_axes": axes}
    torch.onnx.export(model, rows, str(folder / "model.onnx"), dynamo=False, **ports)
    return folder


def said(folder: Path, samples: NDArray[Any], *, columns: Any = None, **card: Any) -> NDArray[np.float32]:
    """What the gate hears of a graph whose card says this; the classes are counted."""
    fields = {"name": "m", "training_data": "sha256:1", "submitter": "ana", "classes": ["a", "b", "c"], **card}
    (folder / "card.json").write_text(json.dumps(fields))
    package = import_model(folder, folder.parent / "package")
    return run_as_served(package, samples, columns=columns)[0].logits


def of_torch(model: nn.Module, *given: NDArray[Any]) -> NDArray[np.float32]:
    with torch.no_grad():
        return model(*(torch.from_numpy(part) for part in given)).numpy()


def test_torch_s_earlier_exporter(tmp_path: Path):
    folder = exported(network(), [PIXELS[:2]], tmp_path / "made")
    np.testing.assert_allclose(said(folder, IMAGES, input=CONTRACT), of_torch(network(), PIXELS), atol=1e-4)


@pytest.mark.slow
def test_torch_s_default_exporter_whose_weights_lie_beside_the_graph(tmp_path: Path):
    (folder := tmp_path / "made").mkdir()
    free = ({0: torch.export.Dim("n")},)
    example = (torch.from_numpy(PIXELS[:2]),)
    torch.onnx.export(network(), example, str(folder / "model.onnx"), dynamic_shapes=free, verbose=False)
    assert {file.name for file in folder.iterdir()} == {"model.onnx", "model.onnx.data"}
    np.testing.assert_allclose(said(folder, IMAGES, input=CONTRACT), of_torch(network(), PIXELS), atol=1e-4)


@pytest.mark.parametrize("batch", [1, 7])
def test_a_fixed_batch_axis_is_filled_and_its_surplus_dropped(tmp_path: Path, batch: int):
    folder = exported(network(), [PIXELS[:batch]], tmp_path / "made", free=False)
    np.testing.assert_allclose(said(folder, IMAGES, input=CONTRACT), of_torch(network(), PIXELS), atol=1e-4)


class ChannelsLast(nn.Module):
    """As Keras and TensorFlow have images."""

    def __init__(self) -> None:
        super().__init__()
        self.network = network()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x.permute(0, 3, 1, 2))


def test_channels_last(tmp_path: Path):
    given = np.ascontiguousarray(PIXELS.transpose(0, 2, 3, 1))
    folder = exported(ChannelsLast(), [given[:2]], tmp_path / "made")
    contract = {**CONTRACT, "shape": [8, 8, 3], "layout": "NHWC"}
    np.testing.assert_allclose(said(folder, IMAGES, input=contract), of_torch(network(), PIXELS), atol=1e-4)


def test_half_precision(tmp_path: Path):
    folder = exported(network().half(), [PIXELS[:2].astype(np.float16)], tmp_path / "made")
    np.testing.assert_allclose(said(folder, IMAGES, input=CONTRACT), of_torch(network(), PIXELS), atol=0.01)


def test_eight_bits_as_onnx_runtime_quantises(tmp_path: Path):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    class Calibration(CalibrationDataReader):
        def __init__(self) -> None:
            self.batches = iter([{"x": PIXELS}])

        def get_next(self) -> dict[str, Any] | None:
            return next(self.batches, None)

    whole = exported(network(), [PIXELS[:2]], tmp_path / "whole") / "model.onnx"
    (folder := tmp_path / "made").mkdir()
    quantize_static(whole, folder / "model.onnx", Calibration(), quant_format=QuantFormat.QDQ)
    assert "QuantizeLinear" in {node.op_type for node in onnx.load(folder / "model.onnx").graph.node}
    found, exact = said(folder, IMAGES, input=CONTRACT), of_torch(network(), PIXELS)
    assert np.abs(found - exact).max() < 0.1 * np.ptp(exact)


@pytest.mark.parametrize("flat", [False, True])
def test_one_sigmoid_is_the_second_of_two_classes(tmp_path: Path, flat: bool):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid(), *([nn.Flatten(0)] if flat else []))
    folder = exported(model, [ROWS[:2]], tmp_path / "made")
    contract = {"shape": [2], "layout": "rows"}
    found = said(folder, ROWS, classes=["no", "yes"], output="probabilities", task="binary", input=contract)
    second = of_torch(model, ROWS).reshape(-1)
    np.testing.assert_allclose(found, np.stack([1 - second, second], axis=1), atol=1e-6)


class Reader(nn.Module):
    """A mean of the words that are there."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.head = nn.Embedding(30, 8), nn.Linear(8, 2)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        kept = attention_mask.unsqueeze(-1).to(torch.float32)
        return self.head((self.words(input_ids) * kept).sum(1) / kept.sum(1))


def test_tokens_in_two_inputs_of_whole_numbers(tmp_path: Path):
    torch.manual_seed(0)
    model, names = Reader(), ("input_ids", "attention_mask")
    folder = exported(model, [TOKENS[:2], MASK[:2]], tmp_path / "made", names=names)
    samples = np.concatenate([TOKENS, MASK], axis=1).astype(np.float32)
    columns = {"input_ids": samples[:, :6], "attention_mask": samples[:, 6:]}
    contract = {"shape": [12], "layout": "rows"}
    found = said(folder, samples, columns=columns, classes=["bad", "good"], input=contract)
    np.testing.assert_allclose(found, of_torch(model, TOKENS, MASK), atol=1e-5)


def drafted(folder: Path) -> dict[str, Any]:
    """The card that is drafted where there is none."""
    card, _ = draft_card(folder / "model.onnx", Known(name="m", submitter="ana", of_data=("no", "yes")))
    return json.loads(card.to_json())


def test_skl2onnx_s_defaults_with_a_dictionary_a_row(tmp_path: Path):
    from skl2onnx import to_onnx
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(5, max_depth=3, random_state=0).fit(ROWS, np.where(ROWS[:, 0] > 0, "yes", "no"))
    (folder := tmp_path / "made").mkdir()
    graph: Any = to_onnx(model, ROWS[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    onnx.save(graph, folder / "model.onnx")
    np.testing.assert_allclose(said(folder, ROWS, **drafted(folder)), model.predict_proba(ROWS), atol=1e-5)


def test_catboost_s_own_exporter(tmp_path: Path):
    catboost = pytest.importorskip("catboost", reason="a library of 90 MB that is no part of the tests' own")
    model = catboost.CatBoostClassifier(iterations=5, verbose=False, allow_writing_files=False)
    model.fit(ROWS, np.where(ROWS[:, 0] > 0, "yes", "no"))
    (folder := tmp_path / "made").mkdir()
    model.save_model(str(folder / "model.onnx"), format="onnx")
    np.testing.assert_allclose(said(folder, ROWS, **drafted(folder)), model.predict_proba(ROWS), atol=1e-5)
