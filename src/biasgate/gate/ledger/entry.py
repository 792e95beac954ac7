"""What the log says: gates, decisions, answers of persons, what became of them, looks at test splits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import AwareDatetime, Field

from biasgate.documents import Document, digest, sha256
from biasgate.gate.decision import Decision
from biasgate.gate.declaration import Gate
from biasgate.gate.evidence import Champion, Evidence
from biasgate.gate.trust.keyring import Role
from biasgate.gate.trust.waiver import Waiver
from biasgate.gate.trust.waivers import Presented, granted

PromotionStatus = Literal["PENDING", "PROMOTED", "STALE", "FAILED"]
LONGEST_GLASS = timedelta(days=3)
"""How long a candidate without an approval may serve at most."""
SKEW = timedelta(minutes=10)
"""How far writers' clocks may lie apart."""


class Statement(Document, ABC):
    """What every entry's body has.

    Attributes:
        role: What a key must be for, for its signature under this to count.
    """

    role: ClassVar[Role]

    @property
    @abstractmethod
    def subject(self) -> tuple[str, str]:
        """Name of the gate-owned model, and digest of the package that this is about."""

    @property
    def signer(self) -> str | None:
        """The person whose own key must have signed; None where a service signs."""
        return None


class AboutPackage(Statement):
    """A statement about one package.

    Attributes:
        name: The gate-owned registered model that it is meant for.
        digest: Digest of the package.
    """

    name: str
    digest: str

    @property
    def subject(self) -> tuple[str, str]:
        """Name and digest."""
        return self.name, self.digest


class GateBody(Statement):
    """An owner declares the gate of a model: from then on its candidates are measured and decided by this.

    Attributes:
        gate: All that decides.
        by: The owner.
        replaces: Number of the declaration that was in force when this one was signed. Another one by then means that
            two owners declared at once: the second counts for nothing.
    """

    role: ClassVar[Role] = "owner"
    kind: Literal["gate"] = "gate"
    gate: Gate
    by: str = Field(min_length=1)
    replaces: int | None = Field(default=None, gt=0)

    @property
    def subject(self) -> tuple[str, str]:
        """Name of the model and digest of the gate."""
        return self.gate.model, digest(self.gate)

    @property
    def signer(self) -> str:
        """The owner."""
        return self.by


class DecisionBody(Statement):
    """A decision with all that it takes to repeat it.

    Attributes:
        gate: Number of the declaration that it was made under; absent in logs from before gates were declared.
        decision: The verdict.
        evidence: What was measured; its digest and the champion compared with are within.
        policy: The policy's text, as its authors wrote it.
        waivers: Those that were presented, each with what its signature was worth.
        run: Id of the MLflow run of the gate; nothing rests on it.
        kubeflow_run: Id of the run on Kubeflow Pipelines, likewise.
    """

    role: ClassVar[Role] = "gate"
    kind: Literal["decision"] = "decision"
    gate: int | None = Field(default=None, gt=0)
    decision: Decision
    evidence: Evidence
    policy: str
    waivers: tuple[Presented, ...] = ()
    run: str | None = None
    kubeflow_run: str | None = None

    @property
    def subject(self) -> tuple[str, str]:
        """Name and digest of the candidate."""
        return self.evidence.candidate.name, self.evidence.candidate.digest

    @property
    def granted(self) -> tuple[Waiver, ...]:
        """The waivers whose signatures counted."""
        return granted(self.waivers)

    @property
    def source(self) -> str:
        """Where the candidate was submitted."""
        return self.evidence.candidate.source

    @property
    def champion(self) -> Champion | None:
        """What served when it was decided."""
        return self.evidence.champion

    @property
    def expires(self) -> datetime:
        """When the decision ends, or the first of the waivers that were in force for it."""
        held = [waiver.expires for waiver in self.granted if waiver.expires > self.decision.at]
        return min([self.decision.expires, *held])


class ApprovalBody(AboutPackage):
    """The answer of the person whom a policy wanted to sign.

    Attributes:
        entry: Number of the decision's entry.
        granted: False when the person declines.
        approver: The person: not the candidate's submitter.
        reason: Why, for whoever asks later.
    """

    role: ClassVar[Role] = "approver"
    kind: Literal["approval"] = "approval"
    entry: int = Field(gt=0)
    granted: bool = True
    approver: str = Field(min_length=1)
    reason: str = Field(min_length=1)

    @property
    def signer(self) -> str:
        """The person."""
        return self.approver


class BreakGlassBody(AboutPackage):
    """A person lets a candidate serve for a while without an approval.

    Attributes:
        source: Where the candidate was submitted.
        by: The person.
        reason: Why it cannot wait.
        expires: When it ends: at most ``LONGEST_GLASS`` after the entry's date.
        champion: What served then.
    """

    role: ClassVar[Role] = "breakglass"
    kind: Literal["break_glass"] = "break_glass"
    source: str
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    expires: AwareDatetime
    champion: Champion | None = None

    @property
    def signer(self) -> str:
        """The person."""
        return self.by


class PromotionBody(AboutPackage):
    """What became of an approved decision, or of a broken glass.

    Attributes:
        entry: Number of the entry that allowed it.
        status: What happened.
        reason: Why, for a person.
        version: The version that serves now, when promoted.
        replaced: What served before, if anything did.
    """

    role: ClassVar[Role] = "promoter"
    kind: Literal["promotion"] = "promotion"
    entry: int = Field(gt=0)
    status: PromotionStatus
    reason: str
    version: str | None = None
    replaced: Champion | None = None


class RollbackBody(Statement):
    """The champion is taken out of service, for an earlier version or for none.

    Attributes:
        name: The gate-owned registered model.
        replaced: The champion that served.
        to: The earlier champion that serves again; absent when nothing serves.
        by: Who asked for it.
        reason: Why.
    """

    role: ClassVar[Role] = "promoter"
    kind: Literal["rollback"] = "rollback"
    name: str
    replaced: Champion
    to: Champion | None = None
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)

    @property
    def subject(self) -> tuple[str, str]:
        """Name of the model and digest of the version taken out of service."""
        return self.name, self.replaced.digest


class LookBody(AboutPackage):
    """One candidate was measured on one test split.

    Attributes:
        data: Digest of the test split.
        rows: Digest of the sample of its rows by which it is known again (``looks``); absent in older entries.
    """

    role: ClassVar[Role] = "gate"
    kind: Literal["look"] = "look"
    data: str
    rows: str | None = None


class AttemptBody(Statement):
    """A sweep takes a submission up that has no decision, or gives it up.

    It is written before the submission is fetched, so that an attempt counts however it ends.

    Attributes:
        name: The gate-owned model that it was submitted for.
        source: The submission: its bytes may be unreadable, so that its place stands for it.
        attempt: Which one this is, from 1; of one that is given up, how many there were.
        earlier: Why the attempt before gave no decision; absent in the first.
        given_up: True when nothing is attempted any more.
    """

    role: ClassVar[Role] = "gate"
    kind: Literal["attempt"] = "attempt"
    name: str
    source: str
    attempt: int = Field(gt=0)
    earlier: str | None = None
    given_up: bool = False

    @property
    def subject(self) -> tuple[str, str]:
        """Name of the model and digest of the submission's place."""
        return self.name, sha256(self.source.encode())


class VoidBody(Document):
    """Stands, for a reader, where a key signed what it may not say; nobody writes one.

    Attributes:
        said: Kind of the body that is void.
        name: The model it spoke of.
        digest: The package it spoke of.
        reason: Why it counts for nothing.
        revoked: True when the key is revoked, so that the finding is expected.
    """

    kind: Literal["void"] = "void"
    said: str
    name: str
    digest: str
    reason: str
    revoked: bool

    @property
    def subject(self) -> tuple[str, str]:
        """Name and digest."""
        return self.name, self.digest


Body: TypeAlias = (
    GateBody | DecisionBody | ApprovalBody | BreakGlassBody | PromotionBody | RollbackBody | LookBody | AttemptBody
)


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
    body: Annotated[Body | VoidBody, Field(discriminator="kind")]
