"""A head fitted to the optimum of its penalised loss."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from biasgate.errors import InputError
from biasgate.repair.budget import still_allowed
from biasgate.repair.heads.curvature import Product, hessian_product
from biasgate.repair.heads.linear import Array, LinearHead, Samples

ITERATIONS = 2000
FLAT = 1e-6
"""Norm of the gradient at what counts as the optimum."""


def refit(samples: Samples, *, classes: int, damping: float, towards: LinearHead | None = None) -> LinearHead:
    """argmin_θ mean_i L(z_i, θ) + λ/2 ‖θ − θ₀‖², θ₀ = 0 without ``towards``: unique, so that it depends on no start.

    Influence functions hold at an optimum only; a network's own head is none, for its training stopped early and on
    other data. The refit alone is a baseline too.

    Raises:
        InputError: λ is not above 0, or the loss not finite.
    """
    from scipy.optimize import minimize

    if not damping > 0:
        raise InputError(f"a head has no single optimum at a damping of {damping}", fix="give one above 0")
    shape = (classes, samples.features.shape[1] + 1)
    origin = np.zeros(shape[0] * shape[1]) if towards is None else towards.theta.ravel()

    def objective(theta: Array) -> tuple[float, Array]:
        still_allowed()
        loss, gradient = LinearHead(theta.reshape(shape)).mean_loss_and_gradient(samples)
        away = theta - origin
        return loss + damping / 2 * float(away @ away), gradient + damping * away

    @lru_cache(maxsize=1)
    def curvature(theta: bytes) -> Product:
        return hessian_product(LinearHead(np.frombuffer(theta).reshape(shape)), samples, damping=damping)

    def curved(theta: Array, vector: Array) -> Array:
        return curvature(theta.tobytes())(vector)

    options = {"maxiter": ITERATIONS, "gtol": FLAT}
    found = minimize(objective, origin, jac=True, hessp=curved, method="trust-ncg", options=options)
    if not np.isfinite(found.fun):
        raise InputError("the head's loss is not finite", fix="check the features' scale")
    return LinearHead(found.x.reshape(shape))
