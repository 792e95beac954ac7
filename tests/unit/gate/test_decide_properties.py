from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from biasgate.gate.decide import decide
from biasgate.gate.policy import Policy

AT = datetime(2026, 11, 22, tzinfo=UTC)
SHARES = st.floats(0.0, 1.0)
WIDTHS = st.floats(0.0, 0.3)
ORDER = {"REJECTED": 0, "INSUFFICIENT_EVIDENCE": 1, "APPROVED": 2}
OPTIONAL = ("scan", "evaluation", "parity")


def with_margins(policy: Policy, *, gap: float, worst: float) -> Policy:
    rules = [
        rule.model_copy(update={"gap": {"max": gap}, "worst_group": {"min": worst}}.get(rule.kind, {}))
        for rule in policy.rules
    ]
    return policy.model_copy(update={"rules": tuple(rules)})


def naive(aligned: float, conflicting: float, width: float, *, gap: float, worst: float) -> str:
    """The verdict by hand, from the numbers that went into the evidence: no code of the gate."""
    difference = abs(aligned - conflicting)
    if max(0.0, difference - width) > gap or min(1.0, min(aligned, conflicting) + width) < worst:
        return "REJECTED"
    inside = min(1.0, difference + width) <= gap and max(0.0, min(aligned, conflicting) - width) >= worst
    return "APPROVED" if inside else "INSUFFICIENT_EVIDENCE"


@given(aligned=SHARES, conflicting=SHARES, width=WIDTHS, gap=SHARES, worst=SHARES)
@settings(max_examples=300, deadline=None)
def test_the_verdict_is_the_one_that_a_naive_reading_gives(
    policy, make, evidence, aligned, conflicting, width, gap, worst
):
    asked = with_margins(policy, gap=gap, worst=worst)
    measured = make.evaluation(aligned, conflicting, width=width)
    decision = decide(asked, evidence(evaluation=measured), (), AT)
    assert decision.verdict == naive(aligned, conflicting, width, gap=gap, worst=worst)


@given(
    aligned=SHARES, conflicting=SHARES, width=WIDTHS, gaps=st.tuples(SHARES, SHARES), worsts=st.tuples(SHARES, SHARES)
)
@settings(max_examples=200, deadline=None)
def test_a_stricter_policy_never_gives_a_better_verdict(
    policy, make, evidence, aligned, conflicting, width, gaps, worsts
):
    found = evidence(evaluation=make.evaluation(aligned, conflicting, width=width))
    strict = decide(with_margins(policy, gap=min(gaps), worst=max(worsts)), found, (), AT)
    lenient = decide(with_margins(policy, gap=max(gaps), worst=min(worsts)), found, (), AT)
    assert ORDER[strict.verdict] <= ORDER[lenient.verdict]


@given(aligned=SHARES, conflicting=SHARES, widths=st.tuples(WIDTHS, WIDTHS))
@settings(max_examples=200, deadline=None)
def test_less_certainty_never_turns_into_an_approval(policy, make, evidence, aligned, conflicting, widths):
    sharp, blurred = (
        decide(policy, evidence(evaluation=make.evaluation(aligned, conflicting, width=width)), (), AT)
        for width in sorted(widths)
    )
    assert not (blurred.verdict == "APPROVED" and sharp.verdict != "APPROVED")


@given(missing=st.sets(st.sampled_from(OPTIONAL), min_size=1), aligned=SHARES, conflicting=SHARES)
@settings(max_examples=100, deadline=None)
def test_evidence_with_anything_missing_is_never_approved(policy, evidence, missing, aligned, conflicting):
    decision = decide(policy, evidence(aligned, conflicting, **dict.fromkeys(missing)), (), AT)
    assert decision.verdict != "APPROVED"
    assert all(decision.reasons)


@given(
    hidden=st.sets(st.sampled_from(("estimate", "bounds", "simultaneous")), min_size=1),
    where=st.sampled_from(("cells", "gaps")),
)
@settings(max_examples=30, deadline=None)
def test_a_number_without_its_bounds_is_never_approved(policy, make, evidence, hidden, where):
    measured = make.evaluation(0.95, 0.94)
    blind = [part.model_copy(update=dict.fromkeys(hidden)) for part in getattr(measured, where)]
    found = evidence(evaluation=measured.model_copy(update={where: tuple(blind)}))
    assert decide(policy, found, (), AT).verdict == "INSUFFICIENT_EVIDENCE"


@given(flagged=SHARES, aligned=SHARES, conflicting=SHARES)
@settings(max_examples=100, deadline=None)
def test_what_the_scan_reads_never_makes_a_verdict_better(policy, make, evidence, flagged, aligned, conflicting):
    ignoring = policy.weight_scan.model_copy(update={"on_flag": "ignore", "on_abstain": "ignore"})
    without = decide(policy.model_copy(update={"weight_scan": ignoring}), evidence(aligned, conflicting), (), AT)
    for reaction in ("ignore", "require_human", "reject"):
        rule = policy.weight_scan.model_copy(update={"on_flag": reaction})
        found = evidence(aligned, conflicting, scan=make.scan(flagged))
        with_scan = decide(policy.model_copy(update={"weight_scan": rule}), found, (), AT)
        assert ORDER[with_scan.verdict] <= ORDER[without.verdict]
