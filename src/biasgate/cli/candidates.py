"""``biasgate submit``, ``fetch``, ``evaluate``, ``debias``: candidates in, measured, repaired."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biasgate.cli.output import Json, print_json, print_table

app = typer.Typer()
Package = Annotated[Path, typer.Argument(help="Folder with model.onnx (or weights) and card.json.")]
Data = Annotated[str, typer.Option(help="Data source in YAML, an .npz file, or builtin:digits; s3:// works.")]


@app.command()
def submit(
    folder: Annotated[Path, typer.Argument(help="Folder with card.json and model.onnx, .safetensors or .pt.")],
    *,
    json: Json = False,
) -> None:
    """Register a model as a candidate of the model that its card names."""
    from tempfile import TemporaryDirectory

    from biasgate.models.package import import_candidate
    from biasgate.registry.models import submit_candidate

    with TemporaryDirectory() as work:
        package = import_candidate(folder, Path(work) / "package")
        source = submit_candidate(package, name=package.card.name)
    print_json({"source": source, "digest": package.digest}) if json else typer.echo(source)


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(help="models:/name/version, models:/name@alias, a folder, or s3://…")],
    *,
    into: Annotated[Path, typer.Option(help="Folder for the package.")],
    json: Json = False,
) -> None:
    """Download a candidate and check it, without running anything of it."""
    from tempfile import TemporaryDirectory

    from biasgate.models.package import import_candidate
    from biasgate.registry.models import fetch as download

    with TemporaryDirectory() as work:
        submitted, resolved = download(source, Path(work))
        package = import_candidate(submitted, into)
    if json:
        print_json({"source": resolved, "package": str(into), "digest": package.digest})
    else:
        typer.echo(f"{into}  {package.digest}")


@app.command()
def evaluate(
    package: Package,
    *,
    data: Data,
    policy: Annotated[str, typer.Option(help="Policy that says what to measure: a file, URI or ready policy's name.")],
    before: Annotated[Path | None, typer.Option(help="Package before a repair: adds the paired change.")] = None,
    champion: Annotated[
        bool, typer.Option("--champion", help="Add the paired change against what serves now.")
    ] = False,
    json: Json = False,
) -> None:
    """Run a candidate in a sandbox and measure it by subgroup. The look is not logged: leave the gate's split alone."""
    from tempfile import TemporaryDirectory

    from biasgate.data.source import open_dataset
    from biasgate.evaluation.evaluate import evaluate as measure
    from biasgate.gate.policy import read_policy
    from biasgate.models.package import open_package
    from biasgate.registry.serving import champion_package
    from biasgate.report.text import difference, of_label, rate, subgroup

    candidate, spec = open_package(package), read_policy(policy).evaluation
    earlier = open_package(before) if before else None
    with TemporaryDirectory() as work:
        serves = champion_package(candidate.card.name, Path(work) / "champion") if champion else None
        measured = measure(candidate, open_dataset(data), spec, before=earlier, champion=serves)
    if json:
        print_json(measured)
        return
    cells = [
        [of_label(c.metric, c.label), subgroup(c.subgroup), rate(c.estimate) if c.estimate else "too few", str(c.units)]
        for c in measured.cells
    ]
    print_table("subgroups", ["metric", "subgroup", "rate", "units"], cells)
    gaps = [
        [
            of_label(g.metric, g.label),
            f"{subgroup(g.higher)} − {subgroup(g.lower)}",
            difference(g.estimate) if g.estimate else "too few",
        ]
        for g in measured.gaps
    ]
    print_table("gaps", ["metric", "between", "difference"], gaps)
    if measured.champion:
        changes = measured.champion.changes
        rows = [[of_label(c.metric, c.label), subgroup(c.subgroup), difference(c.estimate)] for c in changes]
        print_table("candidate − champion", ["metric", "subgroup", "change"], rows)


@app.command()
def debias(
    package: Package,
    *,
    data: Data,
    into: Annotated[Path, typer.Option(help="Folder for the repaired package.")],
    seconds: Annotated[int, typer.Option(help="Wall-clock budget.", min=1)] = 600,
    seed: Annotated[int, typer.Option(help="All randomness follows from it.", min=0)] = 0,
    json: Json = False,
) -> None:
    """Repair a candidate by the adversarial curriculum; settings are chosen on validation units of the data."""
    from biasgate.data.source import open_dataset
    from biasgate.debias.repair import debias as repair
    from biasgate.models.package import open_package

    _, record = repair(open_package(package), open_dataset(data), into=into, seconds=seconds, seed=seed)
    if json:
        print_json(record)
        return
    rows = [
        [
            ", ".join(f"{k}={v}" for k, v in t.settings.items()),
            f"{t.aligned:.3f}",
            f"{t.conflicting:.3f}",
            f"{t.worst_group:.3f}",
            "✓" if t.chosen else "",
        ]
        for t in record.trials
    ]
    print_table("validation", ["settings", "aligned", "conflicting", "worst group", "chosen"], rows)
