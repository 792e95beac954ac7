"""``biasgate fetch``, ``evaluate``, ``explain``: candidates fetched and measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.cli.inference import Batch, Memory, OnDevice, Seconds, Threads, limits_of
from biasgate.cli.predictions import Key, Predicted, Probability, Table, columns_of, require_one
from biasgate.cli.sources import SOURCE, open_source
from biasgate.report.terminal import VERDICT_CODES, Json, print_json, print_table, say

if TYPE_CHECKING:
    from biasgate.contracts.evaluation import Evaluation
    from biasgate.gate.check import Check
    from biasgate.gate.policy import Policy
    from biasgate.models.predictions import Candidate, PredictionColumns
    from biasgate.models.sandbox.limits import Limits

app = typer.Typer()
Package = Annotated[Path, typer.Argument(help="Folder with model.onnx (or weights) and card.json.")]
Data = Annotated[str, typer.Option(help="Data source in YAML, an .npz file, or builtin:digits; s3:// works.")]


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(help="models:/name/version, models:/name@alias, a folder, or s3://…")],
    *,
    into: Annotated[Path, typer.Option(help="Folder for the package.")],
    json: Json = False,
) -> None:
    """Download a candidate and check it, without running anything of it."""
    from biasgate.registry.models import fetch_package

    package, resolved = fetch_package(source, into)
    if json:
        print_json({"source": resolved, "package": str(into), "digest": package.digest})
    else:
        say(f"{into}  {package.digest}")


@app.command()
def evaluate(
    candidate: Annotated[str | None, typer.Argument(help=SOURCE)] = None,
    *,
    predictions: Table = None,
    predicted: Predicted = None,
    probability: Probability = None,
    key: Key = None,
    data: Data,
    policy: Annotated[
        str, typer.Option(help="Policy that says what to measure: a file, URI or built-in policy's name.")
    ],
    before: Annotated[str | None, typer.Option(help="Candidate before a repair: adds the paired change.")] = None,
    champion: Annotated[
        bool, typer.Option("--champion", help="Add the paired change against what serves now.")
    ] = False,
    seconds: Seconds = None,
    memory: Memory = None,
    threads: Threads = None,
    device: OnDevice = None,
    batch: Batch = None,
    json: Json = False,
) -> None:
    """Run a candidate in a sandbox, measure it by subgroup, and say whether it would pass: exit 0, 4 or 5 as `check`.

    Predictions are measured as they were given, and no model is run. The look is not logged: leave the gate's split
    alone.
    """
    from biasgate.gate.check import check_evaluation
    from biasgate.gate.policy import read_policy

    require_one(candidate, predictions, predicted, probability, key)
    rules = read_policy(policy)
    if candidate:
        limits = limits_of(seconds=seconds, memory=memory, threads=threads, device=device, batch=batch)
        measured = _run(candidate, data, rules, before=before, champion=champion, limits=limits)
    else:
        if before or champion:
            raise typer.BadParameter("--before and --champion compare packages: put card.json beside the predictions")
        measured = _as_given(str(predictions), columns_of(predicted, probability, key), data, rules)
    checked = check_evaluation(measured, rules)
    print_json(measured) if json else _print(measured, checked, rules)
    raise typer.Exit(VERDICT_CODES[checked.verdict])


def _run(candidate: str, data: str, rules: Policy, *, before: str | None, champion: bool, limits: Limits) -> Evaluation:
    from tempfile import TemporaryDirectory

    from biasgate.data.source import open_dataset
    from biasgate.evaluation.evaluate import evaluate as measure
    from biasgate.registry.serving import champion_package

    with TemporaryDirectory() as work:
        package = _opened(candidate, Path(work, "candidate"), data=data)
        earlier = _opened(before, Path(work, "before"), data=data) if before else None
        serves = champion_package(package.card.name, Path(work) / "champion") if champion else None
        return measure(package, open_dataset(data), rules.evaluation, before=earlier, champion=serves, limits=limits)


def _opened(source: str, work: Path, *, data: str) -> Candidate:
    from biasgate.registry.originals import registered_name

    work.mkdir()
    return open_source(source, work, data=data, name=registered_name(source) or "candidate").package


def _as_given(table: str, columns: PredictionColumns, data: str, rules: Policy) -> Evaluation:
    from biasgate.data.source import open_dataset
    from biasgate.evaluation.given import measure_given, read_given

    dataset = open_dataset(data)
    return measure_given(read_given(table, columns, dataset), dataset, rules.evaluation)


def _print(measured: Evaluation, checked: Check, rules: Policy) -> None:
    from biasgate.cli.checks import print_check
    from biasgate.contracts.population import population_of
    from biasgate.contracts.wording import of_label, subgroup
    from biasgate.report.text import difference, interval, measured_share

    print_check(checked, rules)
    for sentence in population_of(measured):
        say(sentence)
    cells = [
        [
            of_label(c.metric, c.label),
            subgroup(c.subgroup),
            measured_share(c.estimate) if c.estimate else "too few",
            str(c.clusters),
        ]
        for c in measured.cells
    ]
    print_table("subgroups", ["metric", "subgroup", "rate", "clusters"], cells)
    if measured.scores:
        found = [
            [of_label(s.metric, s.label), subgroup(s.subgroup), interval(s.estimate) if s.estimate else "too few"]
            for s in measured.scores
        ]
        print_table("scores", ["score", "subgroup", "value"], found)
    extremes = [
        [of_label(d.name, d.label), d.attribute, interval(d.estimate) if d.estimate else "too few", _shrunk(d.shrunk)]
        for d in measured.disparities or ()
    ]
    print_table("disparities", ["name", "over", "value", "without luck"], extremes)
    gaps = [
        [
            of_label(g.metric, g.label),
            f"{subgroup(g.higher)} − {subgroup(g.lower)}",
            difference(g.estimate, g.metric) if g.estimate else "too few",
        ]
        for g in measured.gaps
    ]
    print_table("gaps", ["metric", "between", "difference"], gaps)
    if measured.champion:
        changes = measured.champion.changes
        rows = [[of_label(c.metric, c.label), subgroup(c.subgroup), difference(c.estimate, c.metric)] for c in changes]
        print_table("candidate − champion", ["metric", "subgroup", "change"], rows)


@app.command()
def explain(
    evaluation: Annotated[Path, typer.Argument(help="What `biasgate evaluate --json` printed.")],
    *,
    margin: Annotated[float, typer.Option(help="Difference of two rates that would not matter.", min=0, max=1)] = 0.05,
    minimum: Annotated[int, typer.Option(help="Clusters that the evaluation asked of a subgroup.", min=1)] = 30,
    json: Json = False,
) -> None:
    """Say an evaluation in words: what was found, what stays open and what would settle it, what was not tested."""
    from biasgate.contracts.evaluation import Evaluation
    from biasgate.contracts.wording import of_label, subgroup
    from biasgate.evaluation.explain import explain as in_words
    from biasgate.report.text import plain

    said = in_words(Evaluation.read(evaluation), margin=margin, minimum=minimum)
    if json:
        print_json(said)
        return
    for title, sentences in (("Found", said.found), ("Open", said.open), ("Not tested", said.untested)):
        say(title, *(f"  - {sentence}" for sentence in sentences or ("nothing",)), "")
    rows = [
        [
            of_label(row.metric, row.label),
            f"{subgroup(row.higher)} − {subgroup(row.lower)}",
            " / ".join(f"{clusters:,}" for clusters in row.clusters),
            *map(plain, (row.gap, row.bound, row.detectable)),
            " / ".join(f"{clusters:,}" for clusters in row.more) if row.more else "never",
        ]
        for row in said.power
    ]
    columns = ["metric", "between", "clusters", "gap", "at most", "detectable", f"more clusters for {plain(margin)}"]
    print_table("What the clusters can show (four times in five)", columns, rows)


def _shrunk(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
