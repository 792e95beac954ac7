"""``biasgate zoo …``: plan, train, features."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biasgate.report.terminal import Json, print_json, say

app = typer.Typer(help="Zoos: many models with known bias.", no_args_is_help=True)
Root = Annotated[str, typer.Option(help="Folder or s3:// prefix that zoos live under.")]


@app.command()
def plan(
    spec: Annotated[str, typer.Argument(help="ZooSpec: a file, a URI, or a built-in one's name.")],
    *,
    root: Root,
    shards: Annotated[int, typer.Option(help="Parts to train apart from each other.", min=1)] = 1,
    json: Json = False,
) -> None:
    """Decide every model's seed, palette, recipe and planted bias."""
    from biasgate.detection.zoo.plan import plan_zoo
    from biasgate.detection.zoo.spec import read_spec
    from biasgate.storage.plans import write_plan

    planned = plan_zoo(read_spec(spec), shards=shards)
    uri = write_plan(planned, root=root)
    print_json({"plan": uri, "models": len(planned.models), "shards": shards}) if json else say(uri)


@app.command()
def train(
    plan: Annotated[str, typer.Argument(help="URI that `biasgate zoo plan` printed.")],
    *,
    root: Root,
    shard: Annotated[int | None, typer.Option(help="Only this shard; all by default.", min=0)] = None,
    device: Annotated[str | None, typer.Option(help="As torch names it; a GPU where there is one by default.")] = None,
    json: Json = False,
) -> None:
    """Train shards; finished ones are kept, a killed one goes on where it was."""
    from biasgate.detection.zoo.plan import ZooPlan
    from biasgate.detection.zoo.shard import train_shard
    from biasgate.storage.plans import read_plan

    planned = read_plan(ZooPlan, plan)
    shards = range(planned.shards) if shard is None else [shard]
    trained = [train_shard(planned, number, root, device=device) for number in shards]
    if json:
        print_json([{"shard": index.shard, "uri": index.uri, "models": index.models} for index in trained])
    else:
        say(*(index.uri for index in trained))


@app.command()
def features(
    shards: Annotated[list[str], typer.Argument(help="URIs of finished shards.")],
    *,
    into: Annotated[Path, typer.Option(help="Parquet file: one row a model.")],
    json: Json = False,
) -> None:
    """Read the features of a zoo's shards from weights, one group of models in memory at a time."""
    import pandas as pd

    from biasgate.detection.features.table import feature_table
    from biasgate.detection.zoo.index import ShardIndex
    from biasgate.storage.shards import read_index

    table = pd.concat([feature_table(read_index(ShardIndex, uri)) for uri in shards], ignore_index=True)
    table.to_parquet(into, index=False)
    print_json({"table": str(into), "models": len(table)}) if json else say(f"{into}  {len(table)} models")
