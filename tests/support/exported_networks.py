"""Small networks of the kinds that people train, and what torch's two exporters make of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.package import CandidatePackage, pack

SIDE, CLASSES = 16, 3
IMAGES = np.random.default_rng(0).integers(0, 256, (20, SIDE, SIDE, 3), dtype=np.uint8)


class Block(nn.Module):
    """A residual block with batch normalisation."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.skip = nn.Conv2d(before, after, 1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(x) + self.skip(x))


class Transformer(nn.Module):
    """A small vision transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 8, 8)
        self.token, self.places = nn.Parameter(torch.randn(1, 1, 16)), nn.Parameter(torch.randn(1, 5, 16))
        layer = nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        words = self.patches(x).flatten(2).transpose(1, 2)
        words = torch.cat([self.token.expand(words.shape[0], -1, -1), words], dim=1) + self.places
        return self.head(self.encoder(words)[:, 0])


def residual() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 7, 2, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        Block(8, 12, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, CLASSES),
    )


def separable() -> nn.Module:
    """Depthwise convolutions, squeeze and excitation, hard swish: as MobileNets are made."""

    class Squeeze(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 2, 1), nn.ReLU(), nn.Conv2d(2, 8, 1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * nn.functional.hardsigmoid(self.gate(x))

    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1),
        nn.Hardswish(),
        nn.Conv2d(8, 8, 3, 1, 1, groups=8),
        nn.BatchNorm2d(8),
        Squeeze(),
        nn.SiLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(128, CLASSES),
        nn.Softmax(dim=1),
    )


class Named(nn.Module):
    """A module whose input is called x, as free axes name it."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


def exported(make: Callable[[], nn.Module], path: Path, *, dynamo: bool = False) -> Path:
    """An ONNX file of a network that has learned nothing, by one of torch's exporters, its batch free."""
    torch.manual_seed(0)
    module, example = Named(make()).eval(), torch.randn(2, 3, SIDE, SIDE)
    free: dict[str, Any] = {"dynamic_axes": {"x": {0: "n"}}}
    if dynamo:
        free = {"dynamic_shapes": {"x": {0: torch.export.Dim("n")}}}
    names = {"input_names": ["x"], "output_names": ["logits"]}
    torch.onnx.export(module, (example,), path, dynamo=dynamo, external_data=False, **names, **free)
    return path


def packed(path: Path, folder: Path, **changed: object) -> CandidatePackage:
    card = CandidateCard(
        name="m",
        classes=("a", "b", "c"),
        input=InputContract(shape=(3, SIDE, SIDE), layout="NCHW", scale=1 / 255, mean=(0.5,), std=(0.25,)),
        training_data="sha256:0",
        submitter="ana",
    )
    return pack(path, card.model_copy(update=changed), folder)
