"""A waiver: a person accepts, for a while and in writing, that one rule does not pass."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from biasgate.documents import Document
from biasgate.gate.trust.identity import same_person


class Waiver(Document):
    """Permission to pass one rule of one policy, for one model; the gate's own checks cannot be waived.

    Attributes:
        rule: Id of the rule.
        policy: Digest of the policy that it stands in: a rule that was changed is another rule.
        model: Name of the gate-owned model whose candidates may pass.
        owner: Who asks for it and answers for the risk.
        reason: Why the risk is accepted.
        expires: When it ends.
        approved_by: Who granted it: neither the owner nor the candidate's submitter.
    """

    rule: str = Field(min_length=1)
    policy: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    model: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    expires: AwareDatetime
    approved_by: str = Field(min_length=1)


def holds(waiver: Waiver, *, model: str, policy: str, submitter: str, at: datetime) -> bool:
    """Whether it is in force here: about this model and policy, not expired, and granted by a second person."""
    second = not any(same_person(waiver.approved_by, one) for one in (waiver.owner, submitter))
    return (waiver.model, waiver.policy) == (model, policy) and at < waiver.expires and second
