"""A static site from the log: models, the history of each on a line, a report a decision; no server, no script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from biasgate.documents import sha256
from biasgate.gate.ledger.authority import Authority
from biasgate.gate.ledger.chain import Head, onward
from biasgate.gate.ledger.entry import DecisionBody, LogEntry
from biasgate.gate.ledger.history import measured_under, replay
from biasgate.gate.policy import Policy
from biasgate.report.decision import decision_report
from biasgate.report.entry_words import summary
from biasgate.report.overview import overview
from biasgate.report.rendering import page
from biasgate.report.suppression import published
from biasgate.strict_json import read_json

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring


@dataclass(frozen=True, kw_only=True)
class SignedEntry:
    """One entry of the log, and who signed it.

    Attributes:
        entry: What it says.
        signers: Holders of the keys, with the keys' ids.
    """

    entry: LogEntry
    signers: str


def signed_entries(log_uri: str, trusted: Keyring) -> list[SignedEntry]:
    """All entries of a log, each verified anew, with their signers.

    Raises:
        TrustError: An entry does not verify.
    """
    return [
        SignedEntry(entry=entry, signers=_signers(data, trusted)) for entry, data, _ in onward(log_uri, trusted, Head())
    ]


def site_pages(signed: Sequence[SignedEntry], *, log: str, at: datetime) -> Iterator[tuple[str, str]]:
    """The files of the site: their paths, and what is in them. All links are relative.

    Args:
        signed: All entries of the log, oldest first.
        log: Where the log lies, for the reader who replays it.
        at: The moment that the pages speak of.
    """
    bodies = {one.entry.number: one.entry.body for one in signed}
    history = replay([one.entry for one in signed])

    def decided(authority: Authority) -> DecisionBody | None:
        body = bodies[authority.entry]
        return body if isinstance(body, DecisionBody) else None

    found = overview(history, at, decided=decided)
    files = {model.model: f"models/{_file(model.model)}" for model in found.models}
    yield "index.html", page("site_index.html.j2", found=found, files=files, log=log, entries=len(signed))
    for model in found.models:
        line = [one for one in signed if one.entry.body.subject[0] == model.model]
        yield files[model.model], page("site_model.html.j2", model=model, line=_line(line), log=log, at=at)
    for number, body in bodies.items():
        if isinstance(body, DecisionBody):
            yield f"entries/{number}.html", _report(number, body, measured_under(body, history), log)


def _signers(envelope: bytes, trusted: Keyring) -> str:
    keys = [signature["keyid"] for signature in read_json(envelope)["signatures"]]
    return ", ".join(f"{trusted.rules[key].owner} (key {key[:19]}…)" for key in keys if key in trusted.rules)


def _report(number: int, body: DecisionBody, under: str, log: str) -> str:
    policy = Policy.parse(body.policy, where=f"entry {number}")
    return decision_report(
        body.decision, body.evidence, policy, entry=f"{log} entry {number}", gate=under, waivers=body.waivers
    )


def _line(signed: Sequence[SignedEntry]) -> list[Mapping[str, object]]:
    """The entries of one model, oldest first."""
    return [
        {
            "number": one.entry.number,
            "at": one.entry.at,
            "kind": one.entry.body.kind,
            "says": _says(one.entry),
            "signers": one.signers,
            "verdict": one.entry.body.decision.verdict if isinstance(one.entry.body, DecisionBody) else None,
        }
        for one in signed
    ]


def _says(entry: LogEntry) -> str:
    """What the entry says; of a finding about few clusters no more than its report does."""
    if isinstance(entry.body, DecisionBody):
        decision = published(entry.body.decision)
        passed = decision.verdict == "APPROVED"
        why = "Every rule of the policy passed." if passed else decision.reasons[0]
        return f"{decision.verdict} ({entry.body.source}): {why}"
    return summary(entry)


def _file(model: str) -> str:
    """A file's name for a model's, which may hold anything in a log."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_") else "_" for sign in model)[:80]
    return f"{plain or '_'}.html" if plain == model else f"{plain}-{sha256(model.encode())[7:15]}.html"
