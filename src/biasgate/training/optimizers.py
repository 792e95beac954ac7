"""torch's optimisers by the name that a recipe gives them; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn
from torch.optim import SGD, Adam, Optimizer, RMSprop

from biasgate.training import recipe

MOMENTUM = 0.9
"""Of ``sgd``."""


def optimizer_for(
    parameters: Iterable[nn.Parameter],
    name: recipe.Optimizer,
    *,
    weight_decay: float = 0.0,
    learning_rate: float = 1e-3,
) -> Optimizer:
    """An optimiser with torch's own settings but for these.

    Args:
        parameters: Tensors that it moves.
        name: Its name in a recipe.
        weight_decay: Decoupled for ``adamw``, an L2 gradient term otherwise.
        learning_rate: Rate of the first step, for callers that set none.
    """
    match name:
        case "sgd":
            return SGD(parameters, learning_rate, momentum=MOMENTUM, weight_decay=weight_decay, fused=True)
        case "sgd_plain":
            return SGD(parameters, learning_rate, weight_decay=weight_decay, fused=True)
        case "rmsprop":
            return RMSprop(parameters, learning_rate, weight_decay=weight_decay)
        case "adam" | "adamw":
            decoupled = name == "adamw"
            return Adam(
                parameters, learning_rate, weight_decay=weight_decay, decoupled_weight_decay=decoupled, fused=True
            )
