"""``biasgate promote``: from the log to a version that serves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biasgate.cli.output import Json, print_json, print_table

app = typer.Typer()


@app.command()
def promote(
    *,
    log: Annotated[str, typer.Option(help="Folder or s3:// prefix of the signed log.")],
    trusted: Annotated[Path | None, typer.Option(help="Folder of trusted public keys.")] = None,
    json: Json = False,
) -> None:
    """Carry approved decisions from the log into the registry: verify, rebuild, register, move the alias last."""
    from biasgate.gate.sign import signing_key, trusted_keys
    from biasgate.registry.promoter import promote as bring_up

    done = bring_up(log, trusted=trusted_keys(trusted), key=signing_key())
    if json:
        print_json([promotion.model_dump(mode="json", exclude_none=True) for promotion in done])
        return
    rows = [[str(p.entry), p.name, p.version or "", p.status, p.reason] for p in done]
    print_table("promotions", ["decision", "model", "version", "status", "why"], rows)
