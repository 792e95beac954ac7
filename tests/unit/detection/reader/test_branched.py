"""Residual and depthwise networks from zoo to scan; what a file does not say of its branches is not guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from biasgate.contracts.scan import Scan
from biasgate.detection.features.invariant import invariant_features
from biasgate.detection.features.layout import layout
from biasgate.detection.features.table import INITIAL, weights_of
from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.zoo.axis import to_axis
from biasgate.detection.zoo.engine import parameters_of
from biasgate.detection.zoo.plan import plan_zoo
from biasgate.detection.zoo.spec import Counts, Level, ZooSpec
from biasgate.models.architecture import Architecture
from biasgate.models.export import export_onnx
from biasgate.models.layers.attention import Attention
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.layers.residual import Residual
from biasgate.models.network import Network, drawn
from biasgate.models.reading import read_weights

STEM, HEAD = (Conv(out=6, kernel=3), Norm(), Relu()), (Relu(), Pool(how="global"), Flatten(), Dense(out=10))
CONV = Conv(out=6, kernel=3, padding=1)
BLOCKS = {
    "residual": (Residual(body=(CONV, Norm(), Relu(), CONV, Norm())),),
    "depthwise": (CONV.model_copy(update={"groups": 6}), Norm(), Relu(), Conv(out=8, kernel=1), Norm()),
    "attention": (Residual(body=(Attention(out=6), CONV, Norm())),),
}
NETWORKS = tuple(
    Architecture(name=name, input=(3, 14, 14), layers=(*STEM, *block, *HEAD)) for name, block in BLOCKS.items()
)
SPEC = ZooSpec(
    name="made up of blocks",
    dataset="builtin:digits",
    architectures=NETWORKS,
    planting="share",
    levels=(Level(name="none", strength=0.9), Level(name="some", strength=0.2), Level(name="much", strength=0.01)),
    counts=Counts(train=150, validation=60, test=30),
    seed=4,
)


def made_up(place: int, seed: int, colour: float) -> Network:
    """A network before training, the chroma of its first layer amplified."""
    network = drawn(NETWORKS[place], init="kaiming_uniform", seed=seed)
    first = network.layers[0].get_parameter("weight")
    with torch.no_grad():
        grey = first.mean(dim=1, keepdim=True)
        first.copy_(grey + colour * (first - grey))
    return network.eval()


@pytest.fixture(scope="module")
def classifier() -> MetaClassifier:
    rows, rng = [], np.random.default_rng(0)
    for model in plan_zoo(SPEC, shards=1).models:
        axis = to_axis(model.strength, "share")
        networks = (made_up(model.architecture, model.seed, c) for c in (1.0, np.exp(axis / 4 + rng.normal() * 0.1)))
        before, after = (weights_of(parameters_of(one), NETWORKS[model.architecture]) for one in networks)
        initial = {INITIAL + name: value for name, value in invariant_features(before).items()}
        line = model.model_dump(include={"split", "level", "strength"})
        told = {"layout": layout(after), "class_counts": [5] * 10, "accuracy_aligned": 0.9}
        rows.append({**line, **told, "measured_bias": 0.5, **invariant_features(after), **initial})
    return fit_meta_classifier(pd.DataFrame(rows), spec=SPEC)


def scanned(classifier: MetaClassifier, file: Path) -> Scan:
    return classifier.scan(read_weights(file))


@pytest.mark.parametrize("place", [0, 1], ids=["residual", "depthwise"])
def test_a_graph_of_a_family_that_the_zoo_holds_is_read(classifier: MetaClassifier, place: int, tmp_path: Path) -> None:
    named = []
    for strength in (0.9, 0.01):
        for seed in range(5):
            colour = np.exp(to_axis(strength, "share") / 4)
            export_onnx(made_up(place, 10_000 + seed, float(colour)), path=tmp_path / "m.onnx")
            named.append(scanned(classifier, tmp_path / "m.onnx").level)
    read = [(level, expected) for level, expected in zip(named, ["none"] * 5 + ["much"] * 5, strict=True) if level]
    assert len(read) >= 7
    assert all(level == expected for level, expected in read)


def test_named_tensors_do_not_say_how_branches_join(classifier: MetaClassifier, tmp_path: Path) -> None:
    save_file(made_up(0, 1, 1.0).state_dict(), tmp_path / "m.safetensors")
    scan = scanned(classifier, tmp_path / "m.safetensors")
    assert scan.abstained
    assert "how its branches join" in scan.reason


def test_named_tensors_are_no_chain_because_a_chain_of_such_shapes_is_known(
    classifier: MetaClassifier, tmp_path: Path
) -> None:
    save_file(made_up(0, 1, 1.0).state_dict(), tmp_path / "m.safetensors")
    chain = layout(read_weights(tmp_path / "m.safetensors"))
    knows_both = classifier.model_copy(update={"layouts": (*classifier.layouts, chain)})
    assert "how its branches join" in scanned(knows_both, tmp_path / "m.safetensors").reason


def test_attention_in_a_graph_is_abstained_from_with_its_node(classifier: MetaClassifier, tmp_path: Path) -> None:
    export_onnx(made_up(2, 1, 1.0), path=tmp_path / "m.onnx")
    scan = scanned(classifier, tmp_path / "m.onnx")
    assert scan.abstained
    assert "do not explain what it answers" in scan.reason
    assert "node 'layers.3.body.0" in scan.reason


def test_the_same_layers_without_the_branch_are_another_network(classifier: MetaClassifier, tmp_path: Path) -> None:
    body = BLOCKS["residual"][0].parts
    chain = Architecture(name="chain", input=(3, 14, 14), layers=(*STEM, *body, *HEAD))
    export_onnx(drawn(chain, init="torch", seed=1).eval(), path=tmp_path / "m.onnx")
    scan = scanned(classifier, tmp_path / "m.onnx")
    assert scan.abstained
    assert "none that the meta-classifier has learned from" in scan.reason
