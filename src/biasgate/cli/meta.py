"""``biasgate meta …``"""

from __future__ import annotations

import typer

app = typer.Typer(help="Meta-classifiers: readers of bias from weights.", no_args_is_help=True)
