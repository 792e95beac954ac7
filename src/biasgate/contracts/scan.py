"""The scan: what a candidate's weights say about its bias, before a single inference."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.estimate import Estimate
from biasgate.documents import Document

UNREAD = "none"
"""Stands for a meta-classifier where weights are not read."""
BUNDLED = "bundled"
"""Stands for the meta-classifier that is part of biasgate."""


class Scan(Document):
    """The meta-classifier's reading of one model.

    Attributes:
        model: Digest of the file (or package) that was read.
        meta_classifier: Digest of the meta-classifier.
        level: Most probable level; absent when abstained.
        probabilities: Calibrated probability of each level, in order of strength.
        measured_bias: Predicted accuracy on aligned minus conflicting samples.
        abstained: True when the model is unlike anything the meta-classifier has learned from.
        reason: Why it abstained, or what speaks most, in words.
        contributions: Share of the reading that each feature group carries, in [-1, 1].
    """

    schema_: Literal["biasgate/scan/v1"] = Field(default="biasgate/scan/v1", alias="schema")
    model: str
    meta_classifier: str
    level: str | None = None
    probabilities: dict[str, float] = {}
    measured_bias: Estimate | None = None
    abstained: bool
    reason: str
    contributions: dict[str, float] = {}


def unread(model: str, *, reason: str = "the gate declares that weights are not read") -> Scan:
    """The scan of a model whose weights are not read: it abstains, and the policy says what then.

    Args:
        model: Digest of the package.
        reason: Why they are not.
    """
    return Scan(model=model, meta_classifier=UNREAD, abstained=True, reason=reason)
