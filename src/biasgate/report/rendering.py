"""Loading templates, all with the same filters and rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from biasgate.gate import wording
from biasgate.report import text

FILTERS: dict[str, Any] = {
    "difference": text.difference,
    "moment": text.moment,
    "plain": text.plain,
    "points": text.points,
    "ranked": text.ranked,
    "rate": text.rate,
    "share": wording.rate,
    "words": text.words,
}


def template(name: str, *, finalize: Callable[[Any], Any], autoescape: bool) -> Template:
    """A template of this room; every value passes ``finalize`` on its way out, and a missing one is a bug."""
    environment = Environment(
        loader=PackageLoader("biasgate.report"),
        autoescape=autoescape,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(FILTERS)
    return environment.get_template(name)
