"""A check: would an evaluation pass a policy, why not, and what would settle it; unsigned, and no decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from biasgate import __version__
from biasgate.contracts.evaluation import Evaluation
from biasgate.documents import Document, digest
from biasgate.errors import InputError
from biasgate.gate.decide import decide
from biasgate.gate.decision import Outcome, RuleResult, Verdict, decisive, worst_first
from biasgate.gate.evidence import Champion, Evidence, Subject
from biasgate.gate.explain import explain
from biasgate.gate.measurements import Measurements
from biasgate.gate.policy import Policy
from biasgate.gate.settling import Settling, settling

VERDICTS: dict[Outcome, Verdict] = {"pass": "APPROVED", "fail": "REJECTED", "insufficient": "INSUFFICIENT_EVIDENCE"}
"""What the gate would say, were nothing else in the way."""


class Check(Document):
    """Whether an evaluation would pass a policy. It is unsigned, and no decision.

    Attributes:
        policy: Its name.
        outcome: ``fail`` when a rule is proven violated, else ``insufficient`` when one lacks evidence, else ``pass``.
        rules: What each rule about the evaluation finds, in the gate's words.
        settle: What would settle each rule that lacks evidence for want of clusters.
        unchecked: What the gate asks besides, and this evaluation cannot tell: the weights, the champion, the file.
    """

    policy: str
    outcome: Outcome
    rules: tuple[RuleResult, ...]
    settle: tuple[Settling, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The outcome in a sentence."""
        words = {
            "pass": f"Would pass {self.policy}, as far as an evaluation can tell.",
            "fail": f"Would be rejected by {self.policy}.",
            "insufficient": f"Would lack evidence for {self.policy}.",
        }
        return words[self.outcome]

    @property
    def unsigned(self) -> str:
        """What a check is not."""
        return "A check is unsigned: the gate decides."

    @property
    def title(self) -> str:
        """The outcome, in a sentence, and what a check is not."""
        return f"{self.outcome.upper()}: {self.headline} {self.unsigned}"

    @property
    def verdict(self) -> Verdict:
        """What the gate would say, were nothing else in the way."""
        return VERDICTS[self.outcome]

    @property
    def decisive(self) -> tuple[RuleResult, ...]:
        """The three results that decided, or came nearest to: worst first, each by how far its bound is beyond."""
        return decisive(self.rules)

    @property
    def worst_first(self) -> list[RuleResult]:
        """The rules that fail, then those that lack evidence, then those that pass, by how far a bound is beyond."""
        return worst_first(self.rules)

    def settling(self, rule: str) -> tuple[str, ...]:
        """What would settle a rule, in words; empty for one that is settled."""
        return tuple(one.sentence for one in self.settle if one.rule == rule)

    def __str__(self) -> str:
        lines = [f"{self.headline} {self.unsigned}"]
        for result in self.worst_first:
            lines += [f"  {result.outcome}: {' '.join((result.sentence, *self.settling(result.rule)))}"]
        return "\n".join([*lines, *(f"  not checked here: {sentence}" for sentence in self.unchecked)])


class Rehearsal(Document):
    """What a gate would decide about a candidate. It is unsigned, and no decision.

    Attributes:
        model: The gate-owned model.
        candidate: Digest of the candidate's package.
        policy: Name of the policy.
        verdict: What the gate would say, were nothing in the way that is not checked here.
        human: True when a person would have to sign before promotion.
        rules: What the gate's own checks and each rule find, in the gate's words.
        unchecked: What the gate asks besides, and cannot be told here.
    """

    model: str
    candidate: str
    policy: str
    verdict: Verdict
    human: bool
    rules: tuple[RuleResult, ...]
    unchecked: tuple[str, ...]

    @property
    def title(self) -> str:
        """The verdict in a sentence, what a check is not, and whether a person would sign."""
        person = " A person would have to sign before promotion." if self.human else ""
        return f"Would be {self.verdict} by {self.policy}. A check is unsigned: the gate decides.{person}"

    def settling(self, rule: str) -> tuple[str, ...]:
        """What would settle a rule: nothing is said of it."""
        del rule
        return ()


def rehearse(policy: Policy, evidence: Evidence) -> Rehearsal:
    """Decides as the gate would, without log, registry or keys, and signs nothing.

    Looks are not counted, nothing serves to compare with, and where the evidence holds no scan the weights were not
    read: what rests on these is said to be unchecked.
    """
    decision = decide(policy, evidence, (), datetime.now(UTC))
    versus = {rule.id: rule.words() for rule in policy.rules if rule.needs_champion}
    skipped = {"looks": "how often the test data was looked at", **versus}
    if evidence.scan is None:
        skipped["weight_scan"] = "what the weights say"
    kept = tuple(result for result in decision.rules if result.rule not in skipped)
    return Rehearsal(
        model=evidence.candidate.name,
        candidate=evidence.candidate.digest,
        policy=policy.name,
        verdict=VERDICTS[_worst(kept)],
        human=decision.human,
        rules=kept,
        unchecked=tuple(f"{what} ({rule})" for rule, what in skipped.items()),
    )


def check_evaluation(evaluation: Evaluation, policy: Policy) -> Check:
    """Holds an evaluation against a policy as the gate would, without signing anything.

    Args:
        evaluation: What was measured, as the policy asks.
        policy: The rules.

    Raises:
        InputError: The evaluation measured something else than the policy asks.
    """
    if evaluation.spec != digest(policy.evaluation):
        raise InputError(
            "the evaluation measured something else than the policy asks",
            where=policy.name,
            fix="measure by this policy: biasgate.evaluate(…, policy=policy), or `biasgate evaluate --policy`",
        )
    at = datetime.now(UTC)
    evidence = _evidence(evaluation, evaluation.model)
    taken = policy.model_copy(update={"predictions": "allowed"})
    found, without = (decide(taken, one, (), at).rules for one in (evidence, _evidence(None, evaluation.model)))
    rules = {rule.id: rule for rule in policy.rules}
    asked = {rule.id: rule.words for rule in explain(policy, sizes=()).rules}
    about = {one.rule: one for one, unseen in zip(found, without, strict=True) if one != unseen and one.rule in asked}
    unsound = [one for one in found if one.rule == "evaluation" and one.outcome != "pass"]
    numbers = Measurements(evidence, policy.evaluation, at=at)
    settle = (settling(rules[rule], result, numbers, policy.evaluation) for rule, result in about.items())
    return Check(
        policy=policy.name,
        outcome=_worst(results := (*unsound, *about.values())),
        rules=results,
        settle=tuple(one for one in settle if one),
        unchecked=(
            *(f"{words} ({rule})" for rule, words in asked.items() if rule not in about),
            "The scan of the weights (weight_scan) and the looks taken at the test split (looks).",
            *([] if evaluation.ran or policy.predictions else [_UNRUN]),
        ),
    )


_UNRUN = "That the model gives these predictions (evaluation): the gate runs it, and takes no predictions alone."


def _evidence(evaluation: Evaluation | None, model: str) -> Evidence:
    """As much evidence as an evaluation is; what rules find without it tells which of them are about it."""
    subject = Subject(name="check", source="check", digest=model, training_data="unknown", submitter="unknown")
    versus = evaluation.champion if evaluation else None
    champion = Champion(version="compared with", digest=versus.model) if versus else None
    return Evidence(candidate=subject, evaluation=evaluation, champion=champion, looks=1, code=__version__)


def _worst(results: Sequence[RuleResult]) -> Outcome:
    outcomes = {result.outcome for result in results}
    return "fail" if "fail" in outcomes else "insufficient" if "insufficient" in outcomes else "pass"
