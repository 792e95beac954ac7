"""Attacks that change what an attribute reader reads; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from biasgate.repair.classifier import PART

Family = Literal["mixing", "pixels"]
STEPS = 8


def attack(
    reader: Callable[[Tensor], Tensor],
    pixels: Tensor,
    targets: Tensor,
    *,
    family: Family,
    radius: float,
    steps: int = STEPS,
) -> Tensor:
    """Counterfactual images: changed within a ball until the reader reads ``targets``.

    Projected signed gradient descent on the reader's cross-entropy (Madry et al., arXiv 1706.06083) from a zero
    change, each step twice the radius over their number, each image until its flip; a single step is FGSM (Goodfellow
    et al., arXiv 1412.6572). Our reading of Shukla et al., arXiv 2404.11819, with three departures: the
    attack is targeted at another value of the attribute, the attacked reader sees the classifier's own features, and
    beside the pixels' own L∞ ball there is a functional family.

    ``mixing`` gives every image one colour map, ``x' = clip((I + Δ)x)`` at each pixel with ``|Δ| ≤ radius`` (in the
    spirit of Laidlaw and Feizi's functional attacks, arXiv 1906.00001). Any colour but black reaches any other, which
    gains per channel cannot do from a channel at zero; shapes stay. ``pixels`` is ``x' = clip(x + δ)``,
    ``|δ| ≤ radius``: where the attribute is not a colour.

    Args:
        reader: From pixels to attribute logits ``[n, kinds]``.
        pixels: ``[n, channels, height, width]`` in [0, 1].
        targets: Value that each image shall be read as, ``int64 [n]``.
        family: How images may change.
        radius: Of the ball, in units of pixels in [0, 1] or of the colour map's entries.
        steps: Most steps.

    Returns:
        Pixels of the same shape in [0, 1].
    """
    if len(pixels) > (size := max(1, PART // pixels[:1].numel())):
        parts = zip(pixels.split(size), targets.split(size), strict=True)
        return torch.cat([attack(reader, *part, family=family, radius=radius, steps=steps) for part in parts])
    apply = mix_channels if family == "mixing" else add_pixels
    change, size = pixels.new_zeros(change_shape(pixels, family)), 2 * radius / steps
    live = torch.arange(len(pixels))
    for _ in range(steps):
        tried = change[live].requires_grad_()
        logits = reader(apply(pixels[live], tried))
        (gradient,) = torch.autograd.grad(cross_entropy(logits, targets[live], reduction="sum"), tried)
        unread = logits.argmax(dim=1) != targets[live]
        live, moved = live[unread], (tried.detach() - size * gradient.sign())[unread]
        change[live] = moved.clamp(-radius, radius)
        if not len(live):
            break
    return apply(pixels, change).detach()


def mix_channels(pixels: Tensor, change: Tensor) -> Tensor:
    """``clip((I + change) x)`` at every pixel; ``change`` is ``[n, channels, channels]``."""
    mixing = change + torch.eye(pixels.shape[1])
    return torch.einsum("nij,njhw->nihw", mixing, pixels).clamp(0, 1)


def add_pixels(pixels: Tensor, change: Tensor) -> Tensor:
    """``clip(x + change)``."""
    return (pixels + change).clamp(0, 1)


def change_shape(pixels: Tensor, family: Family) -> tuple[int, ...]:
    """One colour map an image, or one number a pixel."""
    count, channels = pixels.shape[:2]
    return (count, channels, channels) if family == "mixing" else tuple(pixels.shape)
