"""``biasgate check``: would a candidate pass its gate, or an evaluation a policy; why not, and what would settle it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biasgate.report.builds import Junit, Sarif, write_for_builds
from biasgate.report.terminal import VERDICT_CODES, Json, print_json, say
from biasgate.report.verdict import print_verdict

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
    junit: Junit = None,
    sarif: Sarif = None,
    json: Json = False,
) -> None:
    """Say whether a candidate would pass a gate, or an evaluation a policy. Unsigned, and no decision.

    With a gate file the candidate is scanned, run and decided about as the gate would, without log, registry or keys.
    With an evaluation, rules about what it cannot tell, such as the champion or the scan, are listed and not checked.
    Exit 0 pass, 4 fail, 5 evidence lacks.
    """
    if (candidate is None) == (policy is None):
        raise typer.BadParameter("give a gate file and a candidate's folder, or an evaluation and --policy")
    found, rules = _rehearse(str(source), candidate) if candidate else _check(source, str(policy))
    write_for_builds(found.rules, name=str(candidate or source), source=str(source), junit=junit, sarif=sarif)
    print_json(_with_numbers(found)) if json else print_check(found, rules)
    raise typer.Exit(VERDICT_CODES[found.verdict])


def _check(evaluation: Path, policy: str) -> tuple[Check, Policy]:
    from biasgate.contracts.evaluation import Evaluation
    from biasgate.gate.check import check_evaluation
    from biasgate.gate.policy import read_policy

    rules = read_policy(policy)
    return check_evaluation(Evaluation.read(evaluation), rules), rules


def _rehearse(file: str, folder: Path) -> tuple[Rehearsal, Policy]:
    """Scans, runs and decides as the gate would."""
    from biasgate.data.source import pin
    from biasgate.errors import InputError
    from biasgate.gate.check import rehearse
    from biasgate.gate.declaration import pinned, read_gate_file

    gate = pinned(read_gate_file(file), pin=pin)
    evidence = _evidence(gate, folder)
    if (name := evidence.candidate.name) != gate.model:
        raise InputError(f"the gate is that of {gate.model}, and the card says {name}", where=str(folder))
    return rehearse(gate.rules, evidence), gate.rules


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


def print_check(found: Check | Rehearsal, policy: Policy) -> None:
    """The verdict, the numbers that decided, every rule with what would settle it, and what was not checked."""
    print_verdict(found.title, found.rules, policy, approved=found.verdict == "APPROVED", more=found.settling)
    for sentence in found.unchecked:
        say(f"not checked here: {sentence}")


def _with_numbers(found: Check | Rehearsal) -> dict[str, Any]:
    """A document for --json, with the numbers that decided."""
    from biasgate.gate.decision import decisive

    numbers = [one.model_dump(mode="json", exclude_none=True) for one in decisive(found.rules)]
    return {**found.model_dump(mode="json", by_alias=True, exclude_none=True), "decisive": numbers}
