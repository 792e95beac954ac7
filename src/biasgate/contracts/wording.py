"""Numbers, metrics and subgroups in words, for every sentence that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def rate(value: float) -> str:
    """A share: ``.31``, ``1.00``; a third digit where two would make it look whole."""
    size = abs(value)
    digits = 2 if size in (0, 1) or 0.005 <= size < 0.995 else 3
    return ("-" if value < 0 else "") + f"{size:.{digits}f}".removeprefix("0")


def points(value: float) -> str:
    """A difference of shares in percentage points, with at most one decimal: ``68``, ``7.5``."""
    return f"{round(100 * value, 1) + 0:g}"


def group(subgroup: Mapping[str, str]) -> str:
    """A subgroup's attribute values: ``conflicting``, ``aligned, 7``; ``all`` for the whole set."""
    return ", ".join(value for _, value in sorted(subgroup.items())) or "all"


def subgroup(values: Mapping[str, str]) -> str:
    """A subgroup by its attributes: ``colour = red, digit = 3``; ``whole set`` without any."""
    return ", ".join(f"{name} = {value}" for name, value in sorted(values.items())) or "whole set"


def samples(subgroup: Mapping[str, str]) -> str:
    """A subgroup's samples: ``conflicting samples``."""
    return f"{group(subgroup)} samples"


def within(given: Sequence[str] | None) -> str:
    """The end of a clause about strata: ``, within each dept``; nothing without any."""
    return f", within each {' × '.join(given)}" if given else ""


def words(name: str) -> str:
    """A metric's name as words: ``true positive rate``."""
    return name.replace("_", " ")


def of_label(metric: str, label: str | None) -> str:
    """A metric's name with its label, if it has one: ``true positive rate of AU12``."""
    return f"{words(metric)} of {label}" if label else words(metric)


def name(metric: str, label: str | None = None) -> str:
    """The same at the start of a sentence: ``True positive rate of AU12``."""
    return f"{words(metric).capitalize()} of {label}" if label else words(metric).capitalize()


def times(count: int) -> str:
    """``once``, ``3 times``."""
    return "once" if count == 1 else f"{count} times"


def seconds(value: float) -> str:
    """A time: ``3.2 ms``, ``1.5 s``."""
    return f"{value:.3g} s" if value >= 1 else f"{1000 * value:.3g} ms"
