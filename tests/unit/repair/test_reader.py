from dataclasses import replace

import pytest
import torch

from biasgate.data.dataset import Dataset
from biasgate.models.architecture import Architecture
from biasgate.models.card import InputContract
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.relu import Relu
from biasgate.models.network import build
from biasgate.models.package import CandidatePackage
from biasgate.models.preprocess import preprocess
from biasgate.models.restore import restore
from biasgate.repair.adversary.attack import attack
from biasgate.repair.adversary.attribute_reader import fit_reader
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData, read_data


@pytest.fixture(scope="module")
def classifier(biased: CandidatePackage) -> PixelClassifier:
    return PixelClassifier(restore(biased), biased.card.input)


def read_share(classifier: PixelClassifier, data: RepairData, pixels: torch.Tensor, values: torch.Tensor) -> float:
    return float((fit_reader(classifier, data)(pixels).argmax(dim=1) == values).float().mean())


def test_the_reader_reads_the_colour_off_a_biased_network(classifier: PixelClassifier, repair_data: Dataset):
    data = read_data(repair_data, attribute="colour")
    assert read_share(classifier, data, data.samples, data.values) > 0.95


def test_a_reader_of_two_values_reads_both(classifier: PixelClassifier, repair_data: Dataset):
    data = read_data(repair_data, attribute="colour")
    two = data.take(data.values < 2)
    two = replace(two, kinds=2)
    assert read_share(classifier, two, two.samples, two.values) > 0.95


def test_colour_maps_turn_most_digits_into_another_colour_for_the_reader(
    classifier: PixelClassifier, repair_data: Dataset
):
    data = read_data(repair_data, attribute="colour")
    targets = (data.values + 1) % data.kinds
    found = attack(fit_reader(classifier, data), data.samples, targets, family="mixing", radius=0.6)
    assert read_share(classifier, data, found, targets) > 0.6


def test_pixels_pass_the_input_contract_as_stored_samples_do(classifier: PixelClassifier, repair_data: Dataset):
    contract = InputContract(shape=(3, 28, 28), layout="NCHW", scale=1 / 255, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.5))
    ours = PixelClassifier(classifier.network, contract).standardise(read_data(repair_data, attribute="colour").samples)
    assert torch.allclose(ours, torch.from_numpy(preprocess(repair_data.array, contract)), atol=1e-5)


def test_a_network_without_convolutions_has_early_features_too():
    layers = (Flatten(), Dense(out=7), Relu(), Dense(out=2))
    dense = build(Architecture(name="dense", input=(3, 4, 4), layers=layers))
    contract = InputContract(shape=(3, 4, 4), layout="NCHW", scale=1 / 255)
    assert PixelClassifier(dense, contract).early(torch.rand(5, 3, 4, 4)).shape == (5, 7)
