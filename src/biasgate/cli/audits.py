"""``biasgate audit …``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.report.terminal import Json, print_json, print_table, say

if TYPE_CHECKING:
    from biasgate.audit.result import AuditResult

app = typer.Typer(help="Audits: what a hyperparameter of the architecture does to each subgroup.", no_args_is_help=True)
SHOWN = 20
"""Effects that a terminal is shown, those with the smallest p-values; the page and --json have all."""

Page = Annotated[Path | None, typer.Option(help="File for the result as a page (HTML).")]


@app.command()
def run(
    spec: Annotated[str, typer.Argument(help="AuditSpec: a file, a URI, or a built-in one's name.")],
    *,
    root: Annotated[str, typer.Option(help="Folder or s3:// prefix that keeps trained shards.")],
    into: Annotated[Path, typer.Option(help="File for the result (JSON).")],
    page: Page = None,
    shards: Annotated[int, typer.Option(help="Parts that are trained apart, each on one thread.", min=1)] = 2,
    workers: Annotated[int, typer.Option(help="Shards that are trained at the same time.", min=1)] = 1,
    json: Json = False,
) -> None:
    """Train and measure every arm here, and estimate the effects; shards that are finished are kept."""
    from biasgate.audit.audit import audit_result
    from biasgate.audit.files import read_spec
    from biasgate.audit.plan import plan_audit
    from biasgate.audit.shard import train_shards

    plan = plan_audit(read_spec(spec), shards=shards)
    result = audit_result(plan, train_shards(plan, root, workers=workers))
    into.write_bytes(result.to_json())
    _show(result, page=page, json=json)


@app.command()
def show(
    result: Annotated[Path, typer.Argument(help="Result that `biasgate audit run` wrote (JSON).")],
    *,
    page: Page = None,
    json: Json = False,
) -> None:
    """Print what an audit found, gap by gap."""
    from biasgate.audit.result import AuditResult

    _show(AuditResult.read(result), page=page, json=json)


def _show(result: AuditResult, *, page: Path | None, json: bool) -> None:
    from biasgate.report.audit import audit_page, effect_rows, summary

    if page:
        page.write_text(audit_page(result))
    if json:
        print_json(result)
        return
    columns = ["arm", "against", "images", "of", "points", "these images", "p (Holm)"]
    print_table("effects on gaps", columns, [row.cells for row in effect_rows(result, result.gaps)[:SHOWN]])
    say(*summary(result))
