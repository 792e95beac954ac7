"""What a log says of every model at a moment: what serves, what waits, what ends, what was refused and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from biasgate.documents import Document
from biasgate.gate.ledger.authority import Authority
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.history import History
from biasgate.gate.ledger.state import State, candidate_states, version_states
from biasgate.report.outlook import outlook

Decided = Callable[[Authority], DecisionBody | None]
"""Gives the whole decision of an extract; None for a broken glass."""
SHOWN = 3
"""Refusals of a model that are told, the newest first."""


class Serving(Document):
    """The version that the log wants to serve.

    Attributes:
        version: Its number.
        verdict: Of the newest decision about its bytes.
        may_serve: False when it serves still, and may not.
        sentence: Why.
        since: When it was promoted, or renewed last.
        expires: When what allowed it ends.
        entry: What allowed it.
    """

    version: str
    verdict: str
    may_serve: bool
    sentence: str
    since: AwareDatetime
    expires: AwareDatetime
    entry: int


class Candidate(Document):
    """A candidate of which somebody may want to know.

    Attributes:
        source: Where it was submitted.
        entry: The newest decision about it.
        verdict: What that decided.
        status: What became of it.
        sentence: Why.
        next: What to do, with the command where there is one.
    """

    source: str
    entry: int
    verdict: str
    status: str
    sentence: str
    next: str


class ModelOverview(Document):
    """One gate-owned model.

    Attributes:
        model: Its name.
        gate: The entry that declares its gate; absent before one was declared.
        serves: What serves; absent for nothing.
        waiting: Candidates that a person or the promoter has to see to.
        refused: The newest that were rejected, lacked evidence, or were not promoted.
        verdicts: How many candidates there are by their newest verdict.
        looks_left: How often the test data of its gate may be looked at still.
    """

    model: str
    gate: int | None = None
    serves: Serving | None = None
    waiting: tuple[Candidate, ...] = ()
    refused: tuple[Candidate, ...] = ()
    verdicts: dict[str, int] = {}
    looks_left: int | None = None


class Overview(Document):
    """All models of a log, at a moment."""

    schema_: Literal["biasgate/overview/v1"] = Field(default="biasgate/overview/v1", alias="schema")
    at: AwareDatetime
    models: tuple[ModelOverview, ...]


def overview(history: History, at: datetime, *, decided: Decided, models: Collection[str] = ()) -> Overview:
    """What the log says of these models, by default of all."""
    states = candidate_states(history, at)
    known = {state.authority.name for state in states.values()} | set(history.in_force)
    return Overview(
        at=at, models=tuple(_model(name, history, at, states, decided) for name in sorted(set(models) or known))
    )


def prometheus(found: Overview) -> str:
    """The same as metrics, in Prometheus' text format; a scrape tells ages by its own clock."""
    lines: list[str] = []
    for name, words, values in _families(found):
        lines += [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
        lines += [f"{name}{{{_labels(labels)}}} {value:.17g}" for labels, value in values]
    return "\n".join(lines) + "\n"


def _families(found: Overview) -> Iterator[tuple[str, str, list[tuple[dict[str, str], float]]]]:
    serving = [(one.model, one.serves) for one in found.models if one.serves]
    yield (
        "biasgate_champion",
        "The version that serves, with its newest verdict.",
        [({"model": model, "version": it.version, "verdict": it.verdict}, 1) for model, it in serving],
    )
    yield (
        "biasgate_champion_may_serve",
        "0 where it serves still, and may not.",
        [({"model": model}, it.may_serve) for model, it in serving],
    )
    yield (
        "biasgate_champion_promoted_seconds",
        "When it was promoted, or renewed last, in Unix time.",
        [({"model": model}, round(it.since.timestamp())) for model, it in serving],
    )
    yield (
        "biasgate_champion_expires_seconds",
        "When what allowed it ends, in Unix time.",
        [({"model": model}, round(it.expires.timestamp())) for model, it in serving],
    )
    yield (
        "biasgate_candidates",
        "Candidates by their newest verdict.",
        [
            ({"model": one.model, "verdict": verdict}, count)
            for one in found.models
            for verdict, count in sorted(one.verdicts.items())
        ],
    )
    yield (
        "biasgate_candidates_waiting",
        "Candidates that a person or the promoter has to see to.",
        [({"model": one.model}, len(one.waiting)) for one in found.models],
    )
    yield (
        "biasgate_looks_left",
        "How often the gate's test data may be looked at still.",
        [({"model": one.model}, one.looks_left) for one in found.models if one.looks_left is not None],
    )


def _labels(labels: Mapping[str, str]) -> str:
    def escaped(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    return ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())


def _model(name: str, history: History, at: datetime, states: Mapping[str, State], decided: Decided) -> ModelOverview:
    own = {source: state for source, state in states.items() if state.authority.name == name}
    newest = sorted(own.items(), key=lambda item: -item[1].authority.entry)
    refused = [item for item in newest if item[1].status in ("rejected", "insufficient", "stale", "failed")]
    gate = history.gate(name)
    return ModelOverview(
        model=name,
        gate=gate[0] if gate else None,
        serves=_serving(name, history, at, decided),
        waiting=tuple(_candidate(*item, decided) for item in newest if item[1].status in ("waits", "approved")),
        refused=tuple(_candidate(*item, decided) for item in refused[:SHOWN]),
        verdicts=Counter(state.authority.verdict for state in own.values() if state.authority.verdict),
        looks_left=max(0, gate[1].gate.rules.looks - len(history.looks.get(gate[1].gate.test.digest, {})))
        if gate
        else None,
    )


def _serving(name: str, history: History, at: datetime, decided: Decided) -> Serving | None:
    standing = history.standing(name)
    if standing is None:
        return None
    state = version_states(history, at)[name, standing.champion.version]
    words = outlook(state, decided(state.authority))
    return Serving(
        version=standing.champion.version,
        verdict=words.verdict,
        may_serve=standing.refusal(at) is None,
        sentence=words.sentence,
        since=standing.since,
        expires=standing.authority.expires,
        entry=standing.entry,
    )


def _candidate(source: str, state: State, decided: Decided) -> Candidate:
    words = outlook(state, decided(state.authority))
    return Candidate(
        source=source,
        entry=state.authority.entry,
        verdict=words.verdict,
        status=state.status,
        sentence=words.sentence,
        next=" ".join(filter(None, (words.next, words.command))),
    )
