"""What a check found: how it stands, where, and the one command that mends it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from biasgate.kubeflow.doctor.site import Site

State = Literal["ok", "note", "wrong", "unknown"]
"""``note`` works but is good to know; ``unknown`` could not be looked at."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        state: How it stands.
        found: What is there, in one clause.
        where: The object that says so.
        fix: The one command, or change, that mends it; None where nothing has to be mended.
    """

    state: State
    found: str
    where: str
    fix: str | None = None


Check = Callable[[Site], Iterator[Finding]]
"""Looks at one thing of a site; its name is what people read."""


def ok(found: str, where: str) -> Finding:
    """Nothing has to be done."""
    return Finding("ok", found, where)


def note(found: str, where: str, *, fix: str | None = None) -> Finding:
    """It works; somebody should know."""
    return Finding("note", found, where, fix)


def wrong(found: str, where: str, *, fix: str) -> Finding:
    """A run would fail or wait for ever."""
    return Finding("wrong", found, where, fix)


def unknown(found: str, where: str, *, fix: str | None = None) -> Finding:
    """It could not be looked at."""
    return Finding("unknown", found, where, fix)
