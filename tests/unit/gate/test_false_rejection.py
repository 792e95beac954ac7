"""Several rules at their margins: a fair model is rejected no more often than one rule would, where a policy counts."""

from __future__ import annotations

import numpy as np
import pytest

import biasgate
from biasgate.contracts.evaluation import Evaluation
from biasgate.errors import InputError
from biasgate.gate.explain import explain

RULES = "".join(
    f"\n  - {{id: {name}, kind: gap, attribute: {name}, max: 0.1}}" for name in ("sex", "race", "place", "age")
)


def policy(proofs: str = "") -> biasgate.Policy:
    return biasgate.load_policy(f"""
name: p
evaluation: {{metrics: [accuracy], attributes: [sex, race, place, age]{proofs}}}
weight_scan: {{flag_levels: [high], on_flag: ignore, on_abstain: ignore}}
rules: {RULES}
looks: 1
""")


def evaluation(rules: biasgate.Policy) -> Evaluation:
    """Of 400 people whose accuracy differs by each of four attributes."""
    sides = {name: np.arange(400) >> bit & 1 for bit, name in enumerate(("sex", "race", "place", "age"))}
    truth = np.arange(400) // 16 % 2
    right = np.random.default_rng(1).random(400) < 0.6 + 0.1 * sum(sides.values())
    found = biasgate.evaluate(y_true=truth, y_pred=np.where(right, truth, 1 - truth), attributes=sides, policy=rules)
    return Evaluation(**dict(found))


def test_what_proves_holds_for_all_rules_at_once_and_what_approves_stays():
    """Four rules at once: the bound that proves is that of a confidence with a fourth of the error."""
    counted, alone = (evaluation(policy(proofs)) for proofs in (", proofs: 4", ""))
    for one, other in zip(counted.gaps, alone.gaps, strict=True):
        assert one.bounds == other.bounds
        assert one.simultaneous[0] < other.simultaneous[0] or one.simultaneous[0] == 0
    exact = policy().model_copy(
        update={"evaluation": policy().evaluation.model_copy(update={"confidence": 1 - 0.05 / 4})}
    )
    assert [gap.simultaneous for gap in evaluation(exact).gaps] == [
        pytest.approx(gap.simultaneous) for gap in counted.gaps
    ]


def test_a_policy_that_counts_too_few_is_refused_and_told_how_many():
    with pytest.raises(InputError, match="write proofs: 4"):
        policy(", proofs: 3")
    assert policy(", proofs: 9").proofs == 4


@pytest.mark.parametrize(("proofs", "chance"), [("", "at most 10%"), (", proofs: 4", "at most 2.5%")])
def test_the_explained_policy_says_how_often_a_candidate_at_every_margin_is_rejected(proofs, chance):
    (said,) = [said for said in explain(policy(proofs), sizes=()).general if "all 4 rules" in said]
    assert chance in said
