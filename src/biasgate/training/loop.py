"""The training loop: fixed steps, preloaded tensors, one stream of randomness."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from biasgate.training.loss import mean_loss
from biasgate.training.recipe import TrainingRecipe
from biasgate.training.schedule import learning_rates

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

SHIFT = 2
"""Pixels that an image may move when the recipe shifts."""


def train(
    module: nn.Module,
    samples: Tensor,
    labels: Tensor,
    *,
    recipe: TrainingRecipe,
    generator: torch.Generator,
) -> float:
    """Trains ``module`` in place by ``loss.mean_loss`` and leaves it in evaluation mode.

    Only parameters that require a gradient move, so a caller that freezes layers fine-tunes the rest. The result is a
    function of module, data, recipe, generator and number of threads alone. The generator also seeds dropout.

    Args:
        module: From samples to logits ``[n, classes]``.
        samples: ``float32 [n, channels, height, width]`` or ``[n, features]``, normalised already.
        labels: Class indices ``int64 [n]``, or 0 and 1 ``int64 [n, labels]`` (multi-label).
        recipe: Fixed beforehand.
        generator: Draws batches, shifts and dropout.

    Returns:
        Mean loss over the last tenth of the steps.
    """
    import torch

    from biasgate.training.optimizers import optimizer_for

    parameters = [p for p in module.parameters() if p.requires_grad]
    optimizer = optimizer_for(parameters, recipe.optimizer, weight_decay=recipe.weight_decay)
    rates = learning_rates(recipe).tolist()
    batches = draw_batches(len(samples), recipe, generator)
    views = _views(samples, recipe, generator)
    losses = torch.zeros(recipe.steps)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
        module.train()
        for step, rows in enumerate(batches):
            loss = mean_loss(module(views(rows)), labels[rows], smoothing=recipe.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.param_groups[0]["lr"] = rates[step]
            optimizer.step()
            losses[step] = loss.detach()
    module.eval()
    return float(final_loss(losses))


def draw_batches(n: int, recipe: TrainingRecipe, generator: torch.Generator) -> Tensor:
    """Row indices ``int64 [steps, batch]``: whole epochs in fresh random order, the last one cut."""
    import torch

    batch = min(recipe.batch, n)
    epochs = -(-recipe.steps * batch // n)
    order = torch.cat([torch.randperm(n, generator=generator) for _ in range(epochs)])
    return order[: recipe.steps * batch].view(recipe.steps, batch)


def final_loss(losses: Tensor) -> Tensor:
    """Mean over the last tenth of the steps, which are the last axis."""
    return losses[..., -max(1, losses.shape[-1] // 10) :].mean(dim=-1)


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
