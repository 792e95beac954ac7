"""``biasgate.check``: would an evaluation pass a policy, why not, and what would settle it."""

from __future__ import annotations

from pathlib import Path

from biasgate.api.policy import load_policy
from biasgate.contracts.evaluation import Evaluation
from biasgate.gate import check as gate
from biasgate.gate.policy import Policy


class Check(gate.Check):
    """Whether an evaluation would pass a policy, in text and as a notebook's table. It is unsigned, and no decision."""

    __repr__ = gate.Check.__str__

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
        About 730 more clusters like these 160 would settle it four times in five, if the rates are as measured.
    """
    rules = load_policy(policy) if isinstance(policy, str | Path) else policy
    plain = Evaluation.model_validate(dict(evaluation))
    return Check.model_validate(dict(gate.check_evaluation(plain, rules)))
