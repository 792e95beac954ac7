"""``biasgate check``: would a candidate pass its gate, or an evaluation a policy; why not, and what would settle it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biasgate.cli.predictions import (
    Key,
    Predicted,
    Probability,
    Table,
    columns_of,
    package_of_table,
    require_one,
)
from biasgate.cli.sources import SOURCE, open_source
from biasgate.report.builds import Junit, Sarif, write_for_builds
from biasgate.report.terminal import VERDICT_CODES, Json, print_json, say
from biasgate.report.verdict import print_verdict

if TYPE_CHECKING:
    from biasgate.gate.check import Check, Rehearsal
    from biasgate.gate.declaration import Gate
    from biasgate.gate.evidence import Evidence
    from biasgate.gate.policy import Policy
    from biasgate.models.predictions import PredictionColumns

app = typer.Typer()


@app.command()
def check(
    source: Annotated[Path, typer.Argument(help="A gate file, or what `biasgate evaluate --json` printed.")],
    candidate: Annotated[str | None, typer.Argument(help=f"With a gate file. {SOURCE}")] = None,
    *,
    predictions: Table = None,
    predicted: Predicted = None,
    probability: Probability = None,
    key: Key = None,
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
    if policy:
        if candidate or predictions:
            raise typer.BadParameter("--policy goes with an evaluation; a gate file names its own policy")
        found, rules = _check(source, policy)
    else:
        _require_gate(source, candidate, predictions)
        require_one(candidate, predictions, predicted, probability, key)
        columns = columns_of(predicted, probability, key) if predictions else None
        found, rules = _rehearse(str(source), candidate or str(predictions), columns)
    name = candidate or predictions or str(source)
    write_for_builds(found.rules, name=name, source=str(source), junit=junit, sarif=sarif)
    print_json(_with_numbers(found)) if json else print_check(found, rules)
    raise typer.Exit(VERDICT_CODES[found.verdict])


def _require_gate(source: Path, *candidates: str | None) -> None:
    """Says what is missing beside an evaluation, or a gate file."""
    if not any(candidates):
        raise typer.BadParameter("give a gate file and a candidate, or an evaluation and --policy")
    if source.is_dir():
        raise typer.BadParameter(f"the gate file comes first: `biasgate check gate.yaml {source}`")


def _check(evaluation: Path, policy: str) -> tuple[Check, Policy]:
    from biasgate.contracts.evaluation import Evaluation
    from biasgate.gate.check import check_evaluation
    from biasgate.gate.policy import read_policy

    rules = read_policy(policy)
    return check_evaluation(Evaluation.read(evaluation), rules), rules


def _rehearse(file: str, candidate: str, columns: PredictionColumns | None) -> tuple[Rehearsal, Policy]:
    """Scans, runs and decides as the gate would; of a table with these columns, what it says."""
    from biasgate.data.source import pin
    from biasgate.errors import InputError
    from biasgate.gate.check import rehearse
    from biasgate.gate.declaration import pinned, read_gate_file

    gate = pinned(read_gate_file(file), pin=pin)
    evidence = _evidence(gate, candidate, columns)
    if (name := evidence.candidate.name) != gate.model:
        raise InputError(f"the gate is that of {gate.model}, and the card says {name}", where=candidate)
    return rehearse(gate.rules, evidence), gate.rules


def _evidence(gate: Gate, candidate: str, columns: PredictionColumns | None) -> Evidence:
    """What can be measured about a candidate on this machine alone."""
    from tempfile import TemporaryDirectory

    from biasgate.data.source import open_pinned
    from biasgate.detection.reader.declared import scan_at_hand
    from biasgate.evaluation.evaluate import evaluate
    from biasgate.evaluation.inspect import inspect
    from biasgate.evaluation.measure import check_attributes
    from biasgate.gate.evidence import join
    from biasgate.models.sandbox.limits import Limits

    with TemporaryDirectory() as folder:
        work, test = Path(folder), gate.test
        dataset = open_pinned(test.source, digest=test.digest)
        check_attributes(dataset, gate.rules.evaluation)
        if columns:
            package = package_of_table(candidate, columns, name=gate.model, classes=dataset.classes, work=work)
        else:
            package = open_source(candidate, work, name=gate.model, data=test.source).package
        limits = Limits(**gate.inference.limits)
        inspected = inspect(package, dataset, limits=limits)
        measured = evaluate(package, dataset, gate.rules.evaluation, limits=limits)
        scan = scan_at_hand(package, gate.scan)
    return join(source=candidate, inspection=inspected, scan=scan, evaluation=measured, looks=1)


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
