"""Loading templates, all with the same filters and rules."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from biasgate.contracts import wording
from biasgate.foreign_text import visible
from biasgate.report import text

FILTERS: dict[str, Any] = {
    "difference": text.difference,
    "interval": text.interval,
    "measured_share": text.measured_share,
    "moment": text.moment,
    "plain": text.plain,
    "points": text.points,
    "ranked": text.ranked,
    "share": wording.rate,
    "share_interval": text.share_interval,
    "shortened": text.shortened,
    "subgroup": wording.subgroup,
    "words": wording.words,
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


def page(name: str, **values: Any) -> str:
    """An HTML page whose content security policy allows its one style sheet, by digest, and nothing else."""
    style = files("biasgate.report").joinpath("templates", "page.css").read_text(encoding="utf-8")
    style_digest = "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    made = template(name, finalize=lambda value: text.unbroken(visible(value)), autoescape=True)
    return made.render(style=Markup(style), style_digest=style_digest, **values)
