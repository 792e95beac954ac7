"""``biasgate kfp …`` and ``biasgate demo``: the commands that know pipelines."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biasgate.kubeflow import run_commands
from biasgate.kubeflow.doctor.command import doctor
from biasgate.kubeflow.options import Authorities, Endpoint, Namespace, Settings
from biasgate.kubeflow.receiver import command as receiver
from biasgate.report.builds import Junit, Sarif, write_for_builds
from biasgate.report.terminal import VERDICT_CODES, Json, print_json, say
from biasgate.report.verdict import print_verdict

if TYPE_CHECKING:
    from biasgate.kubeflow.outcome import Outcome
    from biasgate.kubeflow.reconcile import Step

app = typer.Typer(help="Compile pipelines; run them here or on Kubeflow; schedule them.", no_args_is_help=True)

Pipeline = Annotated[str, typer.Argument(help="meta_classifier, gate, sweep or architecture_audit.")]
Arguments = Annotated[list[str] | None, typer.Option("-a", help="name=value, one for each parameter.")]


@app.command("compile")
def compile_(
    *,
    into: Annotated[Path, typer.Option(help="Folder for the YAML files.")] = Path("build/pipelines"),
    settings: Settings = None,  # noqa: ARG001
    json: Json = False,
) -> None:
    """Write the pipelines as KFP YAML; equal sources give equal bytes."""
    from biasgate.kubeflow.compile import compile_pipelines

    written = [str(path) for path in compile_pipelines(into)]
    if json:
        print_json(written)
    else:
        say(*written)


@app.command()
def run(
    pipeline: Pipeline,
    *,
    argument: Arguments = None,
    folder: Annotated[Path, typer.Option(help="Gets the tasks' outputs and logs.")] = Path("local_outputs"),
    junit: Junit = None,
    sarif: Sarif = None,
    json: Json = False,
) -> None:
    """Run a pipeline here with KFP's local runner, each task a process.

    The gate ends with its verdict: exit 0 APPROVED, 4 REJECTED, 5 INSUFFICIENT_EVIDENCE; where it repaired the
    candidate, with that about the repaired one.
    """
    from biasgate.kubeflow.arguments import typed_arguments
    from biasgate.kubeflow.local import run_locally
    from biasgate.kubeflow.outcome import decided
    from biasgate.kubeflow.watch import watching

    arguments = typed_arguments(pipeline, _pairs(argument))
    events: list[dict[str, Any]] = []
    with watching() as watch:

        def note(event: dict[str, Any]) -> None:
            events.append(event)
            watch(event)

        run_locally(pipeline, arguments, folder=folder, watch=note)
    outcomes = decided(events) if pipeline == "gate" else []
    if json:
        said = {"verdict": outcomes[-1].decision.verdict} if outcomes else {}
        told = {"decisions": [one.plain() for one in outcomes]} if outcomes else {}
        print_json({"pipeline": pipeline, "folder": str(folder), **said, **told})
    else:
        _print_outcomes(outcomes)
    if outcomes:
        last = outcomes[-1].decision
        source = str(arguments["candidate"])
        write_for_builds(last.rules, name=source, source=source, junit=junit, sarif=sarif)
        raise typer.Exit(VERDICT_CODES[last.verdict])


def _print_outcomes(outcomes: "list[Outcome]") -> None:
    for one in outcomes:
        decision = one.decision
        person = " A person must sign before promotion." if decision.human else ""
        title = f"{decision.verdict} (entry {one.entry} of the log).{person}"
        print_verdict(title, decision.rules, one.policy, approved=decision.verdict == "APPROVED")
        say(f"report: {one.report}")


@app.command()
def submit(
    pipeline: Pipeline,
    *,
    argument: Arguments = None,
    endpoint: Endpoint,
    namespace: Namespace = None,
    ca: Authorities = None,
    account: Annotated[str, typer.Option(help="Service account of the run's pods.")] = "biasgate-runner",
    settings: Settings = None,  # noqa: ARG001
    json: Json = False,
) -> None:
    """Start a run on Kubeflow, as whom KF_PIPELINES_TOKEN or the service account's token file says."""
    from biasgate.kubeflow.client import Cluster
    from biasgate.kubeflow.submit import submit as start

    run = start(pipeline, _pairs(argument), cluster=Cluster(endpoint, namespace, ca), account=account)
    print_json({"pipeline": pipeline, "run": run}) if json else say(run)


@app.command()
def schedule(
    file: Annotated[Path, typer.Argument(help="All schedules of the namespace (YAML).")],
    *,
    endpoint: Endpoint,
    namespace: Namespace = None,
    ca: Authorities = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    settings: Settings = None,  # noqa: ARG001
    json: Json = False,
) -> None:
    """Create, update and disable recurring runs on Kubeflow until they are what the file says."""
    from biasgate.kubeflow.client import Cluster
    from biasgate.kubeflow.recurring import reconcile_schedules
    from biasgate.kubeflow.schedules import Schedules

    steps = reconcile_schedules(Schedules.read(file), cluster=Cluster(endpoint, namespace, ca), dry_run=dry_run)
    if json:
        print_json([{"action": step.action, "schedule": step.name, "changes": step.changes} for step in steps])
    else:
        say(*([line for step in steps for line in _diff(step)] or ["nothing to do"]))


for command in (
    run_commands.status,
    run_commands.logs,
    run_commands.cancel,
    run_commands.retry,
    doctor,
    receiver.receive,
):
    app.command()(command)


def demo(
    *,
    folder: Annotated[Path, typer.Option(help="Holds what the demo makes; its zoo is kept.")] = Path(".demo"),
    json: Json = False,
) -> None:
    """Train a zoo, learn to read bias from weights, then catch, repair and decide on a biased candidate."""
    from biasgate.kubeflow.demo.run import run_demo

    raise typer.Exit(run_demo(folder, as_json=json))


def register(root: typer.Typer) -> None:
    """Adds ``kfp``, ``demo`` and ``gate submit`` to the command line, as the entry point ``biasgate.commands`` asks."""
    root.add_typer(app, name="kfp")
    root.command()(demo)
    for group in root.registered_groups:
        if group.name == "gate" and group.typer_instance:
            group.typer_instance.command()(receiver.submit)


def _pairs(arguments: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in arguments or []]
    for name, equals, _ in pairs:
        if not equals:
            raise typer.BadParameter(f"{name!r} is not name=value")
    return {name: value for name, _, value in pairs}


def _diff(step: "Step") -> list[str]:
    lines = [f"{step.action} {step.name}"]
    for field, before, after in step.changes:
        lines += [f"  - {field}: {before}"] if before is not None else []
        lines += [f"  + {field}: {after}"]
    return lines
