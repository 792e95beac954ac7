from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest

from biasgate.contracts.repair_record import RepairRecord, Trial
from biasgate.documents import digest
from biasgate.errors import InputError
from biasgate.gate.decide import decide
from biasgate.gate.decision import Decision, RuleResult
from biasgate.gate.evidence import Evidence
from biasgate.gate.policy import Policy
from biasgate.gate.trust.waiver import Waiver

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def verdict(policy: Policy):
    return lambda evidence, *waivers: decide(policy, evidence, waivers, AT)


def result(decision: Decision, rule: str) -> RuleResult:
    (found,) = [found for found in decision.rules if found.rule == rule]
    return found


def repaired(make, evidence, *, loss: float = 0.02, original: str | None = None, **record: Any) -> Evidence:
    """Evidence of a candidate that a repair made, with the paired change measured."""
    made = RepairRecord(
        **{
            "method": "adversarial",
            "original": make.ORIGINAL,
            "repaired": make.MODEL,
            "data": "sha256:repair",
            "trials": (Trial(settings={}, worst_group=0.9, aligned=0.9, conflicting=0.9, chosen=True),),
            "moved": 1.0,
            "distance": 0.1,
            "seconds": 1.0,
            "samples": 100,
            "seed": 0,
            "parity": 1e-6,
            **record,
        }
    )
    measured = make.evaluation(0.94, 0.92, before=original or make.ORIGINAL, changes=(make.cost(loss),))
    return evidence(repair=made, looks=2, evaluation=measured)


def test_a_fair_candidate_is_approved_with_every_rule_named_and_an_end(verdict, evidence, policy):
    decision = verdict(evidence())
    assert decision.verdict == "APPROVED"
    assert [r.rule for r in decision.rules][-4:] == [rule.id for rule in policy.rules]
    assert decision.expires == AT + timedelta(days=policy.valid_days)
    assert not decision.human
    assert not decision.repairable


def test_a_biased_candidate_is_rejected_repairable_and_told_why(verdict, evidence):
    decision = verdict(evidence(aligned=0.99, conflicting=0.31))
    assert decision.verdict == "REJECTED"
    assert decision.repairable
    assert decision.reasons[0] == (
        "Accuracy on conflicting samples is .31 [.28, .34] (n = 750), 68 points [65, 71] below aligned ones; "
        "the policy allows 10."
    )


def test_a_gap_whose_bound_crosses_the_margin_is_neither_passed_nor_failed(verdict, evidence):
    decision = verdict(evidence(aligned=0.97, conflicting=0.88))
    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert result(decision, "colour_gap").outcome == "insufficient"


def test_a_model_that_is_bad_for_everybody_fails_the_worst_group(verdict, evidence):
    decision = verdict(evidence(aligned=0.6, conflicting=0.6))
    assert [r.rule for r in decision.rules if r.outcome == "fail"] == ["worst_group"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"evaluation": None}, "not evaluated"),
        ({"parity": None}, "not compared with its source"),
        ({"scan": None}, "not scanned"),
        ({"looks": 3}, "looked at 3 times; the policy allows 2"),
        ({"looks": 0}, "not counted as a look"),
    ],
)
def test_what_is_missing_or_exceeded_is_never_approved(verdict, evidence, change, reason):
    decision = verdict(evidence(**change))
    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert any(reason in sentence for sentence in decision.reasons)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": "sha256:other"}, "of another model"),
        ({"spec": "sha256:other"}, "another specification"),
        ({"data": "sha256:train"}, "trained or repaired on the gate's test split"),
    ],
)
def test_an_evaluation_of_something_else_decides_nothing_not_even_a_rejection(verdict, evidence, make, change, reason):
    biased = make.evaluation(0.99, 0.31).model_copy(update=change)
    decision = verdict(evidence(evaluation=biased))
    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert not decision.repairable
    assert reason in decision.reasons[0]


def test_a_scan_of_another_model_is_not_used(verdict, evidence, make):
    decision = verdict(evidence(scan=make.scan(model="sha256:other")))
    assert result(decision, "weight_scan").outcome == "insufficient"


@pytest.mark.parametrize("damage", ["cell", "whole", "bounds", "gap", "group"])
def test_a_hole_in_the_measurement_makes_its_rules_insufficient(verdict, evidence, make, damage):
    measured = make.evaluation(0.95, 0.94)
    whole, aligned, conflicting = measured.cells
    update = {
        "cell": {"cells": (whole, aligned)},
        "whole": {"cells": (aligned, conflicting)},
        "bounds": {"cells": (whole, aligned, conflicting.model_copy(update={"bounds": None}))},
        "gap": {"gaps": ()},
        "group": {"cells": (whole.model_copy(update={"trials": 2250}), aligned, conflicting)},
    }[damage]
    decision = verdict(evidence(evaluation=measured.model_copy(update=update)))
    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert result(decision, "colour_gap").outcome == "insufficient"


def test_numbers_that_contradict_themselves_are_not_believed(verdict, evidence, make):
    measured = make.evaluation(0.95, 0.94)
    whole, aligned, conflicting = measured.cells
    odd = conflicting.model_copy(update={"bounds": (0.96, 0.99)})
    decision = verdict(evidence(evaluation=measured.model_copy(update={"cells": (whole, aligned, odd)})))
    assert "contradicts itself" in result(decision, "worst_group").sentence


def test_an_attribute_that_was_not_measured_is_insufficient(policy, evidence):
    asked = Policy.build(
        {**policy.model_dump(by_alias=True), "rules": [{"id": "r", "kind": "gap", "attribute": "skin", "max": 0.1}]},
        where="test",
    )
    decision = decide(asked, evidence(), (), AT)
    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert "'skin'" in decision.reasons[0]


def test_an_intersection_is_judged_over_all_its_pairs_and_named(policy, evidence, make):
    values = {("aligned", "7"): 0.95, ("aligned", "8"): 0.94, ("conflicting", "7"): 0.95, ("conflicting", "8"): 0.50}
    cells = [make.cell(value, dict(zip(("alignment", "digit"), group, strict=True))) for group, value in values.items()]
    gaps = [
        make.gap({"a": max(values[a], values[b]), "b": min(values[a], values[b])}).model_copy(
            update={"attribute": "alignment*digit", "higher": first.subgroup, "lower": second.subgroup}
        )
        for (a, first), (b, second) in combinations(zip(values, cells, strict=True), 2)
    ]
    whole = make.cell(0.83, {}, trials=3000)
    measured = make.evaluation(0.95, 0.94).model_copy(update={"cells": (whole, *cells), "gaps": tuple(gaps)})
    rule = {"id": "r", "kind": "gap", "attribute": "digit*alignment", "max": 0.1}
    asked = Policy.build({**policy.model_dump(by_alias=True), "rules": [rule]}, where="test")
    decision = decide(asked, evidence(evaluation=measured), (), AT)
    assert decision.reasons[0].startswith("Accuracy on conflicting, 8 samples is .50")
    missing = evidence(evaluation=measured.model_copy(update={"gaps": tuple(gaps[:-1])}))
    assert decide(asked, missing, (), AT).verdict == "INSUFFICIENT_EVIDENCE"


def test_a_flagged_scan_calls_a_person_and_changes_no_verdict(verdict, evidence, make):
    approved = verdict(evidence(scan=make.scan(0.9)))
    assert (approved.verdict, approved.human) == ("APPROVED", True)
    assert verdict(evidence(0.99, 0.31, scan=make.scan(0.0))).verdict == "REJECTED"


def test_an_abstaining_scan_calls_a_person(verdict, evidence, make):
    assert verdict(evidence(scan=make.scan(abstained=True, probabilities={}))).human


@pytest.mark.parametrize(
    ("reaction", "expected"), [("ignore", "APPROVED"), ("require_human", "APPROVED"), ("reject", "REJECTED")]
)
def test_a_flag_does_what_the_policy_says(policy, evidence, make, reaction, expected):
    rule = policy.weight_scan.model_copy(update={"on_flag": reaction})
    decision = decide(policy.model_copy(update={"weight_scan": rule}), evidence(scan=make.scan(0.9)), (), AT)
    assert (decision.verdict, decision.human) == (expected, reaction == "require_human")


@pytest.mark.parametrize(
    "shares", [{}, {"none": 1.0}, {"high": 0.9, "very_high": 0.9}, {"high": -1.0, "very_high": 2.0}]
)
def test_a_scan_that_makes_no_sense_is_insufficient(verdict, evidence, make, shares):
    assert verdict(evidence(scan=make.scan(probabilities=shares))).verdict == "INSUFFICIENT_EVIDENCE"


def test_a_cheap_repair_is_approved_and_a_costly_one_rejected_for_good(verdict, evidence, make):
    assert verdict(repaired(make, evidence)).verdict == "APPROVED"
    costly = verdict(repaired(make, evidence, loss=0.2))
    assert costly.verdict == "REJECTED"
    assert not costly.repairable
    assert costly.reasons[0].startswith("The repair cost 20 points [18, 22] of accuracy on aligned samples (n = 750)")


def test_a_repaired_candidate_is_not_repaired_again(verdict, evidence, make):
    again = repaired(make, evidence)
    worse = make.evaluation(0.99, 0.31, before=make.ORIGINAL, changes=(make.cost(0.0),))
    decision = verdict(again.model_copy(update={"evaluation": worse}))
    assert decision.verdict == "REJECTED"
    assert not decision.repairable


@pytest.mark.parametrize(
    "record", [{"repaired": "sha256:other"}, {"original": "sha256:other"}, {"data": "sha256:gate"}]
)
def test_a_repair_record_that_does_not_fit_is_insufficient(verdict, evidence, make, record):
    assert verdict(repaired(make, evidence, **record)).verdict == "INSUFFICIENT_EVIDENCE"


def test_a_repaired_card_without_a_record_is_insufficient(verdict, evidence):
    plain = evidence()
    marked = plain.candidate.model_copy(update={"repaired_from": "sha256:elsewhere"})
    assert verdict(plain.model_copy(update={"candidate": marked})).verdict == "INSUFFICIENT_EVIDENCE"


@pytest.fixture
def waiver(policy):
    return lambda **change: _waiver(**{"policy": digest(policy), **change})


def _waiver(**change: Any) -> Waiver:
    usual = {
        "rule": "colour_gap",
        "model": "digits",
        "owner": "ben",
        "reason": "Ships with a warning.",
        "expires": AT + timedelta(days=1),
        "approved_by": "cleo",
    }
    return Waiver(**{**usual, **change})


def test_a_waiver_lifts_one_rule_and_says_who_allowed_it(verdict, evidence, waiver):
    decision = verdict(evidence(aligned=0.99, conflicting=0.80), waiver())
    assert decision.verdict == "APPROVED"
    assert "Waived until 2026-11-23 by cleo for ben: Ships with a warning." in result(decision, "colour_gap").sentence


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "worst_group"},
        {"expires": AT},
        {"approved_by": "ben"},
        {"approved_by": " BEN "},
        {"owner": "Zo\u00eb", "approved_by": "zoe\u0308"},
        {"approved_by": "ana"},
        {"approved_by": " "},
        {"model": "faces"},
        {"policy": "sha256:" + "9" * 64},
    ],
    ids=[
        "other rule",
        "expired",
        "self-approved",
        "in disguise",
        "in another encoding",
        "by the submitter",
        "by nobody",
        "for another model",
        "of another policy",
    ],
)
def test_a_waiver_without_force_changes_nothing(verdict, evidence, waiver, change):
    assert verdict(evidence(aligned=0.99, conflicting=0.80), waiver(**change)).verdict == "REJECTED"


@pytest.mark.parametrize("rule", ["evaluation", "looks", "repair", "weight_scan"])
def test_the_gates_own_checks_cannot_be_waived(verdict, evidence, waiver, rule):
    decision = verdict(evidence(evaluation=None, scan=None, looks=3), waiver(rule=rule))
    assert decision.verdict == "INSUFFICIENT_EVIDENCE"


def test_waiving_every_rule_does_not_stand_in_for_an_evaluation(verdict, evidence, policy, waiver):
    everything = [waiver(rule=rule.id) for rule in policy.rules]
    assert verdict(evidence(evaluation=None), *everything).verdict == "INSUFFICIENT_EVIDENCE"


def test_a_moment_without_a_time_zone_is_refused(policy, evidence):
    with pytest.raises(InputError, match="time zone"):
        decide(policy, evidence(), (), AT.replace(tzinfo=None))


def test_a_decision_names_the_digests_of_what_it_rests_on(verdict, evidence, policy):
    decision = verdict(evidence())
    assert (decision.policy, decision.evidence) == (digest(policy), digest(evidence()))
