"""Fast unlearning: one Newton step that forgets biased samples in favour of their conflicting counterfactuals.

Chen et al., "Fast Model Debias with Machine Unlearning" (FMD), arXiv 2310.12560: bias is found on counterfactual
pairs, traced to samples by influence functions, and unlearned by a Newton step on the last layer. Ours are: the step
is signed, oriented and averaged over pairs; the Hessian is the exact multinomial one; the head is brought to its
optimum first; the step's length is searched.
"""

from __future__ import annotations

import numpy as np

from biasgate.repair.heads.bias import Pairs
from biasgate.repair.heads.curvature import solver
from biasgate.repair.heads.influence import influence_on_bias, most_harmful
from biasgate.repair.heads.linear import Array, LinearHead, Samples
from biasgate.repair.heads.refit import refit

Sides = tuple[Samples, Samples]
"""Aligned and conflicting samples."""
LENGTHS = (0.0, *(2.0**power for power in np.arange(-7, 3.5, 0.5)))
"""Shares of a full step that are tried; 0 keeps the head."""


def unlearn(samples: Samples, pairs: Pairs, *, classes: int, damping: float, sides: Sides | None = None) -> LinearHead:
    """Unlearns with external pairs alone: θ' = θ + t H⁻¹ mean_m [∇L(aligned_m, θ) − ∇L(conflicting_m, θ)].

    θ is the optimum on ``samples``, H its Hessian there, and t the length of ``searched``.

    Args:
        samples: What the head is fitted to first.
        pairs: What is forgotten in favour of what.
        classes: Number of the head's classes.
        damping: λ of the head's penalty and Hessian.
        sides: What the length is searched on; the pairs without. Matched pairs are no fair sample of either side.
    """
    head = refit(samples, classes=classes, damping=damping)
    solve = solver(head, samples, damping=damping)
    return searched(head, solve(replacement(head, pairs)), sides or (pairs.aligned, pairs.conflicting))


def unlearn_samples(
    samples: Samples, counterfactuals: Samples, pairs: Pairs, *, classes: int, damping: float, count: int
) -> LinearHead:
    """Unlearns the samples that harm most: each is replaced by its counterfactual; θ and H are of the samples.

    Args:
        samples: What the head learned from.
        counterfactuals: The same samples, row by row, with another value of the attribute.
        pairs: What bias is measured on and the length of the step is searched on.
        classes: Number of the head's classes.
        damping: λ of the head's penalty and Hessian.
        count: Most samples to replace, as in ``most_harmful``.
    """
    head = refit(samples, classes=classes, damping=damping)
    harmful = most_harmful(influence_on_bias(head, samples, pairs, damping=damping), count=count)
    if not len(harmful):
        return head
    solve = solver(head, samples, damping=damping)
    replaced = Pairs(aligned=samples.take(harmful), conflicting=counterfactuals.take(harmful))
    return searched(head, solve(replacement(head, replaced)), (pairs.aligned, pairs.conflicting))


def replacement(head: LinearHead, pairs: Pairs) -> Array:
    """Minus the gradient of replacing the aligned by the conflicting side, a mean over pairs ``[parameters]``."""
    return head.mean_gradient(pairs.aligned) - head.mean_gradient(pairs.conflicting)


def searched(head: LinearHead, step: Array, sides: Sides) -> LinearHead:
    """θ + t · step, where t of ``LENGTHS`` gives the lowest mean loss on the worse of two sides.

    A whole step leaves the region where the quadratic model holds: it takes the bias away and the accuracy with it.
    """
    heads = [head.moved(length * step) for length in LENGTHS]
    return min(heads, key=lambda moved: max(moved.mean_loss(side) for side in sides))
