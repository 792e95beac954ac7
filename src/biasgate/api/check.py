"""``biasgate.check``: would an evaluation pass a policy, why not, and what would settle it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

from biasgate import __version__
from biasgate.api.policy import load_policy
from biasgate.contracts.evaluation import Evaluation
from biasgate.documents import Document, digest
from biasgate.errors import InputError
from biasgate.gate.decide import decide
from biasgate.gate.decision import Outcome, RuleResult
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.explain import explain
from biasgate.gate.policy import Policy
from biasgate.statistics.intervals import quantile

POWER = 0.8
"""Chance of passing with as many clusters as ``Settling`` says, were the rates as measured."""


class Settling(Document):
    """What would settle a rule that lacks evidence.

    Attributes:
        rule: Its id.
        clusters: Clusters there are, of the numbers that decided.
        more: Clusters like these that it would take besides to pass four times in five, were the rates as measured;
            absent when no number would, since the measured value itself is outside the limit.
        sentence: The same in words.
    """

    rule: str
    clusters: int
    more: int | None = None
    sentence: str


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
    def worst_first(self) -> list[RuleResult]:
        """The rules, those that fail before those that lack evidence, and these before those that pass."""
        return sorted(self.rules, key=lambda result: ("fail", "insufficient", "pass").index(result.outcome))

    def settling(self, rule: str) -> tuple[str, ...]:
        """What would settle a rule, in words; empty for one that is settled."""
        return tuple(one.sentence for one in self.settle if one.rule == rule)

    def __str__(self) -> str:
        lines = [f"{self.headline} {self.unsigned}"]
        for result in self.worst_first:
            lines += [f"  {result.outcome}: {' '.join((result.sentence, *self.settling(result.rule)))}"]
        return "\n".join([*lines, *(f"  not checked here: {sentence}" for sentence in self.unchecked)])

    def _repr_html_(self) -> str:
        from biasgate.report.notebook import check_table

        return check_table(self)


def check(evaluation: Evaluation, policy: Policy | str | Path) -> Check:
    """Holds an evaluation against a policy as the gate would, without signing anything.

    Args:
        evaluation: What was measured, as the policy asks: ``biasgate.evaluate(…, policy=policy)``.
        policy: A policy, its name, file or URI.

    Raises:
        InputError: The evaluation measured something else than the policy asks.

    Examples:
        >>> import biasgate
        >>> policy = '''
        ... schema: biasgate/policy/v1
        ... name: hiring
        ... evaluation: {metrics: [selection_rate], attributes: [sex]}
        ... weight_scan: {flag_levels: [high], on_flag: require_human, on_abstain: require_human}
        ... rules: [{id: four_fifths, kind: ratio, attribute: sex, min: 0.8}]
        ... looks: 1
        ... '''
        >>> evaluation = biasgate.evaluate(
        ...     y_true=["no", "yes"] * 80,
        ...     y_pred=["no", "yes"] * 80,
        ...     attributes={"sex": ["female", "female", "male", "male"] * 40},
        ...     policy=biasgate.load_policy(policy),
        ... )
        >>> found = biasgate.check(evaluation, policy)
        >>> found.outcome
        'insufficient'
        >>> print(found.settle[0].sentence)
        About 490 more clusters like these 160 would settle it four times in five, if the rates are as measured.
    """
    rules = load_policy(policy) if isinstance(policy, str | Path) else policy
    if evaluation.spec != digest(rules.evaluation):
        raise InputError(
            "the evaluation measured something else than the policy asks",
            where=rules.name,
            fix="measure with biasgate.evaluate(…, policy=policy)",
        )
    at = datetime.now(UTC)
    found, without = (decide(rules, _evidence(one, evaluation.model), (), at).rules for one in (evaluation, None))
    about = [one for one, unseen in zip(found, without, strict=True) if one != unseen]
    asked = {rule.id: rule.words for rule in explain(rules, sizes=()).rules}
    checked = tuple(result for result in about if result.rule in asked)
    names = {result.rule for result in checked}
    return Check(
        policy=rules.name,
        outcome=_worst(checked),
        rules=checked,
        settle=tuple(one for result in checked if (one := _settling(result, rules))),
        unchecked=(
            *(f"{words} ({rule})" for rule, words in asked.items() if rule not in names),
            "The scan of the weights (weight_scan) and the looks taken at the test split (looks).",
        ),
    )


def _evidence(evaluation: Evaluation | None, model: str) -> Evidence:
    """As much evidence as an evaluation is; what rules find without it tells which of them are about it."""
    subject = Subject(name="check", source="check", digest=model, training_data="unknown", submitter="unknown")
    plain = Evaluation.model_validate(dict(evaluation)) if evaluation else None
    return Evidence(candidate=subject, evaluation=plain, looks=1, code=__version__)


def _worst(results: tuple[RuleResult, ...]) -> Outcome:
    outcomes = {result.outcome for result in results}
    return "fail" if "fail" in outcomes else "insufficient" if "insufficient" in outcomes else "pass"


def _settling(result: RuleResult, policy: Policy) -> Settling | None:
    """The clusters that would do: a bound's distance from its value falls with the root of their number."""
    if result.outcome != "insufficient" or result.n is None:
        return None
    if result.value is None or result.bound is None or result.threshold is None:
        return _fewer(result, result.n, needed=int(result.threshold or policy.evaluation.minimum))
    room = (result.threshold - result.value) * math.copysign(1, result.bound - result.value)
    if room <= 0:
        sentence = "What was measured is itself outside the limit: more clusters would not make it pass."
        return Settling(rule=result.rule, clusters=result.n, sentence=sentence)
    z = quantile(policy.evaluation.confidence)
    wider = (z + quantile(2 * POWER - 1)) / z
    more = math.ceil(result.n * ((wider * (result.bound - result.value) / room) ** 2 - 1))
    sentence = (
        f"About {_rounded(more):,} more clusters like these {result.n:,} would settle it four times in five, "
        "if the rates are as measured."
    )
    return Settling(rule=result.rule, clusters=result.n, more=more, sentence=sentence)


def _fewer(result: RuleResult, clusters: int, *, needed: int) -> Settling | None:
    """For a rule that found too few clusters to look at a number."""
    more = needed - clusters
    words = f"{more:,} more {'cluster' if more == 1 else 'clusters'} would do."
    return Settling(rule=result.rule, clusters=clusters, more=more, sentence=words) if more > 0 else None


def _rounded(number: int) -> int:
    """To two digits: the scaling is no more exact."""
    digits = len(str(number)) - 2
    return math.ceil(number / 10**digits) * 10**digits if digits > 0 else number
