"""Planted correlations between attributes of synthetic faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from biasgate.data.faces.drawn.attributes import PERSONAL, Attribute
from biasgate.documents import Document
from biasgate.errors import InputError


class Correlation(Document):
    """One attribute leans on another.

    Attributes:
        attribute: The one that leans.
        follows: The one it leans on.
        strength: Share of samples, in [-1, 1], in which it does: each is then as far along its values as the other is
            along its own (negative: along its values in reverse). Both stay uniform over their values; for two
            attributes of two values this is their correlation.
    """

    attribute: Attribute
    follows: Attribute
    strength: float = Field(ge=-1, le=1)


def correlate(
    places: Mapping[str, NDArray[np.float64]],
    correlations: Sequence[Correlation],
    *,
    person: NDArray[np.int64],
    rng: np.random.Generator,
) -> dict[str, NDArray[np.float64]]:
    """Plants correlations, in the order in which they are listed.

    Args:
        places: By attribute, where each sample lies along the values: independent and uniform in [0, 1). ``[n]``
        correlations: What to plant.
        person: Whose image each sample is ``[n]``; an attribute of persons leans in all their images or in none.
        rng: Decides which samples lean.

    Raises:
        InputError: An attribute leans on itself, leans after it was used, or belongs to persons and leans on what
            changes from image to image.
    """
    planted, used = dict(places), set[str]()
    for correlation in correlations:
        _check(correlation, used)
        other = planted[correlation.follows]
        leans = rng.random(len(person))
        if correlation.attribute in PERSONAL:
            leans = leans[np.unique(person, return_index=True)[1]][person]
        followed = other if correlation.strength > 0 else np.nextafter(1, 0) - other
        planted[correlation.attribute] = np.where(
            leans < abs(correlation.strength), followed, planted[correlation.attribute]
        )
        used |= {correlation.attribute, correlation.follows}
    return planted


def _check(correlation: Correlation, used: set[str]) -> None:
    """Refuses what would not leave both attributes uniform, or cannot be."""
    where, attribute, on = "correlations", correlation.attribute, correlation.follows
    if attribute == on:
        raise InputError(f"{attribute} leans on itself", where=where, fix="name two attributes")
    if attribute in used:
        raise InputError(
            f"{attribute} leans on {on} after an earlier correlation used it", where=where, fix="list causes first"
        )
    if attribute in PERSONAL and on not in PERSONAL:
        raise InputError(
            f"{attribute} belongs to a person and cannot lean on {on}, which changes from image to image",
            where=where,
            fix=f"let {on} lean on {attribute}",
        )
