"""Heatmaps: how much each pixel spoke for or against a label; importing this module imports torch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasgate.contracts.relevance import Method
from biasgate.errors import InputError
from biasgate.extras import needs
from biasgate.models.network import Network
from biasgate.models.shapes import placed
from biasgate.models.torch_network import TorchNetwork
from biasgate.progress import track

GAMMA, STEPS, BATCH, VALUES = 0.25, 10, 256, 1 << 22
"""γ of LRP; points of a path; most images, and most values of them, that are explained at once."""


def heatmaps(
    network: TorchNetwork,
    inputs: NDArray[np.float32],
    *,
    targets: Sequence[int],
    method: Method,
    channels_last: bool = False,
) -> NDArray[np.float32]:
    """Relevance of each pixel for each target's logit, summed over colours, by captum.

    ``lrp`` (Bach et al. 2015) spreads the logit back layer by layer: the ε rule in the first convolution and in dense
    layers, the γ rule (γ = 0.25) in the other convolutions, as Montavon et al. 2019 advise for lower and upper layers.
    ``integrated_gradients`` (Sundararajan et al. 2017) follows the straight line from the average of all inputs to the
    input, in ten steps of Gauss-Legendre quadrature. From black instead, dark pixels could have no relevance, and dark
    skin would look ignored. This choice is ours.

    Args:
        network: As it infers; left unchanged.
        inputs: Preprocessed images ``[n, channels, height, width]``.
        targets: Outputs to be explained.
        method: How.
        channels_last: Whether inputs are ``[n, height, width, channels]``.

    Returns:
        Signed ``[n, targets, height, width]``: what is positive spoke for the label. A map sums to the logit (``lrp``,
        less what biases take), or to the logit's difference from that of the average input (``integrated_gradients``).

    Raises:
        InputError: ``lrp`` of a network whose layers are not declared, or with residual blocks, for which captum has
            no rule.
        MissingExtraError: captum is not installed.
    """
    samples, explain = torch.from_numpy(inputs), _explainer(network, inputs, method)
    colours, sides = (3, inputs.shape[1:3]) if channels_last else (1, inputs.shape[2:])
    maps = np.empty((len(inputs), len(targets), *sides), dtype=np.float32)
    batch = batch_of(inputs)
    starts = range(0, len(inputs), batch)
    for start in track(starts, f"heatmaps, {method.replace('_', ' ')}", total=len(starts), unit="batches"):
        rows = slice(start, start + batch)
        for place, target in enumerate(targets):
            maps[rows, place] = explain(samples[rows], target).detach().sum(dim=colours).numpy()
    return maps


def batch_of(inputs: NDArray[np.float32]) -> int:
    """Images that are explained at once: large ones are few."""
    return max(1, min(BATCH, VALUES // max(1, inputs[:1].size)))


def _explainer(network: TorchNetwork, inputs: NDArray[np.float32], method: Method) -> Callable[[Tensor, int], Tensor]:
    """From samples and a target to attributions of the samples' shape."""
    needs("captum")
    from captum.attr import LRP, IntegratedGradients

    copied = copy.deepcopy(network).cpu().eval()
    if method == "lrp":
        if not isinstance(copied, Network):
            raise InputError(
                "layer-wise relevance propagation needs layers that the card declares",
                where="heatmaps",
                fix="use integrated gradients, or declare the architecture in card.json",
            )
        declared = copied
        if any(part.layer.branches(part.before) for part in placed(declared.architecture)):
            raise InputError(
                "layer-wise relevance propagation has no rule for residual and attention blocks",
                where="heatmaps",
                fix="use integrated gradients",
            )
        lrp = LRP(declared)

        def spread(samples: Tensor, target: int) -> Tensor:
            _set_rules(declared)
            return lrp.attribute(samples.clone().requires_grad_(), target=target)

        return spread
    average = torch.from_numpy(inputs.mean(axis=0, keepdims=True))
    gradients = IntegratedGradients(copied)
    return lambda samples, target: gradients.attribute(
        samples, average, target=target, n_steps=STEPS, method="gausslegendre", internal_batch_size=batch_of(inputs)
    )


def _set_rules(network: Network) -> None:
    """Gives each layer its rule, which captum takes away after each use."""
    from captum.attr._utils.lrp_rules import EpsilonRule, GammaRule, PropagationRule

    parts = placed(network.architecture)
    filters = [part for part in parts if part.layer.weighted and len(part.before) == 3]
    for part in parts:
        if part in filters[1:]:
            rule: PropagationRule = GammaRule(gamma=GAMMA)
        elif part.layer.weighted or len(part.before) != len(part.after):
            rule = EpsilonRule()
        else:
            continue
        object.__setattr__(network.get_submodule(part.name), "rule", rule)


def randomised(network: TorchNetwork, *, seed: int) -> TorchNetwork:
    """The same layers with all weights drawn anew, for the sanity check of Adebayo et al. 2018."""
    fresh = copy.deepcopy(network)
    fresh.redraw(seed=seed)
    return fresh
