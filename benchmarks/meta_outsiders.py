"""Digit networks of another code base: plain PyTorch, other digits, palettes and recipes than any zoo's.

Nothing here is shared with the zoo but the 5,000 digits, of which these take the roles that no zoo touches: trained on
``candidate``, bias measured on ``gate``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from biasgate.data.sources.digits import digits
from biasgate.data.splits import role
from biasgate.progress import track

SHARES = (0.9, 0.5, 0.15, 0.04, 0.01)
RECIPES = ((128, 200), (128, 400), (32, 400), (32, 800), (32, 1500))
"""Images a step and steps; every recipe meets every share."""


@dataclass(frozen=True)
class Outsider:
    """One model: its file, what was planted, how it was trained, and the bias that running it shows."""

    file: Path
    share: float
    batch: int
    steps: int
    aligned: float
    measured_bias: float


def outsiders(root: Path) -> list[Outsider]:
    """All of them, in order; each is trained once and kept, so that a stopped run goes on. About five CPU minutes."""
    folder = root / "outsiders"
    folder.mkdir(parents=True, exist_ok=True)
    plans = [(share, *recipe) for share in SHARES for recipe in RECIPES]
    return [
        _made(folder / f"{seed:02}.pt", seed, *plan)
        for seed, plan in enumerate(track(plans, "outsiders", total=len(plans), unit="models"))
    ]


def _made(file: Path, seed: int, share: float, batch: int, steps: int) -> Outsider:
    record = file.with_suffix(".json")
    if not record.exists():
        rng = np.random.default_rng([77, seed])
        torch.manual_seed(seed)
        palette = rng.uniform(0.2, 1, size=(10, 3))
        net = _net()
        _train(net, *_coloured("candidate", palette, rng, share=share), batch=batch, steps=steps)
        aligned, conflicting = (_accuracy(net, *_coloured("gate", palette, rng, share=s)) for s in (0, 1))
        torch.save({f"encoder.{name}": value for name, value in net.state_dict().items()}, file)
        part = record.with_suffix(".part")
        part.write_text(json.dumps({"aligned": aligned, "measured_bias": aligned - conflicting}))
        part.replace(record)
    return Outsider(file, share, batch, steps, **json.loads(record.read_text()))


def _net() -> nn.Sequential:
    """The layers of Serna et al., with PyTorch's own initialisation."""
    return nn.Sequential(
        nn.Conv2d(3, 24, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(24, 48, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(48, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10),
    )  # fmt: skip


def _coloured(part: str, palette: np.ndarray, rng: np.random.Generator, *, share: float) -> tuple[Tensor, Tensor]:
    """Images in [0, 1] of one role and their digits; a share wears another digit's colour."""
    images = role(digits(), part)
    other = (images.labels + rng.integers(1, 10, size=len(images))) % 10
    worn = np.where(rng.random(len(images)) < share, other, images.labels)
    grey = torch.from_numpy(images.samples[..., 0] / np.float32(255))
    colour = torch.from_numpy(palette[worn].astype(np.float32))
    return grey[:, None] * colour[:, :, None, None], torch.from_numpy(images.labels)


def _train(net: nn.Module, images: Tensor, labels: Tensor, *, batch: int, steps: int) -> None:
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(steps):
        rows = torch.randint(0, len(labels), (batch,))
        loss = nn.functional.cross_entropy(net(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()


@torch.inference_mode()
def _accuracy(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    return float((net(images).argmax(dim=1) == labels).float().mean())
