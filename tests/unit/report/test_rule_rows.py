from biasgate.gate.decision import Decision, RuleResult
from biasgate.gate.policy import read_policy
from biasgate.report.rules import rule_rows

POLICY = """
name: p
evaluation: {attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: reject, on_abstain: reject}
rules:
  - {id: a, kind: ratio, attribute: sex, min: 0.8}
  - {id: b, kind: coverage, attribute: sex, clusters: 2000}
  - {id: c, kind: champion, max: 0.05}
  - {id: d, kind: latency, max: 0.01}
looks: 1
"""


def test_each_kind_of_rule_is_written_in_its_unit_and_with_its_side():
    policy = read_policy(POLICY)
    limits = (0.8, 2000, 0.05, 0.01)
    results = tuple(
        RuleResult(rule=rule.id, outcome="pass", value=limit, threshold=limit, sentence="")
        for rule, limit in zip(policy.rules, limits, strict=True)
    )
    decision = Decision.model_construct(rules=results)
    assert [row.threshold for row in rule_rows(decision, policy)] == ["≥ .80", "≥ 2,000", "≤ 5 points", "≤ 10 ms"]
