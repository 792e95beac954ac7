"""``biasgate meta …``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from biasgate.detection.reader.group_report import GroupReport
    from biasgate.detection.reader.held_out import HonestReport

app = typer.Typer(help="Meta-classifiers: readers of bias from weights.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Meta-classifiers: readers of bias from weights."""


@app.command()
def train(
    table: Annotated[Path, typer.Argument(help="Feature table of a whole zoo (parquet).")],
    *,
    spec: Annotated[str, typer.Option(help="The zoo's spec: a file, a URI, or a ready one's name.")],
    into: Annotated[Path, typer.Option(help="File for the meta-classifier (JSON).")],
    page: Annotated[Path | None, typer.Option(help="File for the held-out scores as a page (HTML).")] = None,
    json: Json = False,
) -> None:
    """Fit on the train split, calibrate on validation, score once on test."""
    import pandas as pd

    from biasgate.detection.reader.fit import fit_meta_classifier
    from biasgate.detection.reader.reports import report_of
    from biasgate.detection.zoo.files import read_spec
    from biasgate.report.honest import honest_page

    zoo, models = read_spec(spec), pd.read_parquet(table)
    meta = fit_meta_classifier(models, spec=zoo)
    report = report_of(meta, models, spec=zoo)
    meta.save(into)
    if page:
        page.write_text(honest_page(report))
    if json:
        print_json(report)
        return
    print_table(f"{report.test} held-out models", *_scores(report))


def _scores(report: HonestReport | GroupReport) -> tuple[list[str], list[list[str]]]:
    """Columns and rows: the meta-classifier, the oracle, the shortcuts."""
    from biasgate.detection.reader.group_report import GroupReport
    from biasgate.report.text import interval, share_interval

    if isinstance(report, GroupReport):
        groups = {"this meta-classifier": report.score, "inference oracle": report.oracle}
        groups |= {f"{score.name} (shortcut)": score for score in report.shortcuts}
        return ["reader", "exact group", "log-loss"], [
            [name, share_interval(score.levels), interval(score.log_loss)] for name, score in groups.items()
        ]
    readers = {"this meta-classifier": report.score, "inference oracle": report.oracle}
    readers |= {f"{score.name} (shortcut)": score for score in report.shortcuts}
    return ["reader", "exact level", "right half", "extremes", "error"], [
        [name, *map(share_interval, (s.levels, s.halves, s.extremes)), interval(s.rmse)] for name, s in readers.items()
    ]
