"""Figures of a held-out report: readings against planted strength, and the confusion of levels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from biasgate.contracts.held_out import StrengthReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, ACCENT, GRID = "#334155", "#2563eb", "#cbd5e1"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "biasgate",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRID,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def held_out_figure(report: StrengthReport) -> str:
    """Both panels as one ``<svg>`` element with a title for screen readers; equal reports give equal text."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        _readings(left, report)
        _confusion(right, report)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    described = f'<svg role="img" aria-label="{_description(report)}" '
    return described + svg[svg.index("<svg") + len("<svg ") :]


def _description(report: StrengthReport) -> str:
    levels = report.score.levels
    return (
        f"Readings against planted strength and confusion of levels, {report.test} test models: "
        f"{levels.value:.0%} of levels exact, {levels.low:.0%} to {levels.high:.0%}"
    )


def _readings(axes: Axes, report: StrengthReport) -> None:
    planted, read = np.array(report.planted), np.array(report.readings)
    jitter = np.random.default_rng(0).uniform(-0.18, 0.18, len(planted))
    ends = planted.min() - 0.5, planted.max() + 0.5
    axes.plot(ends, ends, color=GRID, zorder=0)
    axes.scatter(planted + jitter, read, s=12, color=ACCENT, alpha=0.5, linewidths=0)
    names = [name.replace("_", " ") for name in report.level_names]
    axes.set_xticks(report.level_points, names, rotation=90)
    axes.set_xlabel("planted level")
    axes.set_ylabel("reading on the bias axis")


def _confusion(axes: Axes, report: StrengthReport) -> None:
    cells = np.array(report.confusion)
    shares = cells / cells.sum(axis=1, keepdims=True)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(cells):
        colour = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    names = [name.replace("_", "\n") for name in report.level_names]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("level read")
    axes.set_ylabel("planted level")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
