"""``biasgate data …``"""

from __future__ import annotations

from typing import Annotated

import typer

from biasgate.report.terminal import Json, print_json, print_table

app = typer.Typer(help="Look at data sets.", no_args_is_help=True)


@app.command()
def describe(
    source: Annotated[str, typer.Argument(help="builtin:digits, an .npz file, or a data source in YAML; s3:// works.")],
    *,
    json: Json = False,
) -> None:
    """Count the samples of each label that each attribute value has."""
    from biasgate.data.describe import describe as counts_of
    from biasgate.data.source import open_dataset

    dataset = open_dataset(source)
    counts = counts_of(dataset)
    if json:
        print_json({"name": dataset.name, "digest": dataset.digest, "counts": counts.to_dict(orient="records")})
        return
    rows = [[str(cell) for cell in row] for row in counts.to_numpy().tolist()]
    print_table(f"{dataset.name}: samples of each label", list(counts.columns), rows)
