"""The forest plot of an evaluation: subgroups down, rates across, a line for each interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from biasgate.contracts import wording
from biasgate.contracts.evaluation import Cell, Evaluation, Score
from biasgate.contracts.wording import subgroup
from biasgate.extras import needs
from biasgate.report.drawing import ACCENT, GRID, INK, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Place: TypeAlias = tuple[str, str | None, tuple[tuple[str, str], ...]]
RAISED = 0.25
"""How far what was before stands above what is now, in rows."""
ACROSS = 2
"""Most panels side by side."""
BESIDE: dict[str, Any] = {
    "xycoords": ("axes fraction", "data"),
    "va": "center",
    "fontsize": "small",
    "color": INK,
    "annotation_clip": False,
}
"""Words in a row of a panel, across from its left edge at 0 to its right edge at 1."""


def forest(evaluation: Evaluation, *, before: Evaluation | None = None) -> Figure:
    """One panel a metric; the dotted line is the whole set's value.

    Args:
        evaluation: What is drawn.
        before: The evaluation of the model that a repair started from, drawn hollow above.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    needs("matplotlib")
    from matplotlib import pyplot, rc_context

    panels = _panels(evaluation)
    across = min(ACROSS, len(panels))
    down = -(-len(panels) // across)
    tallest = max(len(parts) for parts in panels)
    size = (4.6 * across + 1.4, down * (0.32 * tallest + 1.1))
    with rc_context(STYLE):
        figure, axes = pyplot.subplots(down, across, figsize=size, sharey="row", squeeze=False, layout="constrained")
        for panel, parts in zip(axes.flat, panels, strict=False):
            _draw(panel, parts, _by_place(before))
        if before:
            figure.suptitle("hollow: before the repair", fontsize="small", color=INK, ha="left", x=0.01)
        for unused in axes.flat[len(panels) :]:
            unused.set_visible(False)
        pyplot.close(figure)
    return figure


def _panels(evaluation: Evaluation) -> list[list[Cell | Score]]:
    """The subgroups of each metric and label, the whole set first."""
    panels: dict[tuple[str, str | None], list[Cell | Score]] = {}
    for part in (*evaluation.cells, *(evaluation.scores or ())):
        panels.setdefault((part.metric, part.label), []).append(part)
    return list(panels.values())


def _by_place(evaluation: Evaluation | None) -> Mapping[Place, Cell | Score]:
    """What was measured, by metric, label and subgroup."""
    parts = (*evaluation.cells, *(evaluation.scores or ())) if evaluation else ()
    return {_place(part): part for part in parts}


def _place(part: Cell | Score) -> Place:
    return part.metric, part.label, tuple(sorted(part.subgroup.items()))


def _draw(panel: Axes, parts: Sequence[Cell | Score], earlier: Mapping[Place, Cell | Score]) -> None:
    rows = range(len(parts))
    for row, part in zip(rows, parts, strict=True):
        panel.annotate(f"n {part.clusters:,}", (1.02, row), **BESIDE)
        found = part.estimate
        if found is None:
            panel.annotate("too few", (0.02, row), **BESIDE)
            continue
        colour = INK if not part.subgroup else ACCENT
        was = earlier.get(_place(part))
        if was and (then := was.estimate):
            panel.plot([then.low, then.high], [row - RAISED] * 2, color=colour, linewidth=0.8)
            panel.plot(then.value, row - RAISED, marker="o", markersize=5, color=colour, markerfacecolor="white")
        panel.plot([found.low, found.high], [row, row], color=colour, linewidth=1.5, solid_capstyle="butt")
        panel.plot(found.value, row, marker="o", markersize=5, color=colour)
        if not part.subgroup:
            panel.axvline(found.value, color=GRID, linewidth=1, linestyle=":", zorder=0)
    panel.set_yticks(rows, [subgroup(part.subgroup) for part in parts])
    panel.set_ylim(len(parts) - 0.5, -0.5)
    panel.set_title(wording.name(parts[0].metric, parts[0].label), fontsize="medium", loc="left")
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(left=False)
