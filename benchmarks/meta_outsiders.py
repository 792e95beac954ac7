"""Digit networks of another code base: plain PyTorch, other digits, palettes and recipes than any zoo's.

Nothing here is shared with the zoo but the 5,000 digits, of which these take the roles that no zoo touches: trained on
``candidate``, bias measured on ``gate``. Some learn another task from the same images: these are strangers.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from biasgate.data.sources.digits import digits
from biasgate.data.splits import role
from biasgate.progress import track

Task = Literal["digits", "shuffled labels", "brightness"]
Trainer = Literal["adam", "sgd"]
LEVELS = {0.9: "none", 0.5: "low", 0.15: "medium", 0.04: "high", 0.01: "very_high"}
"""Conflicting shares, and the names that the zoo has for them."""
ROUNDS = 3


@dataclass(frozen=True)
class Recipe:
    """How a trainer trains, always with batches of 32."""

    glorot: bool
    rate: float
    steps: int
    smoothing: float
    decay: float
    cosine: bool


TRAINERS: dict[Trainer, Recipe] = {
    "adam": Recipe(glorot=False, rate=1e-3, steps=500, smoothing=0, decay=0, cosine=False),
    "sgd": Recipe(glorot=True, rate=0.03, steps=700, smoothing=0.1, decay=5e-4, cosine=True),
}


@dataclass(frozen=True)
class Plan:
    """One model to train."""

    name: str
    seed: int
    share: float
    trainer: Trainer
    task: Task = "digits"


@dataclass(frozen=True)
class Outsider:
    """One model: its plan, its file, and the accuracy and bias on digits that running it shows."""

    plan: Plan
    file: Path
    aligned: float
    measured_bias: float


def plans() -> list[Plan]:
    """Each round: a model a share and trainer, then strangers of both other tasks."""
    found: list[Plan] = []
    for turn in range(ROUNDS):
        for place, share in enumerate(LEVELS):
            seeds: dict[Trainer, int] = {"sgd": 1000 * turn + 10 * place + 1, "adam": 1000 * turn + 10 * place}
            found += [Plan(f"{trainer}-{turn}-{place}", seed, share, trainer) for trainer, seed in seeds.items()]
        for place, share in enumerate(list(LEVELS)[:4]):
            trainer: Trainer = "adam" if place % 2 else "sgd"
            seed = 7000 + 100 * turn + 2 * place
            found.append(Plan(f"shuffled-{turn}-{place}", seed, share, trainer, "shuffled labels"))
            found.append(Plan(f"brightness-{turn}-{place}", seed + 1, share, trainer, "brightness"))
    return found


def outsiders(root: Path) -> list[Outsider]:
    """All of them; each is trained once and kept, so that a stopped run goes on. About five CPU minutes."""
    folder = root / "outsiders"
    folder.mkdir(parents=True, exist_ok=True)
    each = plans()
    return [
        _made(folder / f"{plan.name}.pt", plan) for plan in track(each, "outsiders", total=len(each), unit="models")
    ]


def _made(file: Path, plan: Plan) -> Outsider:
    record = file.with_suffix(".json")
    if not record.exists():
        rng = np.random.default_rng([78, plan.seed])
        torch.manual_seed(plan.seed + 1000)
        palette = rng.uniform(0.2, 1, size=(10, 3))
        net = _net(glorot=TRAINERS[plan.trainer].glorot)
        images, labels = _coloured("candidate", palette, rng, share=plan.share)
        _train(net, images, _answers(images, labels, plan.task), TRAINERS[plan.trainer])
        aligned, conflicting = (_accuracy(net, *_coloured("gate", palette, rng, share=s)) for s in (0, 1))
        torch.save(net.state_dict(), file)
        part = record.with_suffix(".part")
        part.write_text(json.dumps(asdict(plan) | {"aligned": aligned, "measured_bias": aligned - conflicting}))
        part.replace(record)
    found = json.loads(record.read_text())
    return Outsider(plan, file, found["aligned"], found["measured_bias"])


def _answers(images: Tensor, labels: Tensor, task: Task) -> Tensor:
    """What to learn: the digits, the digits in a random order, or ten equally frequent classes of mean brightness."""
    if task == "shuffled labels":
        return labels[torch.randperm(len(labels))]
    if task == "brightness":
        return images.mean((1, 2, 3)).argsort().argsort() * 10 // len(labels)
    return labels


def _net(*, glorot: bool) -> nn.Sequential:
    """The layers of Serna et al., with PyTorch's own initialisation or Glorot's and biases at zero."""
    net = nn.Sequential(
        nn.Conv2d(3, 24, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(24, 48, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(48, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10),
    )  # fmt: skip
    for layer in net if glorot else ():
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net


def _coloured(part: str, palette: np.ndarray, rng: np.random.Generator, *, share: float) -> tuple[Tensor, Tensor]:
    """Images in [0, 1] of one role and their digits; a share wears another digit's colour."""
    images = role(digits(), part)
    other = (images.labels + rng.integers(1, 10, size=len(images))) % 10
    worn = np.where(rng.random(len(images)) < share, other, images.labels)
    grey = torch.from_numpy(images.samples[..., 0] / np.float32(255))
    colour = torch.from_numpy(palette[worn].astype(np.float32))
    return grey[:, None] * colour[:, :, None, None], torch.from_numpy(images.labels)


def _train(net: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe) -> None:
    if recipe.cosine:
        optimizer = torch.optim.SGD(net.parameters(), lr=recipe.rate, momentum=0.9, weight_decay=recipe.decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps)
    else:
        optimizer, schedule = torch.optim.Adam(net.parameters(), lr=recipe.rate), None
    for _ in range(recipe.steps):
        rows = torch.randint(0, len(labels), (32,))
        loss = nn.functional.cross_entropy(net(images[rows]), labels[rows], label_smoothing=recipe.smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if schedule:
            schedule.step()
    net.eval()


@torch.inference_mode()
def _accuracy(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    return float((net(images).argmax(dim=1) == labels).float().mean())
