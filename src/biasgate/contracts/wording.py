"""Numbers and subgroups in words, for the sentences of a decision."""

from __future__ import annotations

from collections.abc import Mapping


def rate(value: float) -> str:
    """A share: ``.31``, ``1.00``; a third digit where two would make it look whole."""
    digits = 2 if value in (0, 1) or 0.005 <= value < 0.995 else 3
    return f"{value:.{digits}f}".removeprefix("0")


def points(value: float) -> str:
    """A difference of shares in percentage points, with at most one decimal: ``68``, ``7.5``."""
    return f"{round(100 * value, 1) + 0:g}"


def group(subgroup: Mapping[str, str]) -> str:
    """A subgroup's attribute values: ``conflicting``, ``aligned, 7``; ``all`` for the whole set."""
    return ", ".join(value for _, value in sorted(subgroup.items())) or "all"


def samples(subgroup: Mapping[str, str]) -> str:
    """A subgroup's samples: ``conflicting samples``."""
    return f"{group(subgroup)} samples"


def name(metric: str, label: str | None = None) -> str:
    """A metric at the start of a sentence: ``True positive rate``, ``True positive rate of AU12``."""
    words = metric.replace("_", " ").capitalize()
    return f"{words} of {label}" if label else words


def times(count: int) -> str:
    """``once``, ``3 times``."""
    return "once" if count == 1 else f"{count} times"


def seconds(value: float) -> str:
    """A time: ``3.2 ms``, ``1.5 s``."""
    return f"{value:.3g} s" if value >= 1 else f"{1000 * value:.3g} ms"
