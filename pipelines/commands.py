"""``biasgate kfp …`` and ``biasgate demo``: the commands that know pipelines."""

from pathlib import Path
from typing import Annotated

import typer

from biasgate.cli.output import Json, print_json

app = typer.Typer(help="Compile pipelines, or run one on this machine.", no_args_is_help=True)
demo_app = typer.Typer()


@app.command("compile")
def compile_(
    *,
    into: Annotated[Path, typer.Option(help="Folder for the YAML files.")] = Path("build/pipelines"),
    json: Json = False,
) -> None:
    """Write the pipelines as KFP YAML; equal sources give equal bytes."""
    from biasgate.pipelines.compile import compile_pipelines

    written = [str(path) for path in compile_pipelines(into)]
    if json:
        print_json(written)
    else:
        typer.echo("\n".join(written))


@app.command()
def run(
    pipeline: Annotated[str, typer.Argument(help="meta_classifier or gate.")],
    *,
    argument: Annotated[list[str] | None, typer.Option("-a", help="name=value, one for each parameter.")] = None,
    folder: Annotated[Path, typer.Option(help="Gets the tasks' outputs and logs.")] = Path("local_outputs"),
    json: Json = False,
) -> None:
    """Run a pipeline here with KFP's local runner, each task a process."""
    from biasgate.pipelines.local import run_locally
    from biasgate.pipelines.watch import watching

    with watching() as watch:
        run_locally(pipeline, dict(_pair(text) for text in argument or []), folder=folder, watch=watch)
    if json:
        print_json({"pipeline": pipeline, "folder": str(folder)})


@demo_app.command()
def demo(
    *,
    folder: Annotated[Path, typer.Option(help="Holds what the demo makes; its zoo is kept.")] = Path(".demo"),
    json: Json = False,
) -> None:
    """Train a zoo, learn to read bias from weights, then catch, repair and decide on a biased candidate."""
    from biasgate.pipelines.demo import run_demo

    raise typer.Exit(run_demo(folder, as_json=json))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not name=value")
    return name, value
