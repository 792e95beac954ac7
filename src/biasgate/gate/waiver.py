"""A waiver: a person accepts, for a while and in writing, that one rule does not pass."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from biasgate.documents import Document
from biasgate.gate.person import person


class Waiver(Document):
    """Permission to pass one rule of the policy; the gate's own checks cannot be waived.

    Attributes:
        rule: Id of the rule.
        owner: Who asks for it and answers for the risk.
        reason: Why the risk is accepted.
        expires: When it ends.
        approved_by: Who granted it: neither the owner nor the candidate's submitter.
    """

    rule: str
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    expires: AwareDatetime
    approved_by: str = Field(min_length=1)


def holds(waiver: Waiver, *, submitter: str, at: datetime) -> bool:
    """Whether it is in force: not expired, and granted by a second person."""
    approver = person(waiver.approved_by)
    return at < waiver.expires and bool(approver) and approver not in (person(waiver.owner), person(submitter))
