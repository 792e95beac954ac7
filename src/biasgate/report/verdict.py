"""A verdict on a terminal: the headline, the three numbers that decided, then every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from biasgate.foreign_text import one_line
from biasgate.report.terminal import print_table

if TYPE_CHECKING:
    from biasgate.gate.decision import RuleResult
    from biasgate.gate.policy import Policy


def print_verdict(
    headline: str,
    results: Sequence[RuleResult],
    policy: Policy,
    *,
    approved: bool,
    more: Callable[[str], Iterable[str]] = lambda _: (),
) -> None:
    """Prints what was decided, and by which numbers.

    Args:
        headline: The verdict in a sentence.
        results: Of every rule, in any order.
        policy: The rules, which know how their numbers are written.
        approved: Whether the headline is good news.
        more: Gives what else there is to say of a rule.
    """
    from biasgate.gate.decision import decisive, worst_first

    typer.secho(one_line(headline), bold=True, fg="green" if approved else "red")
    asked = {rule.id: rule for rule in policy.rules}
    numbers = [
        [
            result.rule,
            asked[result.rule].number(result.value or 0),
            asked[result.rule].number(result.bound) if result.bound is not None else "",
            f"{asked[result.rule].sign} {asked[result.rule].number(result.threshold or 0)}",
            result.outcome,
        ]
        for result in decisive(results)
    ]
    print_table("what decided", ["rule", "measured", "bound", "limit", "outcome"], numbers)
    rows = [[one.rule, one.outcome, " ".join((one.sentence, *more(one.rule)))] for one in worst_first(results)]
    print_table("rules", ["rule", "outcome", "finding"], rows)
