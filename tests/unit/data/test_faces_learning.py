"""A small network learns from synthetic faces what they show."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from biasgate.data.dataset import Dataset
from biasgate.data.sources.synthetic_faces import synthetic_faces
from biasgate.data.splits import split

EPOCHS, BATCH, ENOUGH = 8, 32, 0.85


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def images(dataset: Dataset) -> torch.Tensor:
    return torch.from_numpy(dataset.samples).permute(0, 3, 1, 2).float() / 255 - 0.5


def targets(dataset: Dataset) -> torch.Tensor:
    """Masculine, and smiling."""
    return torch.from_numpy(np.stack([dataset.attribute("gender") == "masculine", dataset.labels], axis=1)).float()


def block(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]


def train(network: nn.Module, inputs: torch.Tensor, wanted: torch.Tensor) -> None:
    optimiser = torch.optim.Adam(network.parameters())
    steps = EPOCHS * len(inputs.split(BATCH))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(inputs)).split(BATCH):
            optimiser.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(network(inputs[rows]), wanted[rows]).backward()
            optimiser.step()
            schedule.step()


def test_smile_and_gender_are_learnt_on_some_persons_and_known_on_others() -> None:
    torch.manual_seed(0)
    faces = synthetic_faces(people=1000, images=2, size=32, label="AU12", seed=6)
    held_out, seen = split(faces, share=0.25, seed=0)
    network = nn.Sequential(*block(3, 16), *block(16, 32), *block(32, 32), nn.Flatten(), nn.Linear(512, 2))
    train(network, images(seen), targets(seen))
    with torch.no_grad():
        right = (network.eval()(images(held_out)) > 0) == targets(held_out).bool()
    assert not set(seen.clusters.tolist()) & set(held_out.clusters.tolist())
    assert (right.float().mean(dim=0) > ENOUGH).all(), right.float().mean(dim=0).tolist()
