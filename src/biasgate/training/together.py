"""The training loop for many networks of one architecture at once; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from biasgate.models.network import Network
from biasgate.training.feed import Feed, Sight
from biasgate.training.loop import SHIFT, draw_batches, final_loss
from biasgate.training.loss import mean_losses
from biasgate.training.pool import ImagePool
from biasgate.training.recipe import TrainingRecipe
from biasgate.training.stack import Stack
from biasgate.training.updates import Updates


@dataclass(frozen=True, eq=False)
class Learner:
    """One of the networks that are trained together.

    Attributes:
        network: Trained in place.
        sight: What it sees of the pool.
        recipe: Its own; those trained together agree on batch, steps and update rule.
        generator: Draws its batches, shifts and dropout.
    """

    network: Network
    sight: Sight
    recipe: TrainingRecipe
    generator: torch.Generator


def fast_dtype(device: torch.device) -> torch.dtype:
    """What layers are computed in: ``bfloat16`` where the processor multiplies it natively, else ``float32``.

    Parameters, their updates and losses are in single precision either way.
    """
    if device.type == "cpu":
        native = torch.cpu.get_capabilities().get("avx512_bf16", False)
        return torch.bfloat16 if native else torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32


def train_together(
    learners: Sequence[Learner],
    pool: ImagePool,
    *,
    dtype: torch.dtype | None = None,
    after: Mapping[int, Callable[[], object]] = MappingProxyType({}),
) -> list[float]:
    """Trains every learner as ``train`` would alone, on the pool's images and device.

    Args:
        learners: Of one architecture.
        pool: What they see.
        dtype: What layers are computed in; by default ``fast_dtype`` of the pool's device.
        after: What to call after how many steps; the networks then have the weights of that moment.

    Returns:
        Each learner's mean loss over the last tenth of the steps.
    """
    recipes = [learner.recipe for learner in learners]
    device, steps = pool.images.device, recipes[0].steps
    feed, generators = _feed(learners, pool)
    networks = [learner.network for learner in learners]
    stack = Stack(networks, generators=generators, device=device, dtype=dtype or fast_dtype(device))
    update = Updates(stack.rows, recipes)
    smoothing = torch.tensor([recipe.label_smoothing for recipe in recipes], device=device)
    losses = torch.zeros(len(learners), steps, device=device)
    for step in range(steps):
        batch, labels = feed(step)
        each = mean_losses(stack(batch), labels, smoothing)
        update(step, stack.gradients(each))
        losses[:, step] = each.detach()
        if step + 1 in after:
            stack.store()
            after[step + 1]()
    stack.store()
    for learner in learners:
        learner.network.eval()
    return final_loss(losses).tolist()


def _feed(learners: Sequence[Learner], pool: ImagePool) -> tuple[Feed, list[torch.Generator]]:
    """All that chance decides: batches, windows, and a generator a network for its dropout."""
    orders: list[Tensor] = []
    corners: list[Tensor] = []
    dropout: list[torch.Generator] = []
    for learner in learners:
        orders.append(draw_batches(len(learner.sight.rows), learner.recipe, learner.generator))
        seed = int(torch.randint(2**62, (1,), generator=learner.generator))
        dropout.append(torch.Generator(pool.images.device).manual_seed(seed))
        corners.append(_corners(learner.recipe, learner.generator))
    sights = [learner.sight for learner in learners]
    return Feed(pool, sights, order=torch.stack(orders), corners=torch.stack(corners)), dropout


def _corners(recipe: TrainingRecipe, generator: torch.Generator) -> Tensor:
    if recipe.augmentation == "none":
        return torch.full((recipe.steps, 2), SHIFT)
    return torch.stack([torch.randint(2 * SHIFT + 1, (2,), generator=generator) for _ in range(recipe.steps)])
