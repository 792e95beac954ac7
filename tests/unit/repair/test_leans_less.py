"""After a repair the decision looks less at the attribute, by heatmaps; after one for another attribute it does not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from biasgate.attribution.heatmaps import heatmaps
from biasgate.attribution.region_numbers import region_numbers
from biasgate.data.dataset import Dataset
from biasgate.data.regions import Region, RegionMap
from biasgate.models.architecture import Architecture
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.network import build
from biasgate.models.package import CandidatePackage, pack
from biasgate.models.preprocess import preprocess
from biasgate.models.restore import restore
from biasgate.repair.repair import repair
from biasgate.report.repair import repair_words

SIDE, CLASSES = 8, ("no", "yes")
LEFT = Region(name="left", shapes=(((-1.0, -1.0), (0.0, -1.0), (0.0, 1.0), (-1.0, 1.0)),))
REGIONS = RegionMap(regions=(LEFT,), evidence=dict.fromkeys(CLASSES, ("left",)))
CONTRACT = InputContract(shape=(3, SIDE, SIDE), layout="NCHW", scale=1 / 255)


def images(n: int, *, seed: int) -> Dataset:
    """The label lights the left half, the lamp the right; nine times in ten both agree. A coin lights none."""
    rng = np.random.default_rng(seed)
    labels, coin = rng.integers(0, 2, n), rng.integers(0, 2, n)
    lamp = np.where(rng.random(n) < 0.9, labels, 1 - labels)
    samples = rng.integers(0, 120, (n, SIDE, SIDE, 3))
    samples[:, :, :4] += 40 * labels[:, None, None, None]
    samples[:, :, 4:] += 120 * lamp[:, None, None, None]
    attributes = pd.DataFrame({"lamp": np.array(["off", "on"])[lamp], "coin": np.array(["heads", "tails"])[coin]})
    return Dataset(samples.astype(np.uint8), labels, CLASSES, attributes, np.arange(n), name="lamps")


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> CandidatePackage:
    """A linear network that reads the lamp three times as much as what shows the label."""
    architecture = Architecture(name="linear", input=CONTRACT.shape, layers=(Flatten(), Dense(out=2)))
    network, weight = build(architecture), torch.zeros(3, SIDE, SIDE)
    weight[:, :, :4], weight[:, :, 4:] = 0.02, 0.06
    with torch.no_grad():
        network.set_head(torch.stack([-weight, weight]).flatten(1), torch.tensor([3.3, -3.3]))
    folder = tmp_path_factory.mktemp("lean")
    export_onnx(network.eval(), path=folder / "m.onnx")
    card = CandidateCard(
        name="lamps",
        classes=CLASSES,
        input=CONTRACT,
        architecture=architecture,
        training_data="none",
        submitter="ana",
    )
    return pack(folder / "m.onnx", card, folder / "package")


def share_on_lamp(package: CandidatePackage, data: Dataset) -> NDArray[np.float64]:
    """How much of each image's relevance for ``yes`` lies where the lamp is."""
    inputs = preprocess(data.array, CONTRACT)
    maps = heatmaps(restore(package), inputs, targets=[1], method="integrated_gradients")
    return 1 - region_numbers(maps, REGIONS, ("yes",)).share[:, 0]


@pytest.mark.filterwarnings("ignore")
def test_relevance_leaves_the_attribute_that_a_repair_was_for_and_no_other(lean: CandidatePackage, tmp_path: Path):
    data, fresh = images(800, seed=0), images(200, seed=1)
    before = share_on_lamp(lean, fresh)
    after = {}
    for attribute in ("lamp", "coin"):
        made, _ = repair(lean, data, method="dfr", attribute=attribute, into=tmp_path / attribute, seconds=600, seed=0)
        after[attribute] = share_on_lamp(made, fresh)
    less = {attribute: (before - shares).mean() for attribute, shares in after.items()}
    signs = np.random.default_rng(0).choice([-1, 1], (999, len(fresh)))
    null = np.abs((signs * (after["coin"] - after["lamp"])).mean(axis=1))
    assert less["lamp"] > 0.1
    assert less["lamp"] > less["coin"] + 0.05
    assert (1 + (null >= abs((after["coin"] - after["lamp"]).mean())).sum()) / 1000 < 0.01


def swapped(data: Dataset, attribute: str) -> Dataset:
    """Every image twice, alike but for the lamp; or alike in all, for the coin shows nowhere."""
    both = data.take(np.tile(np.arange(len(data)), 2))
    values, samples = both.attribute(attribute).astype(object), both.array.copy()
    other, fresh = values == values[0], slice(len(data), None)
    values[fresh] = np.where(other[fresh], next(v for v in values if v != values[0]), values[0])
    if attribute == "lamp":
        lit = np.where(values[fresh] == "on", 120, -120)[:, None, None, None]
        samples[fresh, :, 4:] = (samples[fresh, :, 4:].astype(int) + lit).clip(0, 255)
    return replace(both, samples=samples, attributes=pd.DataFrame({attribute: values.astype(str)}))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("attribute", "less"), [("lamp", True), ("coin", False)])
def test_the_record_says_of_counterfactual_pairs_whether_decisions_lean_less(
    lean: CandidatePackage, tmp_path: Path, attribute: str, less: bool
):
    data = swapped(images(300, seed=2), attribute)
    _, record = repair(lean, data, method="dfr", into=tmp_path / "made", seconds=600, seed=0)
    change, before, after = record.attribution_change, record.before, record.after
    assert change is not None
    assert (change.high < 0) == less
    assert before is not None
    assert after is not None
    assert before.reliance is not None
    assert after.reliance is not None
    assert change.value == pytest.approx(after.reliance.attribution_share - before.reliance.attribution_share)
    assert any("Decisions lean less on lamp" in sentence for sentence in repair_words(record)) == less
