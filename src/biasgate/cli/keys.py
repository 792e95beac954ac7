"""``biasgate keys …``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biasgate.cli.output import Json, print_json

app = typer.Typer(help="Keys that sign decisions.", no_args_is_help=True)


@app.command()
def generate(
    folder: Annotated[Path, typer.Argument(help="A folder without a key.")],
    *,
    json: Json = False,
) -> None:
    """Make an ECDSA P-256 key pair: a private key for the gate, a public one to trust."""
    from biasgate.gate.sign import generate_key

    key = generate_key(folder)
    if json:
        print_json({"private": str(key), "trusted": str(folder / "trusted")})
    else:
        typer.echo(f"export BIASGATE_SIGNING_KEY_FILE={key}\nexport BIASGATE_TRUSTED_KEYS={folder / 'trusted'}")
