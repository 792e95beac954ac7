"""The decision report: one HTML page that needs nothing but itself, and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from biasgate.contracts.evaluation import Evaluation
from biasgate.documents import digest
from biasgate.gate.decision import Decision
from biasgate.gate.evidence import Evidence
from biasgate.gate.policy import Policy
from biasgate.gate.trust.waivers import Presented
from biasgate.report.consistency import belong_together
from biasgate.report.impact import impact_tables
from biasgate.report.limits import untested
from biasgate.report.rendering import page
from biasgate.report.rules import reasons, rule_rows
from biasgate.report.subgroup_figures import change_figure, gap_figure, rate_figures, ratio_figure
from biasgate.report.suppression import FEW, published


def decision_report(
    decision: Decision,
    evidence: Evidence,
    policy: Policy,
    *,
    before: Evaluation | None = None,
    entry: str | None = None,
    gate: str | None = None,
    waivers: Sequence[Presented] = (),
) -> str:
    """The report of one decision, for the model's owner today and a reviewer months later.

    The page is a function of its arguments: it carries no time of its own. Its content security policy allows one
    style sheet, by its digest, and nothing else: no script, no image, no form, no address outside the page.

    Args:
        decision: What was decided.
        evidence: What it was decided on.
        policy: The rules it was decided by.
        before: The evaluation of the model that a repair started from, drawn beside the repaired one's.
        entry: Which entry of the log records the decision.
        gate: Which gate it was measured under and which is in force, in a sentence.
        waivers: Those that were presented, with what their signatures were worth.

    Raises:
        TrustError: The documents do not belong together, by their digests.
    """
    belong_together(decision, evidence, policy, before=before)
    evaluation = published(evidence.evaluation) if evidence.evaluation else None
    earlier = published(before) if before else None
    shown = published(decision)
    return page(
        "decision.html.j2",
        decision=shown,
        decision_digest=digest(decision),
        evidence=evidence,
        policy=policy,
        evaluation=evaluation,
        rates=rate_figures(evaluation, policy, before=earlier) if evaluation else [],
        gaps=gap_figure(evaluation, policy, before=earlier) if evaluation else None,
        ratios=ratio_figure(evaluation, policy, before=earlier) if evaluation else None,
        changes=change_figure(evaluation, policy) if evaluation else None,
        impact=impact_tables(evaluation) if evaluation else [],
        reasons=reasons(shown),
        rules=rule_rows(shown, policy),
        untested=untested(evidence, policy),
        entry=entry,
        gate=gate,
        waivers=waivers,
        few=FEW,
    )
