"""The exact Hessian of a softmax head's penalised loss, as something to solve with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from biasgate.errors import InputError
from biasgate.repair.budget import still_allowed
from biasgate.repair.heads.linear import Array, LinearHead, Samples

EXPLICIT = 2048
"""Most parameters for which the Hessian is written down and factorised; above, conjugate gradients."""
TOLERANCE = 1e-8

Product = Callable[[Array], Array]
Solve = Callable[[Array], Array]


def solver(head: LinearHead, samples: Samples, *, damping: float) -> Solve:
    """V ↦ H⁻¹v for vectors ``[parameters]`` or rows of them ``[m, parameters]``.

    H = mean_i (diag(p_i) − p_i p_iᵀ) ⊗ x̃_i x̃_iᵀ + λI, the Hessian of ``refit``'s objective; a *mean* over samples, so
    that sets of different sizes have the same scale. Chen et al. (arXiv 2310.12560) write a Hessian and, on the last
    layer, one binary problem a class; this is the multinomial one.

    Args:
        head: Where.
        samples: Over which the mean is taken.
        damping: λ.

    Raises:
        InputError: H is singular.
    """
    if head.theta.size > EXPLICIT:
        return lambda vectors: _conjugate_gradients(head, samples, damping, vectors)
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        factor = cho_factor(hessian(head, samples, damping=damping))
    except LinAlgError as error:
        raise InputError("the Hessian of the head is singular", fix="give a damping above 0") from error

    def solve(vectors: Array) -> Array:
        return np.asarray(cho_solve(factor, vectors.T), dtype=np.float64).T

    return solve


def hessian(head: LinearHead, samples: Samples, *, damping: float) -> Array:
    """H itself ``[parameters, parameters]``; see ``solver``."""
    classes, width = head.theta.shape
    p, x = np.exp(head.log_probabilities(samples)), samples.design
    blocks = np.empty((classes, width, classes, width))
    for first in range(classes):
        for second in range(classes):
            spread = samples.shares * p[:, first] * ((first == second) - p[:, second])
            blocks[first, :, second] = (x * spread[:, None]).T @ x
    return blocks.reshape(head.theta.size, -1) + damping * np.eye(head.theta.size)


def hessian_product(head: LinearHead, samples: Samples, *, damping: float) -> Product:
    """What multiplies vectors ``[parameters]`` by H without H itself: two products with the features each."""
    p, x = np.exp(head.log_probabilities(samples)), samples.design
    shared = samples.shares[:, None] * p

    def product(vector: Array) -> Array:
        still_allowed()
        moved = x @ vector.reshape(head.theta.shape).T
        spread = shared * (moved - (p * moved).sum(axis=1, keepdims=True))
        return (spread.T @ x).ravel() + damping * vector

    return product


def _conjugate_gradients(head: LinearHead, samples: Samples, damping: float, vectors: Array) -> Array:
    from scipy.sparse.linalg import LinearOperator, cg

    size, product = head.theta.size, hessian_product(head, samples, damping=damping)
    operator = LinearOperator((size, size), matvec=product)  # pyright: ignore[reportCallIssue]
    solutions = [cg(operator, vector, rtol=TOLERANCE, maxiter=size) for vector in np.atleast_2d(vectors)]
    if any(status for _, status in solutions):
        raise InputError("conjugate gradients found no solution with the head's Hessian", fix="give a larger damping")
    return np.array([solution for solution, _ in solutions]).reshape(vectors.shape)
