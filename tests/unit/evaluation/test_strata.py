"""Comparisons within strata: what differs between departments is no gap, what differs within one is."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from biasgate.contracts.evaluation import Evaluation, EvaluationSpec
from biasgate.data.dataset import Dataset
from biasgate.evaluation.measure import measure
from biasgate.gate.decision import RuleResult
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.measurements import Measurements
from biasgate.gate.policy import Policy, read_policy
from biasgate.gate.policy_check import faults

MODEL = "sha256:" + "1" * 64


def policy(rule: str, *, strata: str = "strata: [dept], ") -> Policy:
    return read_policy(
        "name: strata\n"
        f"evaluation: {{metrics: [selection_rate, accuracy], attributes: [sex], {strata}minimum: 20}}\n"
        "weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}\n"
        f"rules: [{rule}]\nlooks: 1\n"
    )


def measured(selected: dict[tuple[str, str], tuple[int, int]], asked: Policy) -> Evaluation:
    """So many people selected of so many, by department and sex."""
    rows = [(dept, sex, int(place < chosen)) for (dept, sex), (chosen, of) in selected.items() for place in range(of)]
    table = pd.DataFrame(rows, columns=["dept", "sex", "said"])
    said = table.pop("said").to_numpy()
    dataset = Dataset(np.zeros((len(said), 0), np.float32), said, ("no", "yes"), table, np.arange(len(said)))
    return measure(said, dataset, asked.evaluation, model=MODEL, provider="none")


def judged(rule: str, selected: dict[tuple[str, str], tuple[int, int]]) -> RuleResult:
    asked = policy(rule)
    evidence = Evidence(
        candidate=Subject(name="m", source="s", digest=MODEL, training_data="t", submitter="a"),
        evaluation=measured(selected, asked),
        looks=1,
        code="0",
    )
    (only,) = asked.rules
    return only.result(Measurements(evidence, asked.evaluation, at=datetime(2026, 11, 30, tzinfo=UTC)))


GAP = "{id: r, kind: gap, metric: selection_rate, attribute: sex, max: 0.05}"
WITHIN = GAP.replace("max", "given: [dept], max")
FAIR = {
    ("easy", "f"): (1200, 2000),
    ("easy", "m"): (4800, 8000),
    ("hard", "f"): (1600, 8000),
    ("hard", "m"): (400, 2000),
}
"""Women apply where fewer are taken; within each department the sexes fare alike."""
HIDDEN = {
    ("north", "f"): (1250, 2500),
    ("north", "m"): (750, 2500),
    ("south", "f"): (750, 2500),
    ("south", "m"): (1250, 2500),
}
"""Each site favours the other sex, so that both fare alike on the whole."""


def test_a_gap_that_comes_from_where_people_applied_passes_within_strata():
    assert judged(GAP, FAIR).outcome == "fail"
    found = judged(WITHIN, FAIR)
    assert (found.outcome, found.value) == ("pass", pytest.approx(0))
    assert found.bound == pytest.approx(0.024, abs=0.003)


def test_gaps_that_cancel_over_strata_are_found_within_them():
    assert judged(GAP, HIDDEN).outcome == "pass"
    found = judged(WITHIN, HIDDEN)
    assert (found.outcome, found.value) == ("fail", pytest.approx(0.2))
    assert "north" in found.sentence or "south" in found.sentence


@pytest.mark.parametrize(("selected", "outcome"), [(FAIR, "pass"), (HIDDEN, "fail")])
def test_ratios_are_taken_within_strata(selected, outcome):
    rule = "{id: r, kind: ratio, attribute: sex, given: [dept], min: 0.8}"
    assert judged(rule, selected).outcome == outcome


def test_a_floor_holds_in_every_stratum():
    rule = "{id: r, kind: floor, metric: selection_rate, min: 0.3}"
    assert judged(rule, FAIR).outcome == "pass"
    found = judged(rule.replace("min", "given: [dept], min"), FAIR)
    assert (found.outcome, found.value) == ("fail", pytest.approx(0.2))


def test_a_stratum_with_too_few_people_leaves_the_rule_open_until_it_is_left_out():
    few = {**FAIR, ("tiny", "f"): (3, 5), ("tiny", "m"): (3, 5)}
    assert judged(WITHIN, few).outcome == "insufficient"
    omitted = WITHIN.replace("max", "omit: [{subgroup: {dept: tiny}, reason: judged by hand}], max")
    found = judged(omitted, few)
    assert found.outcome == "pass"
    assert "judged by hand" in found.sentence


def test_a_stratum_that_holds_one_sex_compares_nobody():
    alone = {**FAIR, ("nunnery", "f"): (300, 500)}
    rule = WITHIN.replace("max", "omit: [{subgroup: {dept: nunnery, sex: m}, reason: nobody can be in it}], max")
    assert judged(WITHIN, alone).outcome == "insufficient"
    assert judged(rule, alone).outcome == "pass"


def test_proof_allows_for_the_number_of_strata():
    """Of forty strata without any gap one that looks like a violation by itself is none."""
    rng = np.random.default_rng(0)
    strata = {(f"d{k}", sex): (int(rng.binomial(400, 0.5)), 400) for k in range(40) for sex in "fm"}
    within = [gap for gap in measured(strata, policy(WITHIN)).gaps if gap.given]
    assert max(gap.bounds[0] for gap in within if gap.bounds) > 0
    assert max(gap.simultaneous[0] for gap in within if gap.simultaneous) == 0
    assert judged(WITHIN.replace("0.05", "0.0"), strata).outcome == "insufficient"


def test_a_rule_within_strata_that_are_not_measured_can_never_pass():
    assert faults(policy(WITHIN)) == []
    assert "compares nothing within dept" in faults(policy(WITHIN, strata=""))[0]


def test_strata_need_no_intersections_and_add_none():
    spec = EvaluationSpec(attributes=("sex",), strata=("dept",), minimum=20)
    table = pd.DataFrame({"sex": ["f", "m"] * 100, "dept": ["a", "a", "b", "b"] * 50})
    labels = np.zeros(200, dtype=np.int64)
    dataset = Dataset(np.zeros((200, 0), np.float32), labels, ("no", "yes"), table, np.arange(200))
    found = measure(labels, dataset, spec, model=MODEL, provider="none")
    assert {tuple(sorted(cell.subgroup)) for cell in found.cells} == {(), ("sex",), ("dept",), ("dept", "sex")}
    within = [gap for gap in found.gaps if gap.given]
    assert {(gap.attribute, gap.given) for gap in found.gaps} == {("sex", None), ("dept*sex", ("dept",))}
    assert all(gap.higher["dept"] == gap.lower["dept"] for gap in within)
    assert len(within) == 2
