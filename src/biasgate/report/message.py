"""A message: the verdict, why in a sentence, what to do, and a link; to whoever waits for it."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from biasgate.documents import Document
from biasgate.foreign_text import one_line
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.events import Event
from biasgate.report.links import Links
from biasgate.report.outlook import outlook

HEADLINES = {
    "approved": "APPROVED",
    "rejected": "REJECTED",
    "insufficient": "INSUFFICIENT_EVIDENCE",
    "waits": "APPROVED, and waits for a person",
    "promoted": "serves",
    "stale": "approved, and not promoted",
    "failed": "approved, and not promoted",
    "expiring": "its approval ends soon",
    "alarm": "alarm",
}


class Message(Document):
    """What somebody is told of an event.

    Attributes:
        id: The event's: who gets a message twice knows it by this.
        kind: What happened; ``alarm`` for an alert.
        model: The gate-owned model; absent where an alert is about none.
        subject: The candidate or version, or what else it is about.
        verdict: The newest decision's; absent in an alarm.
        sentence: Why, or what became of it.
        next: What to do.
        link: Where to read more.
        entry: The entry of the log that it is about.
        to: Whom it is for: the submitter, and whom the gate's ``notify`` names.
        at: When it was decided, or the alarm was raised.
    """

    schema_: Literal["biasgate/message/v1"] = Field(default="biasgate/message/v1", alias="schema")
    id: str
    kind: str
    model: str | None = None
    subject: str
    verdict: str | None = None
    sentence: str
    next: str | None = None
    link: str | None = None
    entry: int | None = None
    to: tuple[str, ...] = ()
    at: AwareDatetime

    @property
    def title(self) -> str:
        """What it is about, and the verdict, on one line."""
        return one_line(f"{self.subject}: {HEADLINES.get(self.kind, self.kind)}")

    @property
    def text(self) -> str:
        """The sentence, what to do, and the link, a line each."""
        said = (self.sentence, self.next, self.link)
        return "\n".join(one_line(line) for line in said if line)


def message_of(event: Event, decided: DecisionBody | None, links: Links, *, to: tuple[str, ...]) -> Message:
    """What is told of an event.

    Args:
        event: It.
        decided: The whole decision that it is about; None for a broken glass.
        links: Where a reader finds more.
        to: Whom it is for.
    """
    state, authority = event.state, event.state.authority
    words = outlook(state, decided)
    place = f"models:/{authority.name}/{state.standing.champion.version}" if state.standing else authority.source
    following = " ".join(filter(None, (words.next, words.command)))
    if event.kind == "expiring":
        following = f"Run the gate again: biasgate gate submit {authority.source} --again"
    return Message(
        id=event.id,
        kind=event.kind,
        model=authority.name,
        subject=_named(place),
        verdict=words.verdict,
        sentence=words.sentence,
        next=following,
        link=links.report(authority.entry) or links.version(place),
        entry=authority.entry,
        to=to,
        at=authority.at,
    )


def _named(place: str) -> str:
    """``digits-candidates version 3`` for what lies in the registry."""
    name, _, version = place.removeprefix("models:/").rpartition("/")
    return f"{name} version {version}" if place.startswith("models:/") else place
