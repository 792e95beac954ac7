"""``biasgate check``: would an evaluation pass a policy, why not, and what would settle it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.foreign_text import one_line
from biasgate.report.terminal import VERDICT_CODES, Json, print_json, print_table, say

if TYPE_CHECKING:
    from biasgate.gate.check import Check
    from biasgate.gate.policy import Policy

app = typer.Typer()


@app.command()
def check(
    evaluation: Annotated[Path, typer.Argument(help="What `biasgate evaluate --json` printed.")],
    *,
    policy: Annotated[str, typer.Option(help="Policy file, URI, or a built-in policy's name.")],
    json: Json = False,
) -> None:
    """Say whether an evaluation would pass a policy: exit 0 pass, 4 fail, 5 evidence lacks. Unsigned, and no decision.

    Rules about what an evaluation cannot tell, such as the champion or the scan of the weights, are listed and not
    checked.
    """
    from biasgate.contracts.evaluation import Evaluation
    from biasgate.gate.check import check_evaluation
    from biasgate.gate.policy import read_policy

    rules = read_policy(policy)
    found = check_evaluation(Evaluation.read(evaluation), rules)
    print_json(found) if json else print_check(found, rules)
    raise typer.Exit(VERDICT_CODES[found.verdict])


def print_check(found: Check, policy: Policy) -> None:
    """The outcome, the numbers that decided, then every rule with what would settle it."""
    colour = "green" if found.outcome == "pass" else "red"
    typer.secho(one_line(f"{found.outcome.upper()}: {found.headline} {found.unsigned}"), bold=True, fg=colour)
    asked = {rule.id: rule for rule in policy.rules}
    numbers = [
        [
            result.rule,
            asked[result.rule].number(result.value or 0),
            asked[result.rule].number(result.bound) if result.bound is not None else "",
            f"{asked[result.rule].sign} {asked[result.rule].number(result.threshold or 0)}",
            result.outcome,
        ]
        for result in found.decisive
    ]
    print_table("what decided", ["rule", "measured", "bound", "limit", "outcome"], numbers)
    rows = [
        [result.rule, result.outcome, " ".join((result.sentence, *found.settling(result.rule)))]
        for result in found.worst_first
    ]
    print_table("rules", ["rule", "outcome", "finding"], rows)
    for sentence in found.unchecked:
        say(f"not checked here: {sentence}")
