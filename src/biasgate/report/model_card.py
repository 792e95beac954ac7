"""The model card: what Annex IV, point 2(g), of the EU AI Act asks a provider to document, as far as the gate knows it.

Regulation (EU) 2024/1689, Annex IV, 2(g): validation and testing procedures, the data used and their main
characteristics, the metrics of accuracy, robustness and potentially discriminatory impacts, and test logs and reports
dated and signed by the responsible persons.
"""

from __future__ import annotations

from biasgate.documents import digest
from biasgate.gate.decision import Decision
from biasgate.gate.evidence import Evidence
from biasgate.gate.policy import Policy
from biasgate.report.consistency import belong_together
from biasgate.report.limits import untested
from biasgate.report.markdown import inert
from biasgate.report.rendering import template
from biasgate.report.rules import rule_rows
from biasgate.report.subgroup_figures import Figure, change_figure, gap_figure, rate_figures, ratio_figure
from biasgate.report.suppression import FEW, published
from biasgate.report.text import unbroken


def model_card(
    decision: Decision,
    evidence: Evidence,
    policy: Policy,
    *,
    entry: str | None = None,
    signed_by: str | None = None,
) -> str:
    """The card as Markdown; what only a person can say is left blank and named as such.

    Args:
        decision: What was decided.
        evidence: What it was decided on.
        policy: The rules it was decided by.
        entry: Which entry of the log records the decision.
        signed_by: Id of the key that signed that entry.

    Raises:
        TrustError: The documents do not belong together, by their digests.
    """
    belong_together(decision, evidence, policy)
    evaluation = published(evidence.evaluation) if evidence.evaluation else None
    figures: list[Figure] = []
    if evaluation:
        figures = [
            *rate_figures(evaluation, policy),
            gap_figure(evaluation, policy),
            ratio_figure(evaluation, policy),
            change_figure(evaluation, policy),
        ]
    return template("model_card.md.j2", finalize=lambda value: inert(unbroken(value)), autoescape=False).render(
        decision=(shown := published(decision)),
        decision_digest=digest(decision),
        evidence=evidence,
        policy=policy,
        evaluation=evaluation,
        figures=[figure for figure in figures if figure.tracks],
        rules=rule_rows(shown, policy),
        untested=untested(evidence, policy),
        entry=entry,
        signed_by=signed_by,
        few=FEW,
    )
