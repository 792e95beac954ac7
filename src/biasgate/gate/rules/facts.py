"""Rules about facts, which are known and not estimated, so that they have no bounds."""

from __future__ import annotations

from datetime import datetime, timedelta

from biasgate.contracts.evaluation import Cell, Score
from biasgate.contracts.wording import name, samples
from biasgate.gate.decision import RuleResult
from biasgate.gate.evidence import Evidence
from biasgate.gate.policy import CoverageRule, FreshnessRule, ParityRule, SizeRule
from biasgate.gate.rules.measured import Measurements, Missing


def coverage(rule: CoverageRule, found: Measurements) -> RuleResult:
    """The smallest number of units over the subgroups; too few is no violation, but no evidence either."""
    cells: list[Cell | Score] = []
    for label in found.labels(rule.label):
        if rule.attribute:
            cells += found.cells(metric=rule.metric, attribute=rule.attribute, label=label)
        cells += [found.cell(rule.metric, subgroup, label) for subgroup in rule.subgroups]
    smallest = min(cells, key=lambda cell: cell.units)
    return RuleResult(
        rule=rule.id,
        outcome="pass" if smallest.units >= rule.units else "insufficient",
        value=smallest.units,
        threshold=rule.units,
        n=smallest.units,
        sentence=f"{name(rule.metric, smallest.label)} on {samples(smallest.subgroup)} rests on {smallest.units} "
        f"units, the fewest of {len(cells)} subgroups; the policy asks for {rule.units}.",
    )


def onnx_parity(rule: ParityRule, evidence: Evidence) -> RuleResult:
    """The largest difference of logits."""
    if evidence.parity is None or evidence.parity < 0:
        raise Missing("The ONNX form was not compared with its source.")
    return RuleResult(
        rule=rule.id,
        outcome="pass" if evidence.parity <= rule.max else "fail",
        value=evidence.parity,
        threshold=rule.max,
        sentence=f"The ONNX form's logits differ from its source's by at most {evidence.parity:.1g}; "
        f"the policy allows {rule.max:.1g}.",
    )


def freshness(rule: FreshnessRule, evidence: Evidence, *, at: datetime) -> RuleResult:
    """The age of the data at the moment of the decision."""
    what = rule.of.replace("_", " ")
    since = evidence.evaluation_data_from if rule.of == "evaluation_data" else evidence.training_data_from
    if since is None:
        raise Missing(f"The {what} has no date.")
    if since > at:
        raise Missing(f"The {what} is dated {since:%Y-%m-%d}, after the decision.")
    days = (at - since) / timedelta(days=1)
    return RuleResult(
        rule=rule.id,
        outcome="pass" if days <= rule.days else "fail",
        value=days,
        threshold=rule.days,
        sentence=f"The {what} is {days:.1f} days old; the policy allows {rule.days}.",
    )


def size(rule: SizeRule, evidence: Evidence) -> RuleResult:
    """The bytes of the package."""
    if evidence.size is None:
        raise Missing("The size of the package was not measured.")
    return RuleResult(
        rule=rule.id,
        outcome="pass" if evidence.size <= rule.max else "fail",
        value=evidence.size,
        threshold=rule.max,
        sentence=f"The package holds {evidence.size:,} bytes; the policy allows {rule.max:,}.",
    )
