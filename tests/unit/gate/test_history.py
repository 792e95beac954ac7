from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from biasgate.gate.decide import decide
from biasgate.gate.evidence import Champion
from biasgate.gate.ledger.entry import (
    ApprovalBody,
    Body,
    BreakGlassBody,
    DecisionBody,
    LogEntry,
    PromotionBody,
    RollbackBody,
)
from biasgate.gate.ledger.history import replay
from biasgate.gate.policy import policy_text

AT = datetime(2026, 11, 22, tzinfo=UTC)
OTHER = "sha256:" + "9" * 64


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
    assert list(replay(entries).waiting.items()) == []


def test_of_two_promotions_that_replace_the_same_champion_the_first_counts(approval, promotion):
    entries = log(approval, approval, promotion(1, version="1"), promotion(2, version="2"))
    assert replay(entries).champions["digits"].version == "1"
    assert [number for number, _ in list(replay(entries).waiting.items())] == [2]


def test_a_promotion_that_replaces_the_champion_it_was_compared_with_counts(approval, decided, promotion, make):
    first = Champion(version="1", digest=make.MODEL)
    entries = log(approval, promotion(1), decided(champion=first), promotion(3, version="2", replaced=first))
    assert replay(entries).champions["digits"].version == "2"


@pytest.mark.parametrize("final", ["STALE", "FAILED", "PROMOTED"])
def test_a_final_status_is_final(approval, promotion, final):
    entries = log(approval, promotion(1, final), promotion(1, version="9"))
    assert replay(entries).statuses == {1: final}


def test_a_pending_approval_still_waits(approval, promotion):
    assert [number for number, _ in replay(log(approval, promotion(1, "PENDING"))).waiting.items()] == [1]


def test_a_promotion_of_what_was_not_approved_has_no_effect(approval, promotion, policy, evidence):
    found = evidence(0.99, 0.31)
    rejection = DecisionBody(decision=decide(policy, found, (), AT), evidence=found, policy=policy_text("digits_demo"))
    other = promotion(1, digest="sha256:" + "9" * 64)
    for entries in (log(rejection, promotion(1)), log(promotion(2), approval), log(approval, other), log(promotion(7))):
        assert replay(entries).champions == {}


@pytest.fixture
def rejection(decided) -> DecisionBody:
    return decided(0.99, 0.31)


def test_a_newer_rejection_of_the_same_bytes_ends_an_open_approval(approval, rejection, promotion):
    for entries in (log(approval, rejection), log(approval, promotion(1, "PENDING"), rejection)):
        assert list(replay(entries).waiting.items()) == []
        assert replay(entries).statuses == {1: "STALE"}
    assert replay(log(approval, rejection, promotion(1))).champions == {}


def test_an_approval_that_is_newer_than_a_rejection_counts(approval, rejection, promotion):
    entries = log(approval, rejection, approval)
    assert [number for number, _ in list(replay(entries).waiting.items())] == [3]
    assert replay(log(approval, rejection, approval, promotion(3))).champions["digits"].version == "1"


def test_a_newer_rejection_takes_the_right_to_serve_from_every_version_of_the_bytes(
    approval, rejection, promotion, make
):
    first = Champion(version="1", digest=make.MODEL)
    history = replay(
        log(approval, promotion(1), approval_of(approval, first), promotion(3, version="2", replaced=first), rejection)
    )
    refusals = [standing.refusal(AT) for standing in history.standings.values()]
    assert all("entry 5 rejects the same bytes" in str(why) for why in refusals)
    assert len(refusals) == 2


def approval_of(approval: DecisionBody, champion: Champion) -> DecisionBody:
    """The same approval, of evidence that was compared with this champion."""
    return approval.model_copy(update={"evidence": approval.evidence.model_copy(update={"champion": champion})})


def test_a_rollback_withdraws_the_bytes_under_every_version_and_ends_their_open_approvals(approval, promotion, make):
    first = Champion(version="1", digest=make.MODEL)
    second = Champion(version="2", digest=make.MODEL)
    rollback = RollbackBody(name="digits", replaced=second, by="Di", reason="complaints")
    again = approval_of(approval, first)
    history = replay(log(approval, promotion(1), again, promotion(3, version="2", replaced=first), again, rollback))
    assert history.champions == {}
    assert history.statuses[5] == "STALE"
    assert [standing.withdrawn for standing in history.standings.values()] == ["complaints", "complaints"]


def test_a_rollback_to_the_same_bytes_counts_for_nothing(approval, promotion, make):
    first, second = (Champion(version=version, digest=make.MODEL) for version in "12")
    rollback = RollbackBody(name="digits", replaced=second, to=first, by="Di", reason="complaints")
    entries = log(
        approval, promotion(1), approval_of(approval, first), promotion(3, version="2", replaced=first), rollback
    )
    assert replay(entries).champions["digits"].version == "2"


def test_an_approval_of_the_champions_bytes_renews_its_version(approval, promotion, make):
    first = Champion(version="1", digest=make.MODEL)
    renewal = promotion(3, version="1", replaced=first)
    history = replay(log(approval, promotion(1), approval_of(approval, first), renewal))
    assert (history.champions, history.holders) == ({"digits": first}, {make.MODEL: [("digits", "1")]})
    assert [standing.entry for standing in history.standings.values()] == [3]


def test_a_version_with_other_bytes_or_that_does_not_serve_is_not_renewed(approval, promotion, decided, make):
    first, second = (Champion(version=version, digest=make.MODEL) for version in "12")
    again = approval_of(approval, second)
    served = (approval, promotion(1), approval_of(approval, first), promotion(3, version="2", replaced=first), again)
    assert replay(log(*served, promotion(5, version="1", replaced=second))).statuses.get(5) is None
    other = Champion(version="2", digest="sha256:" + "9" * 64)
    assert replay(log(*served, promotion(5, version="2", replaced=other))).statuses.get(5) is None


def test_a_broken_glass_does_not_shorten_what_an_approval_allowed(approval, promotion, make):
    first = Champion(version="1", digest=make.MODEL)
    glass = BreakGlassBody(
        name="digits", digest=make.MODEL, source="s", by="Cy", reason="down", expires=AT + timedelta(hours=2),
        champion=first,
    )  # fmt: skip
    history = replay(log(approval, promotion(1), glass, promotion(3, version="1", replaced=first)))
    assert (history.standing("digits").entry, history.statuses) == (1, {1: "PROMOTED"})


@pytest.fixture
def glass() -> BreakGlassBody:
    return BreakGlassBody(
        name="digits", digest=OTHER, source="s", by="Cy", reason="down", expires=AT + timedelta(hours=2)
    )


def test_an_approved_champion_ends_a_broken_glass(approval, promotion, glass):
    served = Champion(version="1", digest=glass.digest)
    entries = log(
        glass,
        promotion(1, digest=glass.digest),
        approval_of(approval, served),
        promotion(3, version="2", replaced=served),
    )
    assert "was approved, took its place" in (replay(entries).standings["digits", "1"].refusal(AT) or "")


def test_a_newer_decision_without_evidence_leaves_the_champion_and_is_remembered(approval, promotion, decided, make):
    history = replay(log(approval, promotion(1), decided(verdict="INSUFFICIENT_EVIDENCE")))
    standing = history.standing("digits")
    assert (standing.doubted, standing.refusal(AT)) == (3, None)


@pytest.fixture
def recalled(approval, promotion, make) -> list[Body]:
    """What served by an approval, and a person took out of service."""
    first = Champion(version="1", digest=make.MODEL)
    return [approval, promotion(1), RollbackBody(name="digits", replaced=first, by="Di", reason="complaints")]


def test_recalled_bytes_that_are_approved_again_wait_for_a_person(recalled, approval, promotion, make):
    entries = [*recalled, approval, promotion(4, version="2")]
    assert replay(log(*entries)).champions == {}
    answer = ApprovalBody(entry=4, approver="Bo", reason="mended", name="digits", digest=make.MODEL)
    history = replay(log(*entries, answer, promotion(4, version="2")))
    assert history.champions["digits"].version == "2"
    assert history.recalled == {}


def test_a_rollback_to_recalled_bytes_is_a_person_s_word(recalled, approval, promotion, make):
    first = Champion(version="1", digest=make.MODEL)
    candidate = approval.evidence.candidate.model_copy(update={"digest": OTHER})
    other = approval.model_copy(update={"evidence": approval.evidence.model_copy(update={"candidate": candidate})})
    second = Champion(version="2", digest=OTHER)
    back = RollbackBody(name="digits", replaced=second, to=first, by="Di", reason="it was not that")
    history = replay(log(*recalled, other, promotion(4, digest=OTHER, version="2"), back))
    assert (history.champions["digits"], history.recalled) == (first, {OTHER: "it was not that"})


def test_what_ended_by_itself_is_not_recalled_by_the_rollback_that_clears_it_away(approval, promotion, rejection, make):
    first = Champion(version="1", digest=make.MODEL)
    cleared = RollbackBody(name="digits", replaced=first, by="reconcile", reason="rejected")
    history = replay(log(approval, promotion(1), rejection, cleared, approval, promotion(5, version="2")))
    assert history.champions["digits"].version == "2"


def test_nobody_rolls_back_to_a_broken_glass_that_ended(approval, promotion, glass):
    served = Champion(version="1", digest=glass.digest)
    approved = approval_of(approval, served)
    taken = Champion(version="2", digest=approved.subject[1])
    back = RollbackBody(name="digits", replaced=taken, to=served, by="Di", reason="complaints")
    entries = log(glass, promotion(1, digest=glass.digest), approved, promotion(3, version="2", replaced=served), back)
    assert replay(entries).champions["digits"] == taken
