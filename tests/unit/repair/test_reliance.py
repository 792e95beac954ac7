from dataclasses import replace

import pytest
import torch

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.architecture import Architecture
from biasgate.models.card import InputContract
from biasgate.models.layers.dense import Dense
from biasgate.models.network import build
from biasgate.repair import reliance as room
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData, read_data
from biasgate.repair.leaning import leaning
from biasgate.repair.reliance import attribution_shares, reliance

ROWS = InputContract(shape=(3,), layout="rows")


def linear(weights: list[float]) -> PixelClassifier:
    """Logits ±w·x of rows whose first column is the attribute."""
    network = build(Architecture(name="linear", input=(3,), layers=(Dense(out=2),)))
    with torch.no_grad():
        network.get_parameter("layers.0.weight").copy_(torch.tensor([weights, [-w for w in weights]]))
        network.get_parameter("layers.0.bias").zero_()
    return PixelClassifier(network, ROWS)


def test_of_a_linear_score_the_attributes_share_is_that_of_its_change():
    samples, counterfactuals = torch.tensor([[1.0, 2.0, 0.0]]), torch.tensor([[-1.0, 2.0, 0.0]])
    found = attribution_shares(linear([3.0, 1.0, 5.0]), samples, counterfactuals, torch.tensor([0]))
    change, rest = abs(3 * (1 - -1)), abs(3 * -1) + abs(1 * 2)
    assert found == pytest.approx([change / (change + rest)], rel=1e-5)


def test_a_score_that_ignores_the_attribute_leans_on_it_by_nothing():
    rows = torch.tensor([[1.0, 2.0, 1.0], [-1.0, 2.0, 1.0], [1.0, -2.0, 1.0], [-1.0, -2.0, 1.0]])
    data = RepairData(rows, torch.tensor([0, 0, 1, 1]), (rows[:, 0] > 0).long(), 2, torch.tensor([True, False] * 2),
                    torch.tensor([0, 0, 1, 1]))  # fmt: skip
    blind, _ = reliance(linear([0.0, 1.0, 0.0]), data)
    assert blind.swap_rate == 0
    assert blind.attribution_share == 0
    swapped, shares = reliance(linear([9.0, 1.0, 0.0]), data)
    assert swapped.attribution is not None
    assert swapped.attribution.value == swapped.attribution_share == shares.mean()
    assert swapped.swap_rate == 1
    assert swapped.attribution_share > 0.5
    assert swapped.twins == 2


def test_without_counterfactual_pairs_reliance_cannot_be_read(repair_data: Dataset):
    data = read_data(repair_data, attribute="colour")
    with pytest.raises(InputError, match="counterfactual pairs"):
        reliance(linear([1.0, 1.0, 1.0]), replace(data, clusters=torch.arange(len(data))))


def test_of_a_network_that_looks_words_up_the_bias_is_read_and_no_attributions():
    class Lookup(PixelClassifier):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return super().forward(pixels.long().float())

    rows = torch.tensor([[1.0, 2.0, 1.0], [-1.0, 2.0, 1.0], [1.0, -2.0, 1.0], [-1.0, -2.0, 1.0]])
    data = RepairData(rows, torch.tensor([0, 0, 1, 1]), (rows[:, 0] > 0).long(), 2, torch.tensor([True, False] * 2),
                    torch.tensor([0, 0, 1, 1]))  # fmt: skip
    found = leaning(Lookup(linear([9.0, 1.0, 0.0]).network, ROWS), data)
    assert found.told is not None
    assert found.told.reliance is None
    assert found.shares is None


def people(clusters: list[int]) -> RepairData:
    """Four pairs, the attribute in the first column; labels in turn."""
    rows = torch.tensor([[a, 1.0 + place, 1.0] for place in range(4) for a in (1.0, -1.0)])
    labels = torch.tensor([0, 0, 1, 1] * 2)
    return RepairData(rows, labels, (rows[:, 0] > 0).long(), 2, rows[:, 0] > 0, torch.tensor(clusters))


def test_two_pairs_of_one_cluster_count_as_one_in_the_interval():
    network = linear([9.0, 1.0, 0.0])
    apart, every = reliance(network, people([0, 0, 1, 1, 2, 2, 3, 3]))
    together, shares = reliance(network, people([0, 0, 0, 0, 1, 1, 1, 1]))
    assert apart.attribution is not None
    assert together.attribution is not None
    assert (apart.twins, apart.attribution.n) == (4, 4)
    assert (together.twins, together.attribution.n) == (4, 2)
    assert shares == pytest.approx([every[:2].mean(), every[2:].mean()])


def test_attributions_are_read_in_parts_that_fit_the_memory(monkeypatch: pytest.MonkeyPatch):
    seen = list[int]()

    class Counting(PixelClassifier):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            seen.append(len(pixels))
            return super().forward(pixels)

    data = people([0, 0, 1, 1, 2, 2, 3, 3])
    network = linear([9.0, 1.0, 4.0])
    halves = data.samples[::2], data.samples[1::2], data.labels[::2]
    whole = attribution_shares(network, *halves)
    monkeypatch.setattr(room, "PART", 6)
    assert attribution_shares(Counting(network.network, ROWS), *halves) == pytest.approx(whole)
    assert max(seen) == 2


def test_where_no_label_has_both_sides_nothing_is_told_of_how_a_network_leans():
    data = people([0, 1, 2, 3, 4, 5, 6, 7])
    assert leaning(linear([9.0, 1.0, 0.0]), replace(data, aligned=data.labels == 0)).told is None
