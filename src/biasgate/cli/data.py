"""``biasgate data …``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biasgate.report.terminal import Json, print_json, print_table, say

app = typer.Typer(help="Look at data sets.", no_args_is_help=True)


@app.command()
def init(
    table: Annotated[Path, typer.Argument(help="CSV or Parquet file, or a folder of these; of images with a table.")],
    *,
    label: Annotated[str | None, typer.Option(help="Column of class names.")] = None,
    into: Annotated[Path | None, typer.Option(help="File for the draft; without it the draft is printed.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV file, such as latin-1; utf-8 by default.")] = None,
    separator: Annotated[str | None, typer.Option(help="Between cells of a CSV file; a comma by default.")] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark of a CSV file: . or a comma.")] = None,
    json: Json = False,
) -> None:
    """Draft a data source from one look at a table; read it, correct it, then it is fixed."""
    from biasgate.data.draft import draft
    from biasgate.data.files import TabularFile
    from biasgate.errors import InputError
    from biasgate.strict_yaml import read_yaml

    given = {"uri": str(table), "encoding": encoding, "separator": separator, "decimal": decimal}
    text = draft(TabularFile.build(given, where="the options"), label=label)
    if into and into.exists():
        raise InputError("the file is there already", where=str(into), fix="move it away, or name another")
    if into:
        into.write_text(text, encoding="utf-8")
    if json:
        print_json({"path": str(into) if into else None, "source": read_yaml(text)})
    else:
        typer.echo(f"{into}: read it, then `biasgate data describe {into}`" if into else text, nl=into is not None)


@app.command()
def describe(
    source: Annotated[str, typer.Argument(help="builtin:digits, an .npz file, or a data source in YAML; s3:// works.")],
    *,
    json: Json = False,
) -> None:
    """Count the samples of each label that each attribute value has, and say what was done with what was read."""
    from biasgate.contracts.population import population
    from biasgate.data.describe import describe as counts_of
    from biasgate.data.describe import remarks, unknown
    from biasgate.data.source import open_dataset

    dataset = open_dataset(source)
    counts = counts_of(dataset)
    left_out = population(rows=len(dataset), unknown=unknown(dataset), dropped=dataset.dropped, pooled=dataset.pooled)
    said = [*left_out, *remarks(dataset)]
    if json:
        found = {"name": dataset.name, "digest": dataset.digest, "counts": counts.to_dict(orient="records")}
        print_json(found | {"remarks": said})
        return
    rows = [[str(cell) for cell in row] for row in counts.to_numpy().tolist()]
    print_table(f"{dataset.name}: samples of each label", list(counts.columns), rows)
    for sentence in said:
        say(f"- {sentence}")
    say(f"{len(dataset):,} samples, digest {dataset.digest}")
