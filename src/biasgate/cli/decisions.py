"""``biasgate decide``, ``policy``, ``schema``: from evidence to a verdict."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.report.terminal import VERDICT_CODES, Json, print_json, print_table, say

if TYPE_CHECKING:
    from biasgate.gate.decision import Decision

app = typer.Typer()
policies = typer.Typer(help="Policies that come with biasgate.", no_args_is_help=True)


@app.command()
def decide(
    evidence: Annotated[Path | None, typer.Argument(help="Evidence (JSON).")] = None,
    *,
    policy: Annotated[str | None, typer.Option(help="Policy file, URI, or a built-in policy's name.")] = None,
    waivers: Annotated[str | None, typer.Option(help="File or URI of signed waivers (`biasgate waive`).")] = None,
    at: Annotated[datetime | None, typer.Option(help="The moment, UTC; now by default.")] = None,
    replay: Annotated[str | None, typer.Option(help="Instead: a signed log, to repeat one of its decisions.")] = None,
    entry: Annotated[int | None, typer.Option(help="Which entry of the log.", min=1)] = None,
    trusted: Annotated[Path | None, typer.Option(help="Folder of trusted public keys, for a log or waivers.")] = None,
    json: Json = False,
) -> None:
    """Decide by a policy, without signing: exit 0 APPROVED, 4 REJECTED, 5 INSUFFICIENT_EVIDENCE.

    With --replay, repeat a logged decision from what its entry holds: exit 0 when it is the same bit for bit, else 7.
    """
    if replay is not None:
        if entry is None or evidence or policy or waivers or at:
            raise typer.BadParameter("--replay takes --entry, and evidence, policy, waivers and moment from the log")
        _replay(replay, entry, trusted, json=json)
        return
    if evidence is None or policy is None:
        raise typer.BadParameter("give evidence and --policy, or --replay and --entry")
    decision = _decide(evidence, policy, waivers, at, trusted)
    print_json(decision) if json else print_decision(decision)
    raise typer.Exit(VERDICT_CODES[decision.verdict])


def _decide(evidence: Path, policy: str, waivers: str | None, at: datetime | None, trusted: Path | None) -> Decision:
    from datetime import UTC

    from biasgate.errors import InputError
    from biasgate.gate.decide import decide as by_policy
    from biasgate.gate.evidence import Evidence
    from biasgate.gate.policy import read_policy
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.waivers import granted, present, read_waivers

    moment = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    presented = present(read_waivers(waivers), trusted_keys(trusted), at=moment) if waivers else ()
    for one in presented:
        if one.refusal:
            say(f"the waiver of {one.waiver.rule} does not count: {one.refusal}", err=True)
    if _is_evaluation(evidence):
        fix = f"`biasgate check {evidence} --policy {policy}` says whether it would pass"
        raise InputError("this is an evaluation, and a decision takes all evidence", where=str(evidence), fix=fix)
    return by_policy(read_policy(policy), Evidence.read(evidence), granted(presented), moment)


def _is_evaluation(file: Path) -> bool:
    from biasgate.contracts.evaluation import Evaluation
    from biasgate.errors import InputError

    try:
        return bool(Evaluation.read(file))
    except InputError:
        return False


def _replay(log: str, number: int, trusted: Path | None, *, json: bool) -> None:
    from biasgate.errors import InputError, TrustError
    from biasgate.gate.decide import decide as by_policy
    from biasgate.gate.ledger.entry import DecisionBody
    from biasgate.gate.ledger.log import read_entry, read_history
    from biasgate.gate.policy import Policy
    from biasgate.gate.trust.keyring import trusted_keys

    keys = trusted_keys(trusted)
    made = read_history(log, keys).authorities.get(number)
    logged = read_entry(log, number, made.sealed, keys).body if made else None
    if not isinstance(logged, DecisionBody):
        raise InputError(f"entry {number} is no decision", where=log, fix="see `biasgate log show`")
    policy = Policy.parse(logged.policy, where=f"{log}, entry {number}")
    again = by_policy(policy, logged.evidence, logged.granted, logged.decision.at)
    if again.to_json() != logged.decision.to_json():
        raise TrustError(
            f"deciding again gives {again.verdict} with other results than the entry's {logged.decision.verdict}",
            where=f"{log}, entry {number}",
            fix="find out which version of biasgate decided, and who signed it",
        )
    if json:
        print_json({"log": log, "entry": number, "verdict": again.verdict, "identical": True})
    else:
        say(f"entry {number}: {again.verdict}, identical bit for bit")


@policies.command("list")
def list_(*, json: Json = False) -> None:
    """Names of the built-in policies."""
    from biasgate.gate.policy import built_in_policies

    print_json(list(built_in_policies())) if json else typer.echo("\n".join(built_in_policies()))


@policies.command()
def show(name: Annotated[str, typer.Argument(help="A built-in policy's name.")], *, json: Json = False) -> None:
    """Print a policy as YAML, to start your own from."""
    from biasgate.gate.policy import policy_text, read_policy

    print_json(read_policy(name)) if json else typer.echo(policy_text(name), nl=False)


@policies.command()
def explain(
    source: Annotated[str, typer.Argument(help="A built-in policy's name, a file, or URI.")],
    *,
    clusters: Annotated[list[int] | None, typer.Option(help="Clusters a subgroup; may be repeated.", min=2)] = None,
    subgroups: Annotated[list[int] | None, typer.Option(help="How many subgroups; may be repeated.", min=2)] = None,
    json: Json = False,
) -> None:
    """Say a policy in words, and what it can and cannot certify by numbers of subgroups and of clusters in each."""
    from biasgate.gate.explain import SIZES, SUBGROUPS
    from biasgate.gate.explain import explain as in_words
    from biasgate.gate.policy import read_policy
    from biasgate.gate.policy_check import faults

    sizes = clusters or SIZES
    explained = in_words(policy := read_policy(source), sizes=sizes, subgroups=subgroups or SUBGROUPS)
    if json:
        print_json(explained)
        return
    for sentence in (*explained.general, *(f"Never passes: {fault}." for fault in faults(policy))):
        say(sentence)
    print_table("rules", ["rule", "asks"], [[rule.id, rule.words] for rule in explained.rules])
    columns = ["rule", "passes with", "subgroups", *(f"{n:,}" for n in sizes), "fair needs"]
    rows = [
        [
            rule.id,
            rule.needs or "",
            str(of.subgroups),
            *(_least(one.value) for one in of.certifies),
            f"{of.enough:,}" if of.enough else "—",
        ]
        for rule in explained.rules
        for of in rule.power
    ]
    print_table("what so many clusters in each subgroup can certify (— nothing)", columns, rows)
    say(explained.assumed)


@policies.command()
def check(
    source: Annotated[str, typer.Argument(help="A built-in policy's name, a file, or URI.")], *, json: Json = False
) -> None:
    """Check that a policy is valid and that every rule of it can pass."""
    from biasgate.errors import InputError
    from biasgate.gate.policy import read_policy
    from biasgate.gate.policy_check import faults
    from biasgate.repair.registry import require_methods

    policy = read_policy(source)
    require_methods(policy.repair.methods)
    if found := faults(policy):
        raise InputError("; ".join(found), where=source, fix="correct the rules, or measure what they ask for")
    if json:
        print_json({"policy": policy.name, "rules": len(policy.rules), "valid": True})
    else:
        say(f"{policy.name}: {len(policy.rules)} rules, each can pass")


@policies.command()
def schema(
    name: Annotated[
        str, typer.Argument(help="policy, gate, evidence, decision, waiver, waivers, log-entry or checkpoint.")
    ] = "policy",
    *,
    json: Json = True,  # noqa: ARG001
) -> None:
    """Print the JSON Schema of a document."""
    from biasgate.gate.schemas import json_schema

    print_json(json_schema(name))


def print_decision(decision: Decision) -> None:
    """A verdict with its reasons and rules."""
    typer.secho(decision.verdict, bold=True, fg="green" if decision.verdict == "APPROVED" else "red")
    if decision.human:
        say("  A person must sign before promotion.")
    for reason in decision.reasons:
        say(f"  {reason}")
    print_table("rules", ["rule", "outcome", "finding"], [[r.rule, r.outcome, r.sentence] for r in decision.rules])


def _least(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}".removeprefix("0")
