from pathlib import Path

import numpy as np
import pytest
import torch

from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import plant_share, twins
from biasgate.data.sources.digits import digits
from biasgate.data.splits import role
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.network import build, initialise
from biasgate.models.package import CandidatePackage, pack
from biasgate.models.preprocess import preprocess
from biasgate.models.presets import preset
from biasgate.training.loop import train
from biasgate.training.recipe import TrainingRecipe

torch.set_num_threads(1)

CARD = CandidateCard(
    name="digits",
    classes=tuple("0123456789"),
    input=InputContract(shape=(3, 28, 28), layout="NCHW", scale=1 / 255),
    architecture=preset("digits_small"),
    training_data="sha256:" + "0" * 64,
    submitter="owner",
)


@pytest.fixture(scope="session")
def grey() -> Dataset:
    return digits()


@pytest.fixture(scope="session")
def repair_data(grey: Dataset) -> Dataset:
    rng = np.random.default_rng(1)
    return plant_share(role(grey, "repair"), palette=PAPER_PALETTE, conflicting=0.5, rng=rng)


@pytest.fixture(scope="session")
def held_out(grey: Dataset) -> Dataset:
    return twins(role(grey, "measure"), palette=PAPER_PALETTE, rng=np.random.default_rng(2))


@pytest.fixture(scope="session")
def biased(grey: Dataset, tmp_path_factory: pytest.TempPathFactory) -> CandidatePackage:
    """A network that learned digits from their colours: one in a hundred wears another's."""
    seen = plant_share(role(grey, "candidate"), palette=PAPER_PALETTE, conflicting=0.01, rng=np.random.default_rng(0))
    generator = torch.Generator().manual_seed(0)
    network = build(preset("digits_small"))
    initialise(network, init="kaiming_uniform", generator=generator)
    samples = torch.from_numpy(preprocess(seen.array, CARD.input))
    train(network, samples, torch.from_numpy(seen.labels), recipe=TrainingRecipe(), generator=generator)
    folder: Path = tmp_path_factory.mktemp("candidate")
    export_onnx(network, path=folder / "model.onnx")
    return pack(folder / "model.onnx", CARD, folder / "package")
