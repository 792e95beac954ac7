"""All hostile candidates."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from hostile import kinds
from hostile.case import Case


def cases() -> list[Case]:
    """The candidates of every kind, in one order, each under a name of its own."""
    found: list[Case] = []
    for kind in sorted(module.name for module in iter_modules(kinds.__path__)):
        module = import_module(f"hostile.kinds.{kind}")
        found += [Case(f"{kind}: {name}", write, forbidden) for name, write, forbidden in module.cases()]
    assert len({case.name for case in found}) == len(found)
    return found
