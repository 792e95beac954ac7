"""Heatmaps by subgroup, on images whose truth is known: a label lights the left half, group y the right edge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from biasgate.attribution.findings import findings, rates_spec
from biasgate.attribution.measure_relevance import measure_relevance
from biasgate.contracts.relevance import Finding, Pictures, Relevance, RelevanceSpec
from biasgate.data.dataset import Dataset
from biasgate.data.regions import Region, RegionMap
from biasgate.errors import InputError
from biasgate.evaluation.evaluate import evaluate
from biasgate.models.architecture import Architecture
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.network import build
from biasgate.models.package import CandidatePackage, pack

pytestmark = pytest.mark.filterwarnings("ignore")
SPEC = RelevanceSpec(attributes=("group", "tone"), depth=2, draws=199, nulls=40)
SIDE = 8
NAMES = ("smile", "frown")
REGIONS = RegionMap(
    regions=(
        Region(name="left", shapes=(((-1.0, -1.0), (0.0, -1.0), (0.0, 1.0), (-1.0, 1.0)),)),
        Region(name="right", shapes=(((0.0, -1.0), (1.0, -1.0), (1.0, 1.0), (0.0, 1.0)),)),
    ),
    evidence=dict.fromkeys(NAMES, ("left",)),
)


def images(n: int = 120, *, rows: int = 2, seed: int = 0) -> Dataset:
    """``rows`` images of each of ``n`` persons; a smile lights the upper left, a frown the lower left."""
    rng = np.random.default_rng(seed)
    clusters, labels = np.repeat(np.arange(n), rows), rng.integers(0, 2, (n * rows, 2))
    group, tone = rng.integers(0, 2, n)[clusters], rng.integers(0, 3, n)[clusters]
    samples = rng.integers(0, 60, (n * rows, SIDE, SIDE, 3))
    samples[:, :4, :4] += (120 * labels[:, 0])[:, None, None, None]
    samples[:, 4:, :4] += (120 * labels[:, 1])[:, None, None, None]
    samples[:, :, 6:] += (120 * group)[:, None, None, None]
    attributes = pd.DataFrame({"group": np.array(["x", "y"])[group], "tone": np.array(["1", "2", "3"])[tone]})
    return Dataset(samples.astype(np.uint8), labels, NAMES, attributes, clusters, name="patches")


def package(folder: Path, *, lean: float) -> CandidatePackage:
    """A linear multi-label network that reads the left half, and the right one ``lean`` times as much for smiles."""
    architecture = Architecture(name="linear", input=(3, SIDE, SIDE), layers=(Flatten(), Dense(out=2)))
    network = build(architecture)
    weight = torch.zeros(2, 3, SIDE, SIDE)
    weight[0, :, :4, :4], weight[1, :, 4:, :4], weight[0, :, :, 6:] = 1.0, 1.0, lean
    with torch.no_grad():
        network.get_parameter("layers.1.weight").copy_(weight.flatten(1))
        network.get_parameter("layers.1.bias").copy_(torch.tensor([-17.0 - 17.0 * lean, -17.0]))
    folder.mkdir(parents=True)
    export_onnx(network.eval(), path=folder / "m.onnx")
    card = CandidateCard(
        name="patches",
        task="multilabel",
        classes=NAMES,
        input=InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255),
        architecture=architecture,
        training_data="none",
        submitter="test",
    )
    return pack(folder / "m.onnx", card, folder / "package")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[float, tuple[Relevance, Pictures, tuple[Finding, ...]]]:
    """By how much the network leans on the group: its relevance, pictures and findings."""
    folder, data = tmp_path_factory.mktemp("packages"), images()
    found = {}
    for lean in (0.0, 1.2):
        candidate = package(folder / str(lean), lean=lean)
        relevance, pictures = measure_relevance(candidate, data, REGIONS, SPEC)
        found[lean] = relevance, pictures, findings(evaluate(candidate, data, rates_spec(data, SPEC)), relevance)
    return found


def test_a_planted_lean_is_found_by_rates_and_by_both_heatmaps_in_the_region_that_carries_it(measured) -> None:
    found = [f for f in measured[1.2][2] if f.attribute == "group" and f.kind in ("rate", "lean")]
    assert {f.label for f in found} == {"smile"}
    assert {f.measure for f in found} >= {"false_positive_rate", "lrp", "integrated_gradients"}
    leans = [f for f in found if f.kind == "lean"]
    assert all(f.higher == {"group": "y"} and list(f.regions) == ["right"] for f in leans)


def test_its_twin_without_the_lean_gives_no_finding(measured) -> None:
    assert not measured[0.0][2]


def test_share_and_density_say_where_relevance_lies(measured) -> None:
    for method in measured[0.0][0].methods:
        whole = [cell for cell in method.focus if not cell.subgroup]
        assert [cell.label for cell in whole] == list(NAMES)
        assert all(cell.share.value == pytest.approx(1, abs=0.04) and cell.p_value < 1e-10 for cell in whole)
    smile = measured[1.2][0].methods[0].focus[0]
    assert 0.2 < smile.share.value < 0.8
    assert smile.parts["left"] == pytest.approx(smile.share.value)
    assert smile.clusters == 120


def test_parts_of_a_lean_add_up_to_it(measured) -> None:
    for method in measured[1.2][0].methods:
        for contrast in method.contrasts:
            if contrast.statistic == "net":
                assert sum(part.value for part in contrast.parts.values()) == pytest.approx(contrast.estimate.value)
                assert contrast.simultaneous[0] <= contrast.estimate.low


def test_heatmaps_of_randomised_weights_are_another_thing(measured) -> None:
    relevance = measured[1.2][0]
    assert all(method.likeness.high < 0.9 for method in relevance.methods)
    assert relevance.false_findings.low <= 0.05 <= relevance.false_findings.high


def test_pictures_are_averages_of_subgroups(measured) -> None:
    pictures = measured[1.2][1]
    group = {str(sorted(g.items())): place for place, g in enumerate(pictures.subgroups)}
    x, y = group["[('group', 'x')]"], group["[('group', 'y')]"]
    assert (pictures.faces[y] - pictures.faces[x])[:, 6:].mean() == pytest.approx(120, abs=5)
    lean = pictures.net["lrp"][0, y] - pictures.net["lrp"][0, x]
    assert lean[:, 6:].min() > 0
    assert abs(lean[:, :6]).max() < lean[:, 6:].min()


def test_few_units_have_no_numbers_and_are_not_compared(tmp_path: Path) -> None:
    few = RelevanceSpec(attributes=("group",), draws=99, nulls=10, methods=("lrp",))
    relevance, _ = measure_relevance(package(tmp_path / "p", lean=0.5), images(40), REGIONS, few)
    assert relevance.false_findings is None
    assert not relevance.methods[0].contrasts
    assert [cell.share is None for cell in relevance.methods[0].focus[:3]] == [False, True, True]


def test_an_attribute_that_differs_between_images_of_a_person_is_refused(tmp_path: Path) -> None:
    data = images(40)
    mixed = data.take(np.arange(len(data)))
    mixed.attributes["group"] = np.resize(["x", "y"], len(mixed))
    with pytest.raises(InputError, match="group differs"):
        measure_relevance(package(tmp_path / "p", lean=0.0), mixed, REGIONS, SPEC)


def test_a_label_without_regions_is_refused(tmp_path: Path) -> None:
    candidate, nowhere = package(tmp_path / "p", lean=0.0), RegionMap(regions=REGIONS.regions, evidence={})
    with pytest.raises(InputError, match="no region"):
        measure_relevance(candidate, images(40), nowhere, SPEC)


def test_a_graph_that_no_architecture_describes_is_explained_alike_and_lrp_asks_for_layers(
    measured, tmp_path: Path
) -> None:
    declared = package(tmp_path / "p", lean=1.2)
    bare = pack(declared.model, declared.card.model_copy(update={"architecture": None}), tmp_path / "bare")
    with pytest.raises(InputError, match="needs layers that the card declares"):
        measure_relevance(bare, images(40), REGIONS, SPEC)
    relevance, _ = measure_relevance(bare, images(), REGIONS, SPEC.model_copy(update={"methods": SPEC.methods[1:]}))
    (known,) = (method for method in measured[1.2][0].methods if method.method == relevance.methods[0].method)
    for ours, theirs in zip(relevance.methods[0].focus, known.focus, strict=True):
        assert ours.parts == pytest.approx(theirs.parts, rel=1e-4)
