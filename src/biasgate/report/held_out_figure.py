"""Figures of a held-out report: readings against planted strength, and the confusion of levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from biasgate.contracts.held_out import StrengthReport
from biasgate.report.drawing import ACCENT, GRID, INK, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def held_out_figure(report: StrengthReport) -> str:
    """Both panels as one ``<svg>`` element."""

    def draw(figure: Figure) -> None:
        for axes, panel in zip(figure.subplots(1, 2), PANELS, strict=True):
            panel(axes, report)

    return svg(draw, _description(report), width=8, height=3.6)


def held_out_panels(report: StrengthReport) -> list[str]:
    """The panels each as an ``<svg>`` element of its own, for pages that are read in a narrow frame."""
    return [
        svg(lambda figure, panel=panel: panel(figure.subplots(), report), _description(report), width=4, height=3.6)
        for panel in PANELS
    ]


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
    counts = np.array(report.confusion)
    shares = counts / counts.sum(axis=1, keepdims=True)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    names = [name.replace("_", "\n") for name in report.level_names]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("level read")
    axes.set_ylabel("planted level")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


PANELS = (_readings, _confusion)
