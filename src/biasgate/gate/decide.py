"""The decision itself: a pure function, so that anyone can repeat it years later from the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from biasgate.documents import digest
from biasgate.errors import InputError
from biasgate.gate.decision import Decision, RuleResult, Verdict
from biasgate.gate.evidence import Evidence
from biasgate.gate.measurements import Measurements
from biasgate.gate.policy import Policy
from biasgate.gate.preconditions import preconditions
from biasgate.gate.trust.waiver import Waiver, holds
from biasgate.gate.weight_scan import weight_scan

_WORST_FIRST = ("fail", "insufficient", "pass")


def decide(policy: Policy, evidence: Evidence, waivers: Sequence[Waiver], at: datetime) -> Decision:
    """Turns evidence into a verdict.

    REJECTED when a rule is proven violated; else INSUFFICIENT_EVIDENCE when anything is missing or undecided; else
    APPROVED. When one of the gate's own checks does not pass, no rule may look at the evaluation. What is decided is
    what the digest names: the evidence is read anew from its canonical form, where no NaN can hide.

    Args:
        policy: The rules.
        evidence: What was measured.
        waivers: Exceptions that persons granted, their signatures verified (``waivers.present``); those not in force
            for this model and policy at ``at`` change nothing.
        at: The moment of the decision, with a time zone.

    Raises:
        InputError: ``at`` has no time zone, or a number of the evidence is NaN or infinite.
    """
    if at.utcoffset() is None:
        raise InputError("the moment of a decision needs a time zone", fix="pass a UTC datetime")
    evidence = Evidence.parse(evidence.to_json(), where="evidence")
    checks = preconditions(policy, evidence)
    scanned, human = weight_scan(policy.weight_scan, evidence)
    sound = all(result.outcome == "pass" for result in checks)
    visible = evidence if sound else evidence.model_copy(update={"evaluation": None})
    found = Measurements(visible, policy.evaluation, at=at)
    ruled = (rule.result(found) for rule in policy.rules)
    granted = _in_force(policy, evidence, waivers, at)
    results = (*checks, scanned, *(_waived(result, granted) for result in ruled))
    return Decision(
        verdict=(verdict := _verdict(results)),
        human=human,
        repairable=verdict == "REJECTED" and sound and _repairable(policy, evidence, results),
        reasons=_reasons(results),
        rules=results,
        policy=digest(policy),
        evidence=digest(evidence),
        at=at,
        expires=at + timedelta(days=policy.valid_days),
    )


def _verdict(results: Sequence[RuleResult]) -> Verdict:
    outcomes = {result.outcome for result in results}
    if "fail" in outcomes:
        return "REJECTED"
    return "INSUFFICIENT_EVIDENCE" if "insufficient" in outcomes else "APPROVED"


def _repairable(policy: Policy, evidence: Evidence, results: Sequence[RuleResult]) -> bool:
    """A model, rejected for bias alone, never repaired before, and the policy names a method."""
    fresh = evidence.ran and evidence.repair is None and evidence.candidate.repaired_from is None
    only_bias = all(result.bias for result in results if result.outcome == "fail")
    return fresh and only_bias and bool(policy.repair.methods)


def _in_force(policy: Policy, evidence: Evidence, waivers: Sequence[Waiver], at: datetime) -> list[Waiver]:
    about, rules = evidence.candidate, digest(policy)
    return [
        waiver for waiver in waivers if holds(waiver, model=about.name, policy=rules, submitter=about.submitter, at=at)
    ]


def _waived(result: RuleResult, waivers: Sequence[Waiver]) -> RuleResult:
    """The result of a rule after the first of the waivers in force that is for it, if it did not pass by itself."""
    if result.outcome == "pass":
        return result
    for waiver in waivers:
        if waiver.rule == result.rule:
            sentence = (
                f"{result.sentence} Waived until {waiver.expires:%Y-%m-%d} by {waiver.approved_by} "
                f"for {waiver.owner}: {waiver.reason}"
            )
            return result.model_copy(update={"outcome": "pass", "sentence": sentence})
    return result


def _reasons(results: Sequence[RuleResult]) -> tuple[str, ...]:
    """The sentences of what did not pass, worst first; all of them when everything passed."""
    deciding = [result for result in results if result.outcome != "pass"] or results
    return tuple(result.sentence for result in sorted(deciding, key=lambda r: _WORST_FIRST.index(r.outcome)))
