"""``biasgate decide``, ``policy``, ``schema``: from evidence to a verdict."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from biasgate.gate.decision import Decision

app = typer.Typer()
policies = typer.Typer(help="Policies that come with biasgate.", no_args_is_help=True)
VERDICT_CODES = {"APPROVED": 0, "REJECTED": 4, "INSUFFICIENT_EVIDENCE": 5}


@app.command()
def decide(
    evidence: Annotated[Path, typer.Argument(help="Evidence (JSON).")],
    *,
    policy: Annotated[str, typer.Option(help="Policy file, URI, or a ready policy's name.")],
    at: Annotated[datetime | None, typer.Option(help="The moment, UTC; now by default.")] = None,
    json: Json = False,
) -> None:
    """Decide by a policy, without signing: exit 0 APPROVED, 4 REJECTED, 5 INSUFFICIENT_EVIDENCE."""
    from datetime import UTC

    from biasgate.gate.decide import decide as by_policy
    from biasgate.gate.evidence import Evidence
    from biasgate.gate.policy import read_policy

    moment = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    decision = by_policy(read_policy(policy), Evidence.read(evidence), (), moment)
    print_json(decision) if json else print_decision(decision)
    raise typer.Exit(VERDICT_CODES[decision.verdict])


@policies.command("list")
def list_(*, json: Json = False) -> None:
    """Names of the ready policies."""
    from biasgate.gate.policy import ready_policies

    print_json(list(ready_policies())) if json else typer.echo("\n".join(ready_policies()))


@policies.command()
def show(name: Annotated[str, typer.Argument(help="A ready policy's name.")], *, json: Json = False) -> None:
    """Print a policy as YAML, to start your own from."""
    from biasgate.gate.policy import policy_text, read_policy

    print_json(read_policy(name)) if json else typer.echo(policy_text(name), nl=False)


@policies.command()
def schema(
    name: Annotated[str, typer.Argument(help="policy, evidence, decision or log-entry.")] = "policy",
    *,
    json: Json = True,  # noqa: ARG001
) -> None:
    """Print the JSON Schema of a document."""
    from biasgate.gate.schemas import json_schema

    print_json(json_schema(name))


def print_decision(decision: Decision) -> None:
    """A verdict with its reasons and rules."""
    typer.secho(decision.verdict, bold=True, fg="green" if decision.verdict == "APPROVED" else "red")
    for reason in decision.reasons:
        typer.echo(f"  {reason}")
    print_table("rules", ["rule", "outcome", "finding"], [[r.rule, r.outcome, r.sentence] for r in decision.rules])
