"""What may let a package serve, as far as later entries are judged by it: an extract of a decision or broken glass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from biasgate.gate.decision import Verdict
from biasgate.gate.evidence import Champion
from biasgate.gate.ledger.entry import BreakGlassBody, DecisionBody


@dataclass(frozen=True, slots=True)
class Authority:
    """A decision, or a broken glass, without its evidence: a long log holds many.

    Attributes:
        entry: Its number in the log.
        sealed: Digest of the entry's bytes, by which its whole text is known again; None for one not read from a log.
        kind: Which of the two it is.
        name: The gate-owned model that the package is meant for.
        digest: Digest of the package.
        source: Where the candidate was submitted.
        champion: What served then.
        at: When it was decided, or the glass was broken.
        expires: When it ends.
        verdict: The decision's; None for a broken glass.
        gate: Number of the declaration that the decision was made under; None for a broken glass, and in logs from
            before gates were declared.
        departs: In what the decision departs from that gate; None when it conforms.
        human: Whether a person must grant it: the policy says so, or its bytes were recalled by a person before.
        submitter: Who answers for the candidate, as its card says; None for a broken glass.
        by: Who broke the glass; None for a decision.
        reasons: Why it lets a package serve, in words; none for a decision that does not.
    """

    entry: int
    sealed: str | None
    kind: Literal["decision", "break_glass"]
    name: str
    digest: str
    source: str
    champion: Champion | None
    at: datetime
    expires: datetime
    verdict: Verdict | None = None
    gate: int | None = None
    departs: str | None = None
    human: bool = False
    submitter: str | None = None
    by: str | None = None
    reasons: tuple[str, ...] = ()

    @property
    def subject(self) -> tuple[str, str]:
        """Name of the model, and digest of the package."""
        return self.name, self.digest

    @property
    def glass(self) -> bool:
        """Whether it lets a package serve without an approval."""
        return self.kind == "break_glass"

    @property
    def why(self) -> str:
        """Why it lets a package serve, in one line."""
        return " ".join(self.reasons) if self.by is None else f"{self.by} broke the glass: {self.reasons[0]}"

    @property
    def may_serve(self) -> bool:
        """Whether it lets anything serve: an approval or a broken glass."""
        return self.glass or self.verdict == "APPROVED"


def of_decision(body: DecisionBody, *, entry: int, sealed: str | None, departs: str | None) -> Authority:
    """The extract of a decision, which departs from its gate in something, or in nothing."""
    (name, digest), verdict = body.subject, body.decision.verdict
    return Authority(
        entry=entry,
        sealed=sealed,
        kind="decision",
        name=name,
        digest=digest,
        source=body.source,
        champion=body.champion,
        at=body.decision.at,
        expires=body.expires,
        verdict=verdict,
        gate=body.gate,
        departs=departs,
        human=body.decision.human,
        submitter=body.evidence.candidate.submitter,
        reasons=body.decision.reasons if verdict == "APPROVED" else (),
    )


def of_glass(body: BreakGlassBody, *, entry: int, sealed: str | None, at: datetime) -> Authority:
    """The extract of a broken glass, of an entry with this date."""
    return Authority(
        entry=entry,
        sealed=sealed,
        kind="break_glass",
        name=body.name,
        digest=body.digest,
        source=body.source,
        champion=body.champion,
        at=at,
        expires=body.expires,
        by=body.by,
        reasons=(body.reason,),
    )
