"""The root command, and how a failure ends: one line that a person can act on, and a documented exit code."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer

import biasgate
from biasgate.cli import (
    approvals,
    audits,
    candidates,
    checks,
    data,
    decisions,
    gates,
    heatmaps,
    keys,
    logs,
    meta_classifiers,
    preflights,
    promotions,
    repairs,
    scans,
    submissions,
    views,
    zoo,
)
from biasgate.errors import BiasgateError
from biasgate.extras import said_if_missing
from biasgate.report.terminal import print_json

app = typer.Typer(
    name="biasgate",
    help="A bias gate for classifiers: read bias from weights, measure it, repair it, decide, sign.",
    epilog="Exit codes: 0 done or APPROVED, 1 a bug, 2 usage, 3 bad input, 4 REJECTED, 5 INSUFFICIENT_EVIDENCE, "
    "6 a service is out of reach, 7 trust is broken or an alert was raised.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
for group in (scans, submissions, candidates, checks, repairs, heatmaps, decisions, approvals, promotions, views):
    app.registered_commands.extend(group.app.registered_commands)
app.add_typer(data.app, name="data")
app.add_typer(submissions.cards, name="card")
app.add_typer(zoo.app, name="zoo")
app.add_typer(meta_classifiers.app, name="meta-classifier")
app.add_typer(audits.app, name="audit")
logs.app.registered_commands.extend(views.of_log.registered_commands)
app.add_typer(logs.app, name="log")
app.add_typer(keys.app, name="keys")
gates.app.registered_commands.extend(preflights.app.registered_commands)
app.add_typer(gates.app, name="gate")
app.add_typer(decisions.policies, name="policy")
for more in entry_points(group="biasgate.commands"):
    more.load()(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(biasgate.__version__)
        raise typer.Exit


@app.callback()
def options(
    *,
    color: Annotated[bool, typer.Option("--color/--no-color", help="Colour on a terminal.")] = True,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options before the command."""
    if not color:
        os.environ["NO_COLOR"] = "1"


def main() -> None:
    """Runs a command; a user's mistake ends in one line on stderr, with ``--json`` in one document on stdout too."""
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # read when mlflow is imported; its notes are not ours
    try:
        with said_if_missing():
            app()
    except BiasgateError as error:
        if "--json" in sys.argv:
            print_json({"error": {"what": error.what, "where": error.where, "fix": error.fix}})
        typer.echo(f"biasgate: {error}", err=True)
        sys.exit(error.exit_code)
