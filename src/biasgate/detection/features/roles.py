"""Layer roles: features of networks of different depth under the same names."""

from __future__ import annotations

import re
from collections import defaultdict

_NUMBERED = re.compile(r"(?P<head>[a-z_.]+)\.(?P<layer>\d+)(?P<tail>\.[a-z_.]+)?")


def by_role(features: dict[str, float]) -> dict[str, float]:
    """Features by the role of their layer instead of its number: ``first``, ``middle``, ``last``.

    ``linear.4.chroma_rank`` of a network of four layers becomes ``linear.last.chroma_rank``; the middle is the mean of
    all layers between. Features of the whole network keep their names. Roles that a network lacks are absent.

    Args:
        features: Of one model, from ``weight_features``; layers count from 1.
    """
    numbered = {name: match for name in features if (match := _NUMBERED.fullmatch(name))}
    depth = max((int(match["layer"]) for match in numbered.values()), default=0)
    values: defaultdict[str, list[float]] = defaultdict(list)
    for name, value in features.items():
        if match := numbered.get(name):
            layer = int(match["layer"])
            role = "first" if layer == 1 else "last" if layer == depth else "middle"
            name = f"{match['head']}.{role}{match['tail'] or ''}"
        values[name].append(value)
    return {name: sum(found) / len(found) for name, found in values.items()}
