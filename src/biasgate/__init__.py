"""A bias gate for classifiers: read bias from weights, measure it, repair it, decide, and sign.

Three lines say what a classifier does to whom, and whether a policy would let it pass:

    >>> import biasgate
    >>> policy = biasgate.load_policy("impact_ratio")
    >>> evaluation = biasgate.evaluate(
    ...     y_true=["no", "yes"] * 400,
    ...     y_pred=["no", "yes", "yes", "yes"] * 200,
    ...     attributes={"sex": ["f", "m", "m", "f"] * 200, "race": ["a", "b"] * 400},
    ...     policy=policy,
    ... )
    >>> biasgate.check(evaluation, policy).outcome
    'fail'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from biasgate.api.check import Check, check
    from biasgate.api.evaluate import evaluate
    from biasgate.api.evaluation import Evaluation
    from biasgate.api.policy import load_policy
    from biasgate.api.scan import scan
    from biasgate.errors import (
        BiasgateError,
        CandidateError,
        InputError,
        MissingExtraError,
        ServiceError,
        TrustError,
    )
    from biasgate.gate.policy import Policy
    from biasgate.repair.front import repair

__version__ = "0.1.0"
__all__ = [
    "BiasgateError",
    "CandidateError",
    "Check",
    "Evaluation",
    "InputError",
    "MissingExtraError",
    "Policy",
    "ServiceError",
    "TrustError",
    "check",
    "evaluate",
    "load_policy",
    "repair",
    "scan",
]
_HOMES = {
    "Check": "biasgate.api.check",
    "Evaluation": "biasgate.api.evaluation",
    "Policy": "biasgate.gate.policy",
    "check": "biasgate.api.check",
    "evaluate": "biasgate.api.evaluate",
    "load_policy": "biasgate.api.policy",
    "scan": "biasgate.api.scan",
}
"""Where each name is at home; what is not listed is an error of ``biasgate.errors``. Nothing is imported before use."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'biasgate' has no attribute {name!r}")
    if name == "repair":
        return import_module("biasgate.repair")
    return getattr(import_module(_HOMES.get(name, "biasgate.errors")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
