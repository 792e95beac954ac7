"""What the log says: a decision, what became of it, a look at a test split."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from biasgate.documents import Document
from biasgate.gate.decision import Decision
from biasgate.gate.evidence import Champion, Evidence
from biasgate.gate.waiver import Waiver

PromotionStatus = Literal["PENDING", "PROMOTED", "STALE", "FAILED"]


class DecisionBody(Document):
    """A decision with all that it takes to repeat it.

    Attributes:
        decision: The verdict.
        evidence: What was measured; its digest and the champion compared with are within.
        policy: The policy's text, as its authors wrote it.
        waivers: Those that were presented.
    """

    kind: Literal["decision"] = "decision"
    decision: Decision
    evidence: Evidence
    policy: str
    waivers: tuple[Waiver, ...] = ()

    @property
    def subject(self) -> tuple[str, str]:
        """Name and digest of the candidate."""
        return self.evidence.candidate.name, self.evidence.candidate.digest


class PromotionBody(Document):
    """What became of an approved decision.

    Attributes:
        entry: Number of the decision's entry.
        status: What happened.
        reason: Why, for a person.
        name: The gate-owned registered model.
        digest: Digest of the candidate's package.
        version: The version that serves now, when promoted.
        replaced: What served before, if anything did.
    """

    kind: Literal["promotion"] = "promotion"
    entry: int = Field(gt=0)
    status: PromotionStatus
    reason: str
    name: str
    digest: str
    version: str | None = None
    replaced: Champion | None = None

    @property
    def subject(self) -> tuple[str, str]:
        """Name and digest of the candidate."""
        return self.name, self.digest


class LookBody(Document):
    """One candidate was measured on one test split.

    Attributes:
        data: Digest of the test split.
        name: Name of the gate-owned registered model that the candidate is meant for.
        digest: Digest of the candidate's package.
    """

    kind: Literal["look"] = "look"
    data: str
    name: str
    digest: str

    @property
    def subject(self) -> tuple[str, str]:
        """Name and digest of the candidate."""
        return self.name, self.digest


Body = Annotated[DecisionBody | PromotionBody | LookBody, Field(discriminator="kind")]


class LogEntry(Document):
    """One link of the chain.

    Attributes:
        number: From 1, without gaps.
        previous: Digest of the bytes of the entry before; absent in the first.
        at: When it was written, UTC, by its writer's clock.
        body: What it says.
    """

    schema_: Literal["biasgate/log-entry/v1"] = Field(default="biasgate/log-entry/v1", alias="schema")
    number: int = Field(gt=0)
    previous: str | None = None
    at: AwareDatetime
    body: Body
