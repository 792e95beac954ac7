"""How weights are drawn before training; importing this module imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Generator, Tensor

Init = Literal["kaiming_uniform", "kaiming_normal", "xavier_uniform", "glorot_uniform", "lecun_normal", "torch"]
"""He et al. 2015 (``kaiming``) or Glorot and Bengio 2010 (``xavier``), for ReLU units and with biases of zero; or what
a framework does by itself: ``glorot_uniform`` as Keras, no gain for ReLU units; ``lecun_normal`` as Flax, of variance
1/inputs (LeCun et al. 1998), both with biases of zero; ``torch``, weights and biases uniform within 1/√inputs."""

TRUNCATED = 0.87962566
"""Standard deviation of a standard Gaussian cut at two on either side."""


def draw(weight: Tensor, bias: Tensor, *, init: Init, generator: Generator) -> None:
    """Draws an affine map anew.

    Args:
        weight: ``[out, in, ...]``, changed in place.
        bias: ``[out]``, changed in place.
        init: How.
        generator: Source of all randomness: equal generators give equal weights.
    """
    from torch.nn import init as draws

    bound = weight[0].numel() ** -0.5
    match init:
        case "torch":
            draws.uniform_(weight, -bound, bound, generator=generator)
        case "kaiming_uniform":
            draws.kaiming_uniform_(weight, nonlinearity="relu", generator=generator)
        case "kaiming_normal":
            draws.kaiming_normal_(weight, nonlinearity="relu", generator=generator)
        case "glorot_uniform":
            draws.xavier_uniform_(weight, generator=generator)
        case "lecun_normal":
            spread = bound / TRUNCATED
            draws.trunc_normal_(weight, std=spread, a=-2 * spread, b=2 * spread, generator=generator)
        case "xavier_uniform":
            draws.xavier_uniform_(weight, gain=draws.calculate_gain("relu"), generator=generator)
    if init == "torch":
        draws.uniform_(bias, -bound, bound, generator=generator)
    else:
        draws.zeros_(bias)
