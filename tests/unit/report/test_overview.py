"""One screen, and the numbers that a monitor asks for."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from biasgate.gate.ledger.entry import DecisionBody, LogEntry, PromotionBody
from biasgate.gate.ledger.history import History, replay
from biasgate.report.overview import Overview, overview, prometheus


@pytest.fixture
def told(approved, rejected):
    """A log of a champion and a newer rejected candidate; gives what it says so many days later."""
    served, refused = (
        DecisionBody(decision=story.decision, evidence=story.evidence, policy=story.policy.to_json().decode())
        for story in (approved, rejected)
    )
    candidate = refused.evidence.candidate.model_copy(update={"source": 'models:/digits-candidates/4"\n'})
    refused = refused.model_copy(update={"evidence": refused.evidence.model_copy(update={"candidate": candidate})})
    name, digest = served.subject
    promotion = PromotionBody(entry=1, status="PROMOTED", reason="-", name=name, digest=digest, version="7")
    bodies, at = {1: served, 3: refused}, served.decision.at
    entries = [LogEntry(number=n, at=at, body=one) for n, one in enumerate((served, promotion, refused), start=1)]
    history: History = replay(entries)

    def say(days: float = 0) -> Overview:
        moment: datetime = at + timedelta(days=days)
        return overview(history, moment, decided=lambda authority: bodies.get(authority.entry))

    return say


def test_it_says_what_serves_until_when_and_what_was_refused_and_why(told, rejected):
    (model,) = told().models
    assert model.serves
    assert (model.serves.version, model.serves.verdict, model.serves.may_serve) == ("7", "APPROVED", True)
    (refused,) = model.refused
    assert (refused.entry, refused.verdict) == (3, "REJECTED")
    assert refused.sentence in rejected.decision.reasons
    assert model.verdicts == {"APPROVED": 1, "REJECTED": 1}


def test_a_champion_whose_approval_ended_is_said_to_serve_and_that_it_may_not(told):
    (model,) = told(days=4000).models
    assert model.serves
    assert not model.serves.may_serve
    assert model.serves.sentence.startswith("It serves still, and may not")


def test_metrics_are_lines_that_prometheus_reads(told, approved):
    lines = prometheus(told()).splitlines()
    assert 'biasgate_champion{model="digits",version="7",verdict="APPROVED"} 1' in lines
    assert 'biasgate_candidates{model="digits",verdict="REJECTED"} 1' in lines
    (ends,) = [line for line in lines if line.startswith("biasgate_champion_expires_seconds{")]
    assert float(ends.rsplit(" ", 1)[1]) == approved.decision.expires.timestamp()
    assert 'biasgate_champion_may_serve{model="digits"} 0' in prometheus(told(days=4000))


def test_a_model_that_the_log_does_not_know_has_nothing(told):
    assert overview(History(), told().at, decided=lambda _: None, models=["x"]).models[0].serves is None
