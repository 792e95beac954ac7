"""The training loop: fixed steps, preloaded tensors, one stream of randomness."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from biasgate.training.recipe import TrainingRecipe

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

SHIFT = 2
WARM_UP = 0.25


def train(
    module: nn.Module,
    samples: Tensor,
    labels: Tensor,
    *,
    recipe: TrainingRecipe,
    generator: torch.Generator,
) -> float:
    """Trains ``module`` in place by cross-entropy and leaves it in evaluation mode.

    Only parameters that require a gradient move, so a caller that freezes layers fine-tunes the rest. The result is a
    function of module, data, recipe, generator and number of threads alone. The generator also seeds dropout.

    Args:
        module: From samples to logits ``[n, classes]``.
        samples: ``float32 [n, channels, height, width]`` or ``[n, features]``, normalised already.
        labels: Class indices ``int64 [n]``.
        recipe: Fixed beforehand.
        generator: Draws batches, shifts and dropout.

    Returns:
        Mean loss over the last tenth of the steps.
    """
    import torch
    from torch.nn.functional import cross_entropy

    parameters = [p for p in module.parameters() if p.requires_grad]
    optimizer = _optimizer(parameters, recipe)
    schedule = _schedule(optimizer, recipe)
    batches = _batches(len(samples), recipe, generator)
    views = _views(samples, recipe, generator)
    losses = torch.zeros(recipe.steps)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
        module.train()
        for step, rows in enumerate(batches):
            loss = cross_entropy(module(views(rows)), labels[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            losses[step] = loss.detach()
    module.eval()
    return float(losses[-max(1, recipe.steps // 10) :].mean())


def _optimizer(parameters: list[nn.Parameter], recipe: TrainingRecipe) -> torch.optim.Optimizer:
    from torch.optim import SGD, Adam, AdamW

    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "sgd":
        return SGD(parameters, lr=rate, momentum=0.9, weight_decay=decay, fused=True)
    kind = Adam if recipe.optimizer == "adam" else AdamW
    return kind(parameters, lr=rate, weight_decay=decay, fused=True)


def _schedule(optimizer: torch.optim.Optimizer, recipe: TrainingRecipe) -> torch.optim.lr_scheduler.LRScheduler:
    from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

    if recipe.schedule == "cosine":
        return CosineAnnealingLR(optimizer, recipe.steps)
    total = recipe.steps + 1
    rise = max(WARM_UP, 2 / total)
    return OneCycleLR(optimizer, recipe.learning_rate, total_steps=total, pct_start=rise, cycle_momentum=False)


def _batches(n: int, recipe: TrainingRecipe, generator: torch.Generator) -> Tensor:
    """Row indices ``int64 [steps, batch]``: whole epochs in fresh random order, the last one cut."""
    import torch

    batch = min(recipe.batch, n)
    epochs = -(-recipe.steps * batch // n)
    order = torch.cat([torch.randperm(n, generator=generator) for _ in range(epochs)])
    return order[: recipe.steps * batch].view(recipe.steps, batch)


def _views(samples: Tensor, recipe: TrainingRecipe, generator: torch.Generator) -> Callable[[Tensor], Tensor]:
    """From rows to a batch; with ``shift`` each batch is one random window of the padded images."""
    import torch
    from torch.nn.functional import pad

    if recipe.augmentation == "none" or samples.ndim != 4:
        return lambda rows: samples[rows]
    height, width = samples.shape[-2:]
    padded = pad(samples, (SHIFT,) * 4, value=float(samples.min()))

    def window(rows: Tensor) -> Tensor:
        top, left = torch.randint(2 * SHIFT + 1, (2,), generator=generator).tolist()
        return padded[rows, :, top : top + height, left : left + width]

    return window
