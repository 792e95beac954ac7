"""``biasgate check``: would a candidate pass its gate, or an evaluation a policy; why not, and what would settle it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.foreign_text import one_line
from biasgate.report.terminal import VERDICT_CODES, Json, print_json, print_table, say

if TYPE_CHECKING:
    from biasgate.gate.check import Check, Rehearsal
    from biasgate.gate.declaration import Gate
    from biasgate.gate.evidence import Evidence
    from biasgate.gate.policy import Policy

app = typer.Typer()


@app.command()
def check(
    source: Annotated[Path, typer.Argument(help="A gate file, or what `biasgate evaluate --json` printed.")],
    candidate: Annotated[
        Path | None, typer.Argument(help="With a gate file: folder with card.json and the model.")
    ] = None,
    *,
    policy: Annotated[
        str | None, typer.Option(help="With an evaluation: policy file, URI, or a built-in policy's name.")
    ] = None,
    json: Json = False,
) -> None:
    """Say whether a candidate would pass a gate, or an evaluation a policy. Unsigned, and no decision.

    With a gate file the candidate is scanned, run and decided about as the gate would, without log, registry or keys.
    With an evaluation, rules about what it cannot tell, such as the champion or the scan, are listed and not checked.
    Exit 0 pass, 4 fail, 5 evidence lacks.
    """
    if (candidate is None) == (policy is None):
        raise typer.BadParameter("give a gate file and a candidate's folder, or an evaluation and --policy")
    if candidate:
        _rehearse(str(source), candidate, json=json)
    if policy:
        _check(source, policy, json=json)


def _check(evaluation: Path, policy: str, *, json: bool) -> None:
    from biasgate.contracts.evaluation import Evaluation
    from biasgate.gate.check import check_evaluation
    from biasgate.gate.policy import read_policy

    rules = read_policy(policy)
    found = check_evaluation(Evaluation.read(evaluation), rules)
    print_json(found) if json else print_check(found, rules)
    raise typer.Exit(VERDICT_CODES[found.verdict])


def _rehearse(file: str, folder: Path, *, json: bool) -> None:
    """Scans, runs and decides as the gate would."""
    from biasgate.data.source import pin
    from biasgate.errors import InputError
    from biasgate.gate.check import rehearse
    from biasgate.gate.declaration import pinned, read_gate_file

    gate = pinned(read_gate_file(file), pin=pin)
    evidence = _evidence(gate, folder)
    if (name := evidence.candidate.name) != gate.model:
        raise InputError(f"the gate is that of {gate.model}, and the card says {name}", where=str(folder))
    found = rehearse(gate.rules, evidence)
    print_json(found) if json else print_rehearsal(found)
    raise typer.Exit(VERDICT_CODES[found.verdict])


def _evidence(gate: Gate, folder: Path) -> Evidence:
    """What can be measured about a candidate on this machine alone."""
    from tempfile import TemporaryDirectory

    from biasgate.data.source import open_pinned
    from biasgate.detection.reader.declared import scan_at_hand
    from biasgate.evaluation.evaluate import evaluate
    from biasgate.evaluation.inspect import inspect
    from biasgate.gate.evidence import join
    from biasgate.models.sandbox.limits import Limits
    from biasgate.models.submission import import_candidate

    with TemporaryDirectory() as work:
        package = import_candidate(folder, Path(work) / "package")
        dataset = open_pinned(gate.test.source, digest=gate.test.digest)
        limits = Limits(**gate.inference.limits)
        inspected = inspect(package, dataset, limits=limits)
        measured = evaluate(package, dataset, gate.rules.evaluation, limits=limits)
        scan = scan_at_hand(package, gate.scan)
    return join(source=str(folder), inspection=inspected, scan=scan, evaluation=measured, looks=1)


def print_rehearsal(found: Rehearsal) -> None:
    """The verdict, every rule, and what was not checked."""
    colour = "green" if found.verdict == "APPROVED" else "red"
    typer.secho(
        f"Would be {found.verdict} by {found.policy}. A check is unsigned: the gate decides.", bold=True, fg=colour
    )
    if found.human:
        typer.echo("  A person would have to sign before promotion.")
    print_table("rules", ["rule", "outcome", "finding"], [[r.rule, r.outcome, r.sentence] for r in found.rules])
    for sentence in found.unchecked:
        typer.echo(f"not checked here: {sentence}")


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
