"""Figures of an audit: effects against the intervention's values, and the spectra of filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from biasgate.audit.result import AuditResult, Effect, Role
from biasgate.audit.spectra import frequencies
from biasgate.contracts.estimate import Estimate
from biasgate.report.drawing import COLOURS, GRID, INK, MARKERS, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROLES: dict[Role, str] = {
    "do": "intervention",
    "receptive_field": "same receptive field",
    "parameters": "same parameters",
}


def effect_figure(result: AuditResult, *, views: Sequence[str] | None = None) -> str:
    """τ of each subgroup, in points, by value: a row an attribute, a column a view; one ``<svg>`` element.

    Args:
        result: The audit.
        views: Those to draw, by default all; figures of different views have one scale.
    """
    drawn, attributes = tuple(views or result.views), result.spec.subgroups
    ends = [end for effect in result.subgroup_effects if effect.role == "do" for end in _ends(effect)]
    room = 0.05 * (max(ends) - min(ends))

    def draw(figure: Figure) -> None:
        grid = figure.subplots(len(attributes), len(drawn), sharex=True, sharey=True, squeeze=False)
        grid[0, 0].set_ylim(min(ends) - room, max(ends) + room)
        for (row, column), axes in np.ndenumerate(grid):
            _effects(axes, result, view=drawn[column], attribute=attributes[row])
            if not row:
                axes.set_title(drawn[column], fontsize=9)
            if not column:
                axes.set_ylabel(f"by {attributes[row]}")
        for row in grid:
            row[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=8)
        figure.supxlabel(_field(result), fontsize=9, color=INK)
        figure.supylabel("effect on accuracy, points", fontsize=9, color=INK)

    title = f"Effect of {_field(result)} on accuracy by subgroup and perturbation, 95 percent intervals"
    return svg(draw, title, width=1.5 * len(drawn) + 1.6, height=2.1 * len(attributes) + 0.5)


def spectrum_figure(result: AuditResult) -> str:
    """Power of the first convolution's filters by frequency, and its centroid by value; one ``<svg>`` element."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        done = [place for place, arm in enumerate(result.arms) if arm.role == "do"]
        for place, shade in zip(done, np.linspace(0.25, 1, len(done)), strict=True):
            power = result.spectra[place].power
            left.plot(frequencies(), power, color=COLOURS[0], alpha=shade, label=result.arms[place].name)
        left.axhline(1 / len(frequencies()), color=GRID, linewidth=1)
        left.set_xlabel("frequency, cycles a pixel")
        left.set_ylabel("share of power")
        left.legend(frameon=False, fontsize=8)
        roles: list[Role] = [role for role in ROLES if any(arm.role == role for arm in result.arms)]
        for number, role in enumerate(roles):
            chosen = [(a.value, s.centroid) for a, s in zip(result.arms, result.spectra, strict=True) if a.role == role]
            _line(right, result, chosen, number=number, of=len(ROLES), label=ROLES[role])
        right.axhline(0.25, color=GRID, linewidth=1)
        right.set_xlabel(_field(result))
        right.set_ylabel("centroid, cycles a pixel")
        right.legend(frameon=False, fontsize=8)

    return svg(draw, "Frequency content of the first convolution's filters by arm", width=8, height=3.4)


def _effects(axes: Axes, result: AuditResult, *, view: str, attribute: str) -> None:
    groups = list(result.subgroups[attribute])
    for number, group in enumerate(groups):
        chosen = [
            (result.arms[effect.arm].value, _points(effect.estimate))
            for effect in result.subgroup_effects
            if (effect.role, effect.view, effect.subgroup) == ("do", view, {attribute: group})
        ]
        _line(axes, result, chosen, number=number, of=len(groups), label=group)
    axes.axhline(0, color=GRID, linewidth=1, zorder=0)


def _line(
    axes: Axes,
    result: AuditResult,
    chosen: Sequence[tuple[int | float | str, Estimate]],
    *,
    number: int,
    of: int,
    label: str,
) -> None:
    """Estimates by value, a little beside those of the other lines."""
    values = result.spec.intervention.values
    x = [values.index(value) + 0.12 * (number - (of - 1) / 2) for value, _ in chosen]
    y = np.array([estimate.value for _, estimate in chosen])
    ends = [y - [estimate.low for _, estimate in chosen], np.array([estimate.high for _, estimate in chosen]) - y]
    axes.errorbar(
        x, y, yerr=ends, color=COLOURS[number % 6], marker=MARKERS[number % 6], markersize=4, linewidth=1, label=label
    )
    axes.set_xticks(range(len(values)), [str(value) for value in values])


def _ends(effect: Effect) -> tuple[float, float]:
    points = _points(effect.estimate)
    return points.low, points.high


def _points(estimate: Estimate) -> Estimate:
    return estimate.model_copy(update={end: 100 * getattr(estimate, end) for end in ("value", "low", "high")})


def _field(result: AuditResult) -> str:
    intervention = result.spec.intervention
    where = intervention.which if isinstance(intervention.which, str) else f"number {intervention.which}"
    return f"{intervention.field} of {where} {intervention.layer}"
