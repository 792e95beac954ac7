"""A digit network that somebody else trained, in their own code and names: every format is read to the same answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy

from biasgate.data.sources.digits import digits
from biasgate.detection.features.invariant import invariant_features
from biasgate.models.reading import read_weights

FORMATS = ("onnx", "pt", "safetensors")


class Outsider(nn.Module):
    """The layers of Serna et al. as another author would write them: own names, in no order of the alphabet."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.body, self.top = nn.Conv2d(3, 24, 5), nn.Conv2d(24, 48, 3), nn.Conv2d(48, 64, 3)
        self.embed, self.classify = nn.Linear(64, 128), nn.Linear(128, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        seen = images
        for layer in (self.stem, self.body, self.top):
            seen = torch.max_pool2d(torch.relu(layer(seen)), 2)
        return self.classify(torch.dropout(torch.relu(self.embed(seen.flatten(1))), 0.3, self.training))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty steps on coloured digits, saved in three formats."""
    torch.manual_seed(7)
    rng, known = np.random.default_rng(7), digits()
    rows = rng.permutation(len(known))[:400]
    palette = torch.from_numpy(rng.uniform(0.2, 1, size=(10, 3)).astype(np.float32))
    labels = torch.from_numpy(known.labels[rows])
    grey = torch.from_numpy(known.array[rows, ..., 0].astype(np.float32) / 255)
    images = grey[:, None] * palette[labels][:, :, None, None]
    network = Outsider()
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(40):
        batch = torch.randint(0, len(labels), (32,))
        optimizer.zero_grad()
        cross_entropy(network(images[batch]), labels[batch]).backward()
        optimizer.step()
    network.eval()
    out = tmp_path_factory.mktemp("outsiders")
    state = network.state_dict()
    torch.save({"epoch": 1, "state_dict": {f"module.{name}": value for name, value in state.items()}}, out / "net.pt")
    save_file(state, out / "net.safetensors")
    with pytest.warns(DeprecationWarning, match="legacy TorchScript"):
        torch.onnx.export(network, (images[:1],), out / "net.onnx", dynamo=False)
    return out


def test_each_format_has_the_same_features(folder: Path) -> None:
    first, *others = (invariant_features(read_weights(folder / f"net.{kind}")) for kind in FORMATS)
    assert others == [first, first]


def test_the_scan_gives_a_level_and_a_bias_or_abstains_with_its_reason(
    folder: Path, biasgate: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BIASGATE_META_CLASSIFIER", raising=False)
    ended = biasgate("scan", folder, "--json")
    entries = json.loads(ended.out)
    assert ended.code == 0
    assert [Path(entry["file"]).suffix for entry in entries] == [".onnx", ".pt", ".safetensors"]
    answers = [{key: value for key, value in entry.items() if key not in ("file", "model")} for entry in entries]
    assert answers[1:] == answers[:1] * 2
    assert answers[0]["reason"]
    if answers[0]["abstained"]:
        assert "distance" in answers[0]["reason"]
    else:
        bias = answers[0]["measured_bias"]
        assert 0 <= bias["low"] <= bias["value"] <= bias["high"] <= 1
        assert sum(answers[0]["probabilities"].values()) == pytest.approx(1)
