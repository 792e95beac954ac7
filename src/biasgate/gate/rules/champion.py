"""Champion: what a candidate may lose against the model that serves."""

from __future__ import annotations

from typing import Literal

from biasgate.contracts.wording import name, points, samples
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_most
from biasgate.gate.measurements import Measurements, Missing
from biasgate.gate.power import Power, power_of_loss
from biasgate.gate.rule import Needs, combination_of, everywhere
from biasgate.gate.rules.repair_cost import LossRule
from biasgate.gate.subgroup_rule import SubgroupRule


class ChampionRule(LossRule, SubgroupRule):
    """The candidate may lose at most ``max`` of a metric against the champion (paired, upper bound of the loss).

    Attributes:
        attribute: In every subgroup of it as well as over the whole set.
    """

    kind: Literal["champion"] = "champion"
    attribute: str | None = None

    needs_champion = True

    def words(self) -> str:
        return (
            f"{name(self.metric)} may fall by at most {points(self.max)} points against the champion, on the same "
            f"samples{everywhere(self.attribute)}."
        )

    def check(self, found: Measurements) -> RuleResult:
        serves, measured = found.evidence.champion, found.evidence.evaluation
        versus = measured.champion if measured else None
        if serves is None and versus is None:
            return RuleResult(rule=self.id, outcome="pass", threshold=self.max, sentence="No champion serves yet.")
        if serves is None:
            raise Missing("The candidate was compared with a champion that does not serve any more.")
        if versus is None or versus.model != serves.digest:
            raise Missing(f"The candidate was not compared with the champion, version {serves.version}.")
        places = self.places(found, self.attribute)
        numbers = [found.champion_loss(metric=self.metric, subgroup=group, label=label) for label, group in places]
        judgement = at_most(numbers, self.max)
        (label, group), number = places[judgement.index], numbers[judgement.index]
        sentence = (
            f"Against the champion, version {serves.version}, the candidate loses {number.as_points()} of "
            f"{self.lost(label)} on {samples(group)} (n = {number.n}); the policy allows {points(self.max)}."
        )
        return self.judged(judgement, number, threshold=self.max, sentence=sentence)

    def needs(self) -> Needs:
        return Needs(self.metric, (combination_of(self.attribute),))

    def power(self) -> Power | None:
        return power_of_loss(self.metric, self.max, several=self.attribute is not None)
