from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from biasgate.gate.decide import decide
from biasgate.gate.evidence import Champion
from biasgate.gate.ledger.entry import Body, DecisionBody, LogEntry, PromotionBody
from biasgate.gate.ledger.history import awaiting, replay
from biasgate.gate.policy import policy_text

AT = datetime(2026, 11, 22, tzinfo=UTC)


def log(*bodies: Body) -> tuple[LogEntry, ...]:
    return tuple(LogEntry(number=number, at=AT, body=body) for number, body in enumerate(bodies, start=1))


@pytest.fixture
def decided(policy, evidence) -> Callable[..., DecisionBody]:
    """A decision; evidence as the fixture builds it, and what else is named changed in the decision."""

    def build(*accuracies: float, champion: Champion | None = None, **changed: Any) -> DecisionBody:
        found = evidence(*accuracies, champion=champion)
        decision = decide(policy, found, (), AT).model_copy(update=changed)
        return DecisionBody(decision=decision, evidence=found, policy=policy_text("digits_demo"))

    return build


@pytest.fixture
def approval(decided) -> DecisionBody:
    return decided()


@pytest.fixture
def promotion(make):
    def build(entry: int, status: str = "PROMOTED", **more: Any) -> PromotionBody:
        usual: dict[str, Any] = {
            "entry": entry,
            "status": status,
            "reason": "-",
            "name": "digits",
            "digest": make.MODEL,
        }
        return PromotionBody(**{**usual, **({"version": "1"} if status == "PROMOTED" else {}), **more})

    return build


def test_a_promotion_makes_the_champion_and_settles_the_decision(approval, promotion, make):
    entries = log(approval, promotion(1))
    assert replay(entries).champions == {"digits": Champion(version="1", digest=make.MODEL)}
    assert awaiting(entries) == []


def test_of_two_promotions_that_replace_the_same_champion_the_first_counts(approval, promotion):
    entries = log(approval, approval, promotion(1, version="1"), promotion(2, version="2"))
    assert replay(entries).champions["digits"].version == "1"
    assert [number for number, _ in awaiting(entries)] == [2]


def test_a_promotion_that_replaces_the_champion_it_was_compared_with_counts(approval, decided, promotion, make):
    first = Champion(version="1", digest=make.MODEL)
    entries = log(approval, promotion(1), decided(champion=first), promotion(3, version="2", replaced=first))
    assert replay(entries).champions["digits"].version == "2"


@pytest.mark.parametrize("final", ["STALE", "FAILED", "PROMOTED"])
def test_a_final_status_is_final(approval, promotion, final):
    entries = log(approval, promotion(1, final), promotion(1, version="9"))
    assert replay(entries).statuses == {1: final}


def test_a_pending_approval_still_waits(approval, promotion):
    assert [number for number, _ in awaiting(log(approval, promotion(1, "PENDING")))] == [1]


def test_a_promotion_of_what_was_not_approved_has_no_effect(approval, promotion, policy, evidence):
    found = evidence(0.99, 0.31)
    rejection = DecisionBody(decision=decide(policy, found, (), AT), evidence=found, policy=policy_text("digits_demo"))
    other = promotion(1, digest="sha256:" + "9" * 64)
    for entries in (log(rejection, promotion(1)), log(promotion(2), approval), log(approval, other), log(promotion(7))):
        assert replay(entries).champions == {}
