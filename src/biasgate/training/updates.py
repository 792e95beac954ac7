"""An optimiser's steps for many networks at once, each at its own rates; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from biasgate.training.optimizers import optimizer_for
from biasgate.training.recipe import TrainingRecipe
from biasgate.training.schedule import learning_rates


class Updates:
    """An optimiser on ``m`` rows of parameters, each with the rates and the weight decay of its recipe.

    torch's optimisers know one rate a tensor. Here one of them moves, at rate 1, a displacement that starts each step
    at zero, and every row goes along its own at its own rate.
    """

    def __init__(self, rows: Tensor, recipes: Sequence[TrainingRecipe]) -> None:
        """Takes parameters ``float32 [m, parameters]``, changed in place; the recipes agree on the update rule."""
        self._rows, self._moved = rows, nn.Parameter(torch.zeros_like(rows))
        self._optimizer = optimizer_for([self._moved], recipes[0].optimizer, learning_rate=1.0)
        decay = rows.new_tensor([recipe.weight_decay for recipe in recipes])[:, None]
        decoupled = torch.tensor([recipe.optimizer == "adamw" for recipe in recipes], device=rows.device)[:, None]
        self._in_gradient, self._in_weights = decay * ~decoupled, decay * decoupled
        self._rates = torch.stack([torch.from_numpy(learning_rates(recipe)) for recipe in recipes], dim=1).to(rows)

    @torch.no_grad()
    def __call__(self, step: int, gradients: Tensor) -> None:
        """One step; changes the gradients ``[m, parameters]`` too."""
        rates = self._rates[step, :, None]
        self._moved.grad = gradients.addcmul_(self._rows, self._in_gradient)
        self._moved.zero_()
        self._optimizer.step()
        self._rows.mul_(1 - rates * self._in_weights).addcmul_(rates, self._moved)
