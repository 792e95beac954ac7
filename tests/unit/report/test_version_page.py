"""What MLflow shows of a version: the verdict, why, and what to do; foreign text stays text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from markdown_it import MarkdownIt

from biasgate.gate.evidence import Champion
from biasgate.gate.ledger.entry import BreakGlassBody, DecisionBody, LogEntry, PromotionBody, RollbackBody
from biasgate.gate.ledger.history import History, replay
from biasgate.gate.ledger.state import State, candidate_states, version_states
from biasgate.report.links import Links
from biasgate.report.version_page import TAGS, VersionPage, version_page

NOWHERE = Links()
HOSTILE = "<img src=x onerror=y>\n\n# Approved | [link](http://evil.example) **bold** `code` <script>z</script>"


def body(story, **more) -> DecisionBody:
    text = story.policy.to_json().decode()
    return DecisionBody(decision=story.decision, evidence=story.evidence, policy=text, **more)


def written(*bodies) -> History:
    at = next(one.decision.at for one in bodies if isinstance(one, DecisionBody))
    return replay([LogEntry(number=number, at=at, body=one) for number, one in enumerate(bodies, start=1)])


def page_of(decided: DecisionBody, *more, links: Links = NOWHERE, days: float = 0) -> VersionPage:
    return version_page(state_of(decided, *more, days=days), decided, links)


def state_of(decided: DecisionBody, *more, days: float = 0) -> State:
    (state,) = candidate_states(written(decided, *more), decided.decision.at + timedelta(days=days)).values()
    return state


def promoted(decided: DecisionBody, **more) -> PromotionBody:
    name, digest = decided.subject
    usual = {"entry": 1, "status": "PROMOTED", "reason": "-", "version": "1"}
    return PromotionBody(**{**usual, "name": name, "digest": digest, **more})


def text_of(page: VersionPage) -> str:
    """The description as a reader sees it."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.description)
    return "\n".join(
        "".join(child.content for child in token.children or ()) for token in tokens if token.type == "inline"
    )


def test_a_rejected_candidate_is_told_why_by_numbers_bounds_limits_and_subgroups(rejected):
    page = page_of(body(rejected))
    assert (page.tags["biasgate.verdict"], page.tags["biasgate.status"]) == ("REJECTED", "rejected")
    gap = next(result for result in rejected.decision.rules if result.rule == "colour_gap")
    assert page.tags["biasgate.reason"] == gap.sentence
    shown = text_of(page)
    for said in ("colour gap", "67.2 points", "63.6 points", "≤ 10 points", "alignment = conflicting", gap.sentence):
        assert said in shown


def test_an_approved_candidate_says_what_became_of_it(approved):
    decided = body(approved)
    assert page_of(decided).tags["biasgate.status"] == "approved"
    assert page_of(decided, promoted(decided)).tags["biasgate.status"] == "serves"
    assert page_of(decided, promoted(decided), days=4000).tags["biasgate.status"] == "expired"
    failed = page_of(decided, promoted(decided, status="FAILED", version=None, reason="the bytes changed"))
    assert failed.tags["biasgate.reason"] == "Approved, and not promoted: the bytes changed"
    rollback = RollbackBody(
        name="digits", replaced=Champion(version="1", digest=decided.subject[1]), by="Di", reason="complaints"
    )
    assert "complaints" in page_of(decided, promoted(decided), rollback).tags["biasgate.reason"]


def test_one_that_waits_says_who_answers_and_how(approved):
    flagged = approved.decision.model_copy(update={"human": True})
    page = page_of(body(approved).model_copy(update={"decision": flagged}))
    assert page.tags["biasgate.status"] == "waits"
    assert "biasgate approve --log $BIASGATE_LOG --entry 1 --as YOU" in text_of(page)


def test_what_lacks_evidence_says_what_would_settle_it(tell: Callable, measured: Callable):
    few = tell(evaluation=measured(inks={"thin": 30, "thick": 40}))
    assert few.decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert "more clusters like these" in text_of(page_of(body(few)))


def test_a_version_names_the_entry_that_let_it_serve_and_the_newest_verdict(approved, rejected):
    decided = body(approved)
    against = body(rejected)
    evidence = against.evidence.model_copy(update={"candidate": decided.evidence.candidate})
    later = against.model_copy(update={"evidence": evidence})
    history = written(decided, promoted(decided), later)
    (state,) = version_states(history, decided.decision.at).values()
    page = version_page(state, later, NOWHERE)
    assert (page.tags["biasgate.entry"], page.tags["biasgate.verdict"]) == ("1", "REJECTED")
    assert page.tags["biasgate.reason"].startswith("It serves still, and may not: ")


def test_a_broken_glass_says_that_nobody_approved(approved):
    at, digest = approved.decision.at, "sha256:" + "9" * 64
    glass = BreakGlassBody(
        name="digits", digest=digest, source="s", by="Cy", reason="down", expires=at + timedelta(hours=2)
    )
    entries = [glass, PromotionBody(entry=1, status="PROMOTED", reason="-", name="digits", digest=digest, version="1")]
    history = replay([LogEntry(number=number, at=at, body=one) for number, one in enumerate(entries, start=1)])
    (state,) = version_states(history, at).values()
    page = version_page(state, None, NOWHERE)
    assert page.tags["biasgate.verdict"] == "WITHOUT_APPROVAL"
    assert "Cy broke the glass: down" in page.tags["biasgate.reason"]


def test_links_lead_to_the_report_and_the_runs(rejected):
    links = Links(site="https://audit.example/site", kubeflow="https://kubeflow.example/pipeline")
    page = page_of(body(rejected, run="abc", kubeflow_run="k1"), links=links)
    assert page.tags["biasgate.report"] == "https://audit.example/site/entries/1.html"
    for url in (page.tags["biasgate.report"], "#/runs/abc", "https://kubeflow.example/pipeline/#/runs/details/k1"):
        assert f"]({url})" in page.description
    assert page_of(body(rejected, run="abc")).tags["biasgate.report"] == "runs:/abc/decision.html"


def test_text_of_a_candidate_stays_text(rejected):
    candidate = rejected.evidence.candidate.model_copy(update={"source": f"models:/x/1 {HOSTILE}"})
    rules = tuple(rule.model_copy(update={"sentence": HOSTILE}) for rule in rejected.decision.rules)
    hostile = body(rejected).model_copy(
        update={
            "evidence": rejected.evidence.model_copy(update={"candidate": candidate}),
            "decision": rejected.decision.model_copy(update={"reasons": (HOSTILE,), "rules": rules}),
        }
    )
    assert kinds(page_of(hostile)) == kinds(page_of(body(rejected)))
    assert "\n" not in page_of(hostile).tags["biasgate.reason"]


def kinds(page: VersionPage) -> list[str]:
    return [
        part.type
        for token in MarkdownIt("commonmark").enable("table").parse(page.description)
        for part in (token, *(token.children or ()))
        if part.type not in ("text", "text_special")
    ]


@pytest.mark.parametrize("name", ["rejected", "approved", "insufficient"])
def test_a_page_is_a_function_of_the_log_fits_mlflow_and_has_no_tag_of_others(request, name):
    decided = body(request.getfixturevalue(name))
    page = page_of(decided)
    assert page == page_of(decided)
    assert len(page.description) < 4000
    assert set(page.tags) <= set(TAGS)
