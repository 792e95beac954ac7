"""What MLflow shows of a version: tags and a Markdown description, made from the signed log and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from biasgate.contracts import wording
from biasgate.contracts.evaluation import Evaluation
from biasgate.documents import digest
from biasgate.gate.decision import Decision, Outcome, decisive
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.state import State
from biasgate.gate.policy import Policy
from biasgate.gate.rule import MeasuredRule, Rule
from biasgate.report.links import Links, version_within
from biasgate.report.markdown import code, inert, link
from biasgate.report.outlook import WITHOUT, outlook
from biasgate.report.rendering import template
from biasgate.report.suppression import published
from biasgate.report.text import share_interval, typographic

VERDICT, STATUS, REASON = "biasgate.verdict", "biasgate.status", "biasgate.reason"
POLICY, GATE, ENTRY, REPORT = "biasgate.policy", "biasgate.gate", "biasgate.entry", "biasgate.report"
TAGS = (VERDICT, STATUS, REASON, POLICY, GATE, ENTRY, REPORT)
"""What the projection writes; one of them that the log does not say is taken away."""
OUTCOMES = {"pass": "passes", "fail": "fails", "insufficient": "not enough evidence"}
ROWS = 8
"""Most subgroups of the table."""
REPORT_FILE = "decision.html"
"""The report among the files of a gate's run."""


@dataclass(frozen=True, kw_only=True)
class VersionPage:
    """What a version's page is to show: all tags of ours by their names, and our part of its description."""

    tags: dict[str, str]
    description: str


@dataclass(frozen=True, kw_only=True)
class Number:
    """A deciding number: what was measured, the bound that was held against the limit, and the limit."""

    rule: str
    outcome: Outcome
    value: str
    bound: str
    limit: str


def known_tags(state: State) -> dict[str, str]:
    """The tags that a history tells by itself: where they stand already, nothing happened since they were written."""
    newest = state.authority
    found = {VERDICT: newest.verdict or WITHOUT, STATUS: state.status, ENTRY: str(state.allowed_by or newest.entry)}
    return {**found, GATE: str(newest.gate)} if newest.gate else found


def version_page(state: State, decided: DecisionBody | None, links: Links) -> VersionPage:
    """The page of one candidate or version.

    Args:
        state: What the log says of it.
        decided: The whole decision that the state extracts; None for a broken glass.
        links: Where a reader finds more.
    """
    words, entry = outlook(state, decided), state.authority.entry
    policy = Policy.parse(decided.policy, where=f"entry {entry}") if decided else None
    tags = {
        **known_tags(state),
        REASON: words.sentence,
        POLICY: f"{policy.name} ({digest(policy)[:19]})" if policy else "",
        REPORT: links.report(entry) or (f"runs:/{decided.run}/{REPORT_FILE}" if decided and decided.run else ""),
    }
    metric, rows = _subgroups(decided.evidence.evaluation, policy, decided.decision) if decided and policy else ("", [])
    text = template("version.md.j2", finalize=inert, autoescape=False).render(
        state=state,
        words=words,
        command=code(words.command) if words.command else None,
        policy=policy,
        outcomes=OUTCOMES,
        numbers=numbers(published(decided.decision), policy) if decided and policy else [],
        metric=metric,
        rows=rows[:ROWS],
        left=len(rows[ROWS:]),
        links=_links(state, decided, links),
        verify=code(f"biasgate decide --replay $BIASGATE_LOG --entry {entry}"),
    )
    return VersionPage(tags={name: one for name, one in tags.items() if one}, description=text.strip())


def numbers(decision: Decision, policy: Policy) -> list[Number]:
    """The three numbers that decided, each with its bound and limit, in the units of their rules."""
    rules = {rule.id: rule for rule in policy.rules}
    asked = [one for one in decision.rules if one.rule in rules and (one.outcome != "pass" or one.bound is not None)]

    def written(rule: Rule, value: float | None) -> str:
        return "" if value is None else typographic(rule.number(value))

    return [
        Number(
            rule=wording.words(result.rule),
            outcome=result.outcome,
            value=written(rule, result.value),
            bound=written(rule, result.bound),
            limit=f"{rule.sign} {written(rule, result.threshold)}" if result.threshold is not None else "",
        )
        for result in decisive(asked)
        if (rule := rules[result.rule])
    ]


def _subgroups(
    evaluation: Evaluation | None, policy: Policy, decision: Decision
) -> tuple[str, list[tuple[str, str, str]]]:
    """The rate that decided, or else the first, in the whole set and in each attribute's subgroups, lowest first."""
    if evaluation is None or not evaluation.cells:
        return "", []
    rules = {rule.id: rule for rule in policy.rules}
    asked = [rules.get(result.rule) for result in decisive(decision.rules)]
    metrics = [rule.needs().metric for rule in asked if isinstance(rule, MeasuredRule)]
    cells = [cell for cell in published(evaluation).cells if len(cell.subgroup) <= 1 and cell.estimate]
    metric = next((one for one in metrics if any(cell.metric == one for cell in cells)), evaluation.cells[0].metric)
    shown = [cell for cell in cells if cell.metric == metric and cell.label == evaluation.cells[0].label]
    shown.sort(key=lambda cell: (bool(cell.subgroup), cell.estimate.value if cell.estimate else 0.0))
    return wording.of_label(metric, evaluation.cells[0].label), [
        (wording.subgroup(cell.subgroup), share_interval(found), f"{found.n:,}")
        for cell in shown
        if (found := cell.estimate)
    ]


def _links(state: State, decided: DecisionBody | None, links: Links) -> list[Markup]:
    report, run = links.report(state.authority.entry), decided.run if decided else None
    found = {
        "Report": report,
        "Candidate": version_within(state.authority.source) if state.allowed_by else None,
        "Run in MLflow": f"#/runs/{run}" if run else None,
        "Run in Kubeflow": links.kubeflow_run(decided.kubeflow_run) if decided else None,
    }
    return [link(words, url) for words, url in found.items() if url]
