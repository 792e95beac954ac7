"""``biasgate meta-classifier …``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.report.terminal import Json, print_json, print_table

if TYPE_CHECKING:
    from biasgate.contracts.held_out import HeldOutReport

app = typer.Typer(help="Meta-classifiers: they read bias from weights.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Meta-classifiers: they read bias from weights."""


@app.command()
def train(
    table: Annotated[Path, typer.Argument(help="Feature table of a whole zoo (parquet).")],
    *,
    spec: Annotated[str, typer.Option(help="The zoo's spec: a file, a URI, or a built-in one's name.")],
    into: Annotated[Path, typer.Option(help="File for the meta-classifier (JSON).")],
    page: Annotated[Path | None, typer.Option(help="File for the held-out report as a page (HTML).")] = None,
    json: Json = False,
) -> None:
    """Fit on the train split, calibrate on validation, score once on test."""
    import pandas as pd

    from biasgate.detection.reader.fit import fit_meta_classifier
    from biasgate.detection.reader.held_out import held_out_report
    from biasgate.detection.zoo.spec import read_spec
    from biasgate.report.held_out import held_out_page

    zoo, models = read_spec(spec), pd.read_parquet(table)
    meta = fit_meta_classifier(models, spec=zoo)
    report = held_out_report(meta, models, spec=zoo)
    meta.save(into)
    if page:
        page.write_text(held_out_page(report))
    if json:
        print_json(report)
        return
    print_table(f"{report.test} held-out models", *_scores(report))


def _scores(report: HeldOutReport) -> tuple[list[str], list[list[str]]]:
    """Columns and rows: the meta-classifier, the behavioural reference, the shortcuts."""
    from biasgate.contracts.held_out import StrengthScore
    from biasgate.report.text import interval, share_interval

    readers = {"this meta-classifier": report.score, "behavioural reference": report.reference}
    readers |= {f"{score.name} (shortcut)": score for score in report.shortcuts}
    ordered = {name: score for name, score in readers.items() if isinstance(score, StrengthScore)}
    if not ordered:
        return ["reader", "exact subgroup", "log-loss"], [
            [name, share_interval(score.levels), interval(score.log_loss)] for name, score in readers.items()
        ]
    return ["reader", "exact level", "right half", "extremes", "error"], [
        [name, *map(share_interval, (s.levels, s.halves, s.extremes)), interval(s.rmse)] for name, s in ordered.items()
    ]
